// What a worker does with a batch: latents, forward pass, encoding, delivery.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/serving/generate_job.h"
#include "server/serving/image_encoder.h"
#include "server/serving/serving_metrics.h"

namespace ganserve {

// A batch on its way: the slices that a worker took, and their pixels once computed. All slices have one generator.
struct Batch {
  std::vector<Slice> slices;
  Clock::TimePoint taken{};           // when the worker took it
  std::vector<uint8_t> pixels;        // [images, height, width, channels]
  std::vector<int64_t> labels;        // [images]; empty for a model without classes
  std::vector<absl::Status> results;  // of each image; filled by Compute

  size_t images() const;
};

// Stateless but for its collaborators, which outlive it; used by all workers at once.
class BatchRunner {
 public:
  BatchRunner(const ImageEncoder& encoder, ServingMetrics& metrics, const Clock& clock)
      : encoder_(encoder), metrics_(metrics), clock_(clock) {}

  // Runs the forward pass. A batch that fails is tried again in halves, so that an image that cannot be made costs only
  // its own caller: `results` holds the status of each image.
  void Compute(Batch& batch) const;

  // Encodes one slice, whose first image is row `row` of the batch, and hands it to its job. Returns why it could not,
  // for which the job must end: the first error among its images. Nothing is encoded for a job that is over or whose
  // deadline has passed.
  absl::Status Deliver(const Batch& batch, const Slice& slice, size_t row) const;

 private:
  // Forward over rows [begin, end) of the batch, halving on failure. Whether it succeeded at once.
  bool ComputeRows(Batch& batch, std::span<const float> latents, size_t begin, size_t end) const;

  const ImageEncoder& encoder_;
  ServingMetrics& metrics_;
  const Clock& clock_;
};

}  // namespace ganserve
