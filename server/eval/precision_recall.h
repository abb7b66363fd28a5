// Precision and recall of generated images in feature space.
#pragma once

#include <cstddef>
#include <vector>

#include "server/eval/features.h"

namespace ganserve {

// The squared distance from each row to its k-th nearest other row: the radii of the balls whose union stands for the
// manifold that the rows lie on. More than k rows. Time and memory: see PrecisionAndRecall.
std::vector<double> NeighbourRadii(const Features& features, size_t k);

struct PrecisionRecall {
  double precision = 0;  // share of the samples that lie in a ball of the reference: how many look real
  double recall = 0;     // share of the reference that lies in a ball of the samples: how much of it is covered
};

// Kynkaanniemi et al., "Improved precision and recall metric for assessing generative models", NeurIPS 2019
// (arXiv:1904.06991), equations 1 and 2, with Euclidean distances. The radii are those of NeighbourRadii (the paper's
// k is 3). Both sets should be of one size, because radii shrink with more rows. Takes rows x rows x D products in
// float64, in blocks, so that memory stays below 64 MiB beyond the features in float64.
PrecisionRecall PrecisionAndRecall(const Features& reference, const std::vector<double>& reference_radii,
                                   const Features& samples, const std::vector<double>& sample_radii);

}  // namespace ganserve
