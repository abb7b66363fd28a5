#include "server/eval/quality_meter.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/eval/computation_error.h"
#include "server/eval/random_choice.h"

namespace ganserve {
namespace {

// Images in a forward pass of the extractor: a fixed number, because kernels round differently for different ones.
constexpr uint64_t kBatch = 256;

// Streams of ChooseIndices; those of the kernel distance have a seed of their own.
constexpr uint64_t kReferenceStream = 0;
constexpr uint64_t kManifoldStream = 1;

absl::Status CheckCount(uint64_t count, const char* what) {
  if (count >= QualityMeter::kFewestImages) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(count, " ", what, " are too few to measure; at least ", QualityMeter::kFewestImages, " are needed"));
}

}  // namespace

QualityMeter::QualityMeter(std::unique_ptr<FeatureExtractor> extractor, const PlanarShape& shape,
                           const QualityOptions& options)
    : extractor_(std::move(extractor)),
      shape_(shape),
      options_(options),
      projector_(shape.samples(), options.directions, options.seed) {}

absl::StatusOr<std::unique_ptr<QualityMeter>> QualityMeter::Create(const std::optional<ExtractorSource>& extractor,
                                                                   const ImageSet& reference,
                                                                   const QualityOptions& options) try {
  GANSERVE_RETURN_IF_ERROR(CheckCount(reference.count(), "reference images"));
  std::unique_ptr<FeatureExtractor> network;
  if (extractor) {
    GANSERVE_ASSIGN_OR_RETURN(network, FeatureExtractor::Load(*extractor, reference.shape));
  }
  auto meter = std::unique_ptr<QualityMeter>(new QualityMeter(std::move(network), reference.shape, options));
  GANSERVE_RETURN_IF_ERROR(meter->ObserveReference(reference));
  return meter;
} catch (const std::exception& error) {
  return ComputationError("measuring the reference", error);
}

absl::StatusOr<QualityMeter::Observations> QualityMeter::Observe(uint64_t count, const ImageSource& source) const {
  Observations observations;
  for (uint64_t first = 0; first < count; first += kBatch) {
    const auto images_wanted = static_cast<size_t>(std::min(kBatch, count - first));
    GANSERVE_ASSIGN_OR_RETURN(const std::vector<uint8_t> images, source(first, images_wanted));
    if (images.size() != images_wanted * shape_.samples()) {
      return absl::InternalError(absl::StrCat("the source of images gave ", images.size(), " bytes instead of ",
                                              images_wanted * shape_.samples()));
    }
    projector_.Append(images, &observations.projections);
    if (!extractor_) continue;
    GANSERVE_RETURN_IF_ERROR(extractor_->Append(images, &observations.features, &observations.logits));
  }
  return observations;
}

absl::Status QualityMeter::ObserveReference(const ImageSet& reference) {
  const size_t count = options_.reference_images > 0 ? options_.reference_images : reference.count();
  std::vector<size_t> indices = ChooseIndices(options_.seed, kReferenceStream, reference.count(), count);
  GANSERVE_RETURN_IF_ERROR(CheckCount(indices.size(), "reference images"));
  const uint64_t chosen = indices.size();
  GANSERVE_ASSIGN_OR_RETURN(reference_, Observe(chosen, ImagesOf(reference, std::move(indices))));
  if (!extractor_) return absl::OkStatus();
  reference_fit_ = FitGaussian(reference_.features);
  if (extractor_->info().classes > 0) reference_shares_ = ClassShares(reference_.logits);
  reference_.logits = {};  // not needed any more
  return absl::OkStatus();
}

absl::StatusOr<QualityReport> QualityMeter::Measure(uint64_t count, const ImageSource& source) try {
  GANSERVE_RETURN_IF_ERROR(CheckCount(count, "images"));
  GANSERVE_ASSIGN_OR_RETURN(const Observations samples, Observe(count, source));
  QualityReport report;
  report.samples = count;
  report.reference_images = reference_images();
  report.sliced_wasserstein = SlicedWasserstein(samples.projections, reference_.projections);
  if (!extractor_) return report;
  report.features = MeasureFeatures(samples.features);
  if (extractor_->info().classes > 0) report.classes = MeasureClasses(samples.logits);
  return report;
} catch (const std::exception& error) {
  return ComputationError("measuring", error);
}

FeatureQuality QualityMeter::MeasureFeatures(const Features& samples) {
  const KernelOptions kernel{options_.kid_subsets, options_.kid_subset_size, options_.seed};
  return {EstimateFrechet(samples, reference_fit_), KernelDistance(samples, reference_.features, kernel),
          MeasureManifold(samples)};
}

PrecisionRecall QualityMeter::MeasureManifold(const Features& samples) {
  const size_t size = std::min({samples.count(), reference_.features.count(), options_.manifold_images});
  if (manifold_.features.count() != size) {
    manifold_.features =
        Pick(reference_.features, ChooseIndices(options_.seed, kManifoldStream, reference_.features.count(), size));
    manifold_.radii = NeighbourRadii(manifold_.features, options_.neighbours);
  }
  const auto first_samples = samples.rows(0, size);
  const Features compared{samples.dims, {first_samples.begin(), first_samples.end()}};
  return PrecisionAndRecall(manifold_.features, manifold_.radii, compared,
                            NeighbourRadii(compared, options_.neighbours));
}

ClassQuality QualityMeter::MeasureClasses(const Features& logits) const {
  ClassQuality classes;
  classes.score = ScoreClasses(logits, options_.score_splits);
  classes.shares = ClassShares(logits);
  classes.reference_shares = reference_shares_;
  classes.divergence = SharesDivergence(classes.shares, reference_shares_, reference_images());
  return classes;
}

}  // namespace ganserve
