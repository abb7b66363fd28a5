// Kernel distance between two sets of features, as the KID takes it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/eval/features.h"

namespace ganserve {

// Binkowski et al., "Demystifying MMD GANs", ICLR 2018 (arXiv:1801.01401), section 4: the unbiased estimate of MMD^2
// between equally many rows of a and b under the kernel k(x, y) = (x.y / D + 1)^3,
//   sum_{i != j} (k(a_i, a_j) + k(b_i, b_j)) / (m (m - 1)) - 2 sum_{i, j} k(a_i, b_j) / m^2.
// May be negative. At least 2 rows.
double UnbiasedMmd(const Features& a, const Features& b);

struct KernelEstimate {
  double mean = 0;
  double deviation = 0;  // standard deviation over the subsets (divisor: subsets), as torch-fidelity gives it
};

struct KernelOptions {
  size_t subsets = 100;
  size_t subset_size = 1000;  // at most the rows that both sets have
  uint64_t seed = 0;
};

// Mean over subsets, drawn independently from both sets without repetition. Unlike the Frechet distance its mean does
// not depend on how many rows there are.
KernelEstimate KernelDistance(const Features& a, const Features& b, const KernelOptions& options);

}  // namespace ganserve
