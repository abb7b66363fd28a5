// Measures the generator of a run against the data that it is trained on. The header is free of torch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/data/image_set.h"
#include "server/eval/quality_meter.h"
#include "server/train/train_settings.h"

namespace at {
class Tensor;
}

namespace ganserve {

class GeneratorNetwork;

// Used by the thread that trains, with as many threads as torch has there. A report is a function of settings, data and
// weights, so that a resumed run measures what an uninterrupted one does, and all reports of a run compare.
class Evaluator {
 public:
  // Looks at up to 10,000 of the images, and keeps their features. Errors: those of FindExtractor and of
  // QualityMeter::Create.
  static absl::StatusOr<Evaluator> Create(const TrainSettings& settings, const ImageSet& data);

  // Of settings.evaluation_samples images, made by `generator` in evaluation mode, with 8 bits a sample as they are
  // served. Their classes are distributed as the data's.
  absl::StatusOr<QualityReport> Evaluate(GeneratorNetwork& generator);

  // Of the extractor, by which class shares are ordered; may be empty.
  const std::vector<std::string>& class_names() const { return meter_->extractor()->class_names; }

 private:
  Evaluator(const TrainSettings& settings, const ImageSet& data, std::unique_ptr<QualityMeter> meter);

  at::Tensor Latents(uint64_t first, size_t count, int64_t latent_size) const;

  uint64_t seed_;
  uint64_t samples_;
  std::vector<int32_t> labels_;          // of the samples; empty without classes
  std::unique_ptr<QualityMeter> meter_;  // never null
};

}  // namespace ganserve
