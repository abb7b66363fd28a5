#include "server/eval/class_scores.h"

#include <algorithm>
#include <cmath>

namespace ganserve {
namespace {

// log p(y | x) of one row: logits less the logarithm of their summed exponentials.
std::vector<double> LogSoftmax(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  std::vector<double> result;
  for (const float logit : logits) result.push_back(logit - largest - std::log(sum));
  return result;
}

// exp(E KL) = exp(E sum_y p(y|x) log p(y|x) - sum_y p(y) log p(y)) over rows [first, last).
double ScoreRows(const Features& logits, size_t first, size_t last) {
  std::vector<double> marginal(logits.dims);
  double negative_entropy = 0;
  const double rows = static_cast<double>(last - first);
  for (size_t row = first; row < last; ++row) {
    const std::vector<double> log_p = LogSoftmax(logits.row(row));
    for (size_t y = 0; y < log_p.size(); ++y) {
      const double p = std::exp(log_p[y]);
      marginal[y] += p / rows;
      // A logit of minus infinity is a probability of 0, which adds nothing.
      if (p > 0) negative_entropy += p * log_p[y] / rows;
    }
  }
  for (const double p : marginal) negative_entropy -= p > 0 ? p * std::log(p) : 0;
  return std::exp(negative_entropy);
}

}  // namespace

InceptionScore ScoreClasses(const Features& logits, size_t splits) {
  const size_t count = logits.count();
  splits = std::clamp<size_t>(splits, 1, count);
  double sum = 0;
  double squares = 0;
  for (size_t split = 0; split < splits; ++split) {
    const double score = ScoreRows(logits, split * count / splits, (split + 1) * count / splits);
    sum += score;
    squares += score * score;
  }
  const double divisor = static_cast<double>(splits);
  const double mean = sum / divisor;
  return {mean, std::sqrt(std::max(0.0, squares / divisor - mean * mean))};
}

std::vector<double> ClassShares(const Features& logits) {
  std::vector<double> shares(logits.dims);
  for (size_t row = 0; row < logits.count(); ++row) {
    const std::span<const float> values = logits.row(row);
    shares[static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin())] += 1;
  }
  for (double& share : shares) share /= static_cast<double>(logits.count());
  return shares;
}

double SharesDivergence(const std::vector<double>& samples, const std::vector<double>& reference,
                        size_t reference_count) {
  const double least = 0.5 / static_cast<double>(reference_count);
  double divergence = 0;
  for (size_t k = 0; k < samples.size(); ++k) {
    if (samples[k] > 0) divergence += samples[k] * std::log(samples[k] / std::max(reference[k], least));
  }
  return divergence;
}

}  // namespace ganserve
