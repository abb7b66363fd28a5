// Measures generators against one set of real images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/data/image_set.h"
#include "server/eval/feature_extractor.h"
#include "server/eval/image_source.h"
#include "server/eval/quality_report.h"
#include "server/eval/sliced_wasserstein.h"

namespace ganserve {

struct QualityOptions {
  uint64_t seed = 1;                // of every random choice
  size_t reference_images = 0;      // so many of the reference, chosen at random; 0: all
  size_t manifold_images = 10'000;  // the largest sets for precision and recall, whose time grows with their square
  size_t neighbours = 3;            // of precision and recall
  size_t kid_subsets = 100;
  size_t kid_subset_size = 1000;
  size_t score_splits = 10;  // of the Inception-style score
  size_t directions = 256;   // of the sliced Wasserstein distance
};

// What is computed of the reference is computed once: features (4 bytes a number: 31 MB for 60,000 images and the
// embedded extractor), moments, class shares, projections. Uses as many threads as torch has in the calling thread
// (torch_threads.h). One thread at a time.
class QualityMeter {
 public:
  // The fewest images that can be measured, and measured against.
  static constexpr uint64_t kFewestImages = 4;

  // Without an extractor only the sliced Wasserstein distance is measured. `reference` is not needed after this.
  // Errors: INVALID_ARGUMENT for an extractor that does not fit (see FeatureExtractor) or too few images;
  // INTERNAL when memory runs out or torch fails.
  static absl::StatusOr<std::unique_ptr<QualityMeter>> Create(const std::optional<ExtractorSource>& extractor,
                                                              const ImageSet& reference, const QualityOptions& options);

  // Absent without an extractor.
  const ExtractorInfo* extractor() const { return extractor_ ? &extractor_->info() : nullptr; }
  uint64_t reference_images() const { return reference_.projections.count(); }

  // Images 0 to count - 1 of the source, which has the shape of the reference. Takes them in batches, so memory holds
  // features but never all images. Errors: those of the source and of FeatureExtractor::Append; INVALID_ARGUMENT for
  // too few images; INTERNAL when memory runs out or torch or the source throws.
  absl::StatusOr<QualityReport> Measure(uint64_t count, const ImageSource& source);

 private:
  // Of a set of images, a row an image.
  struct Observations {
    Features features;
    Features logits;
    Features projections;
  };
  // As many rows of the reference as the samples have, and the radii around them.
  struct Manifold {
    Features features;
    std::vector<double> radii;
  };

  QualityMeter(std::unique_ptr<FeatureExtractor> extractor, const PlanarShape& shape, const QualityOptions& options);

  absl::StatusOr<Observations> Observe(uint64_t count, const ImageSource& source) const;
  absl::Status ObserveReference(const ImageSet& reference);
  FeatureQuality MeasureFeatures(const Features& samples);
  PrecisionRecall MeasureManifold(const Features& samples);
  ClassQuality MeasureClasses(const Features& logits) const;

  const std::unique_ptr<FeatureExtractor> extractor_;
  const PlanarShape shape_;
  const QualityOptions options_;
  const ImageProjector projector_;
  Observations reference_;
  Gaussian reference_fit_;
  std::vector<double> reference_shares_;
  Manifold manifold_;  // of the last size that was asked for
};

}  // namespace ganserve
