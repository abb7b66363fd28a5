// What a classifier says about a set of images: the score of Salimans et al., and which classes the images cover.
#pragma once

#include <cstddef>
#include <vector>

#include "server/eval/features.h"

namespace ganserve {

struct InceptionScore {
  double mean = 1;
  double deviation = 0;  // standard deviation over the splits (divisor: splits)
};

// Salimans et al., "Improved techniques for training GANs", NIPS 2016 (arXiv:1606.03498), section 4:
//   exp(E_x KL(p(y | x) || p(y))), p(y) the mean of p(y | x),
// over each of `splits` runs of consecutive rows; mean over the splits. From 1 to the number of classes. `logits` are
// [N, classes] before the softmax, which is taken in float64. At most as many splits as rows.
InceptionScore ScoreClasses(const Features& logits, size_t splits);

// The share of the rows whose largest logit is that of each class; sums to 1.
std::vector<double> ClassShares(const Features& logits);

// KL(samples || reference) = sum_k s_k log(s_k / r_k) in nats: 0 when both have the same shares, log K when all samples
// are of one of K equally frequent classes. A class that the reference lacks counts as half an image of its
// `reference_count`, because it would make the sum infinite.
double SharesDivergence(const std::vector<double>& samples, const std::vector<double>& reference,
                        size_t reference_count);

}  // namespace ganserve
