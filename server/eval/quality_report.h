// What is known about the quality of a generator: every measure of one set of its images.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/eval/class_scores.h"
#include "server/eval/frechet_distance.h"
#include "server/eval/kernel_distance.h"
#include "server/eval/precision_recall.h"

namespace ganserve {

// In the feature space of an extractor: values compare only with those of the same extractor.
struct FeatureQuality {
  FrechetEstimate fid;
  KernelEstimate kid;
  PrecisionRecall manifold;
};

// By an extractor that is a classifier.
struct ClassQuality {
  InceptionScore score;
  std::vector<double> shares;            // of the samples, by class
  std::vector<double> reference_shares;  // of the reference, by the same classifier
  double divergence = 0;                 // KL(shares || reference_shares) in nats
};

struct QualityReport {
  uint64_t samples = 0;           // how many images were measured
  uint64_t reference_images = 0;  // against how many
  double sliced_wasserstein = 0;
  std::optional<FeatureQuality> features;  // absent without an extractor
  std::optional<ClassQuality> classes;     // absent when the extractor gives no logits
};

}  // namespace ganserve
