// Frechet distance between two sets of features, as the FID takes it.
#pragma once

#include <vector>

#include "server/eval/features.h"

namespace ganserve {

// The first two moments of features: mean [D] and covariance [D, D], row by row.
struct Gaussian {
  std::vector<double> mean;
  std::vector<double> covariance;
};

// Mean and unbiased covariance (divisor n - 1) of at least two rows, in float64.
Gaussian FitGaussian(const Features& features);

// Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NIPS 2017
// (arXiv:1706.08500), equation 6:
//   |m_a - m_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)).
// The trace of the root is the sum of the roots of the eigenvalues of C_a^(1/2) C_b C_a^(1/2), which is symmetric and
// has the eigenvalues of C_a C_b. Eigenvalues that rounding made negative count as 0, so singular covariances (fewer
// samples than dimensions) need no epsilon. Both of the same D. Never below 0: what rounding takes from 0 is cut off.
double FrechetDistance(const Gaussian& a, const Gaussian& b);

// A Frechet distance and how far chance may have moved it.
struct FrechetEstimate {
  double distance = 0;  // never below 0
  double low = 0;       // 95 % confidence interval, never below 0
  double high = 0;
};

// The distance of `samples` from a fixed reference. The interval says what another set of as many samples of the same
// generator would give: distance +- t s, with s^2 from the delete-a-group jackknife (20 groups of consecutive rows;
// less for fewer than 40 rows) and t Student's 97.5 % quantile for groups - 1 degrees of freedom. A bootstrap would not
// do: resampled rows repeat, which raises the distance itself, so its percentiles miss the value that they are about.
// The distance is biased upward by about 1/n: compare only distances of equal sample counts; the interval does not
// cover the bias. At least 4 rows.
FrechetEstimate EstimateFrechet(const Features& samples, const Gaussian& reference);

}  // namespace ganserve
