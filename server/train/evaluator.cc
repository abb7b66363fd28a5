#include "server/train/evaluator.h"

#include <torch/torch.h>

#include <optional>
#include <utility>
#include <vector>

#include "server/base/status_macros.h"
#include "server/train/image_tensors.h"
#include "server/train/networks.h"
#include "server/train/random_streams.h"
#include "server/train/random_tensors.h"

namespace ganserve {
namespace {

// Reading the features of more takes longer at the start of a run than it sharpens the measures.
constexpr size_t kReferenceImages = 10'000;
// Latents are drawn in blocks of so many: memory holds few of them, and none depends on how many are asked for at a
// time.
constexpr uint64_t kLatentBlock = 256;
// A fifth of what ganserve-eval takes, and half the time of an evaluation: beside earlier ones of the run it is enough.
constexpr size_t kKidSubsets = 20;

// Of images drawn from the data, one for each sample.
std::vector<int32_t> DrawLabels(const TrainSettings& settings, const ImageSet& data) {
  std::vector<int32_t> labels;
  if (settings.shape.classes == 0) return labels;
  const auto count = static_cast<int64_t>(settings.evaluation_samples);
  const torch::Tensor images = UniformIntegers(DeriveSeed(settings.seed, RandomPurpose::kEvaluationLabels, 0), 0,
                                               static_cast<int64_t>(data.count()) - 1, {count});
  const int64_t* indices = images.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) labels.push_back(data.labels[static_cast<size_t>(indices[i])]);
  return labels;
}

}  // namespace

absl::StatusOr<Evaluator> Evaluator::Create(const TrainSettings& settings, const ImageSet& data) {
  QualityOptions options;
  options.reference_images = kReferenceImages;
  options.kid_subsets = kKidSubsets;
  const std::string extractor = settings.extractor.empty() ? kEmbeddedExtractor : settings.extractor;
  GANSERVE_ASSIGN_OR_RETURN(const std::optional<ExtractorSource> source, FindExtractor(extractor));
  GANSERVE_ASSIGN_OR_RETURN(std::unique_ptr<QualityMeter> meter, QualityMeter::Create(source, data, options));
  return Evaluator(settings, data, std::move(meter));
}

Evaluator::Evaluator(const TrainSettings& settings, const ImageSet& data, std::unique_ptr<QualityMeter> meter)
    : seed_(settings.seed),
      samples_(settings.evaluation_samples),
      labels_(DrawLabels(settings, data)),
      meter_(std::move(meter)) {}

torch::Tensor Evaluator::Latents(uint64_t first, size_t count, int64_t latent_size) const {
  std::vector<torch::Tensor> blocks;
  const uint64_t first_block = first / kLatentBlock;
  for (uint64_t block = first_block; block * kLatentBlock < first + count; ++block) {
    const uint64_t seed = DeriveSeed(seed_, RandomPurpose::kEvaluationLatents, block);
    blocks.push_back(NormalLatents(seed, static_cast<int64_t>(kLatentBlock), latent_size));
  }
  return torch::cat(blocks).narrow(0, static_cast<int64_t>(first - first_block * kLatentBlock),
                                   static_cast<int64_t>(count));
}

absl::StatusOr<QualityReport> Evaluator::Evaluate(GeneratorNetwork& generator) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor labels = labels_.empty() ? torch::Tensor() : torch::tensor(labels_, torch::kInt64);
  return meter_->Measure(samples_, [&](uint64_t first, size_t count) -> absl::StatusOr<std::vector<uint8_t>> {
    const auto begin = static_cast<int64_t>(first);
    const auto end = begin + static_cast<int64_t>(count);
    const torch::Tensor images =
        Quantized(generator.forward(Latents(first, count, generator.shape().latent_size),
                                    labels.defined() ? labels.slice(0, begin, end) : torch::Tensor()));
    const uint8_t* bytes = images.data_ptr<uint8_t>();
    return std::vector<uint8_t>(bytes, bytes + images.numel());
  });
}

}  // namespace ganserve
