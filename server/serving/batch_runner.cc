#include "server/serving/batch_runner.h"

#include <utility>

#include "server/base/status_macros.h"
#include "server/serving/latents.h"

namespace ganserve {
namespace {

// The latents [images, latent_size] of a batch; its labels go into the batch.
std::vector<float> FillInputs(Batch& batch, const GeneratorInfo& info) {
  const size_t latent_size = static_cast<size_t>(info.latent_size);
  std::vector<float> latents(batch.images() * latent_size);
  size_t row = 0;
  for (const Slice& slice : batch.slices) {
    const GenerateSpec& spec = slice.job->spec();
    const uint64_t first = spec.first_index + slice.offset;
    FillLatents(spec.seed, first, latent_size,
                std::span(latents).subspan(row * latent_size, slice.count * latent_size));
    row += slice.count;
    if (info.classes == 0) continue;
    for (uint64_t i = 0; i < slice.count; ++i) {
      batch.labels.push_back(spec.label ? *spec.label : DrawLabel(spec.seed, first + i, info.classes));
    }
  }
  return latents;
}

}  // namespace

size_t Batch::images() const {
  size_t images = 0;
  for (const Slice& slice : slices) images += slice.count;
  return images;
}

void BatchRunner::Compute(Batch& batch) const {
  const GeneratorInfo& info = batch.slices.front().job->generator().info();
  const size_t images = batch.images();
  batch.pixels.resize(images * info.shape.bytes());
  batch.results.resize(images);
  const std::vector<float> latents = FillInputs(batch, info);
  const auto start = clock_.Now();
  if (!ComputeRows(batch, latents, 0, images)) metrics_.CountBatchFailure();
  metrics_.ObserveBatch(images, clock_.Now() - start);
}

bool BatchRunner::ComputeRows(Batch& batch, std::span<const float> latents, size_t begin, size_t end) const {
  Generator& generator = batch.slices.front().job->generator();
  const size_t latent_size = static_cast<size_t>(generator.info().latent_size);
  const size_t image_bytes = generator.info().shape.bytes();
  const size_t rows = end - begin;
  const absl::Status status = generator.Generate(
      latents.subspan(begin * latent_size, rows * latent_size),
      batch.labels.empty() ? std::span<const int64_t>() : std::span<const int64_t>(batch.labels).subspan(begin, rows),
      std::span(batch.pixels).subspan(begin * image_bytes, rows * image_bytes));
  if (status.ok()) return true;
  if (rows == 1) {
    batch.results[begin] = status;
    return false;
  }
  const size_t middle = begin + rows / 2;
  ComputeRows(batch, latents, begin, middle);
  ComputeRows(batch, latents, middle, end);
  return false;
}

absl::Status BatchRunner::Deliver(const Batch& batch, const Slice& slice, size_t row) const {
  GenerateJob& job = *slice.job;
  if (job.abandoned()) return absl::CancelledError("the job is over");
  const auto start = clock_.Now();
  if (job.spec().deadline <= start) return absl::DeadlineExceededError("the deadline passed before encoding");
  const ImageShape& shape = job.generator().info().shape;
  std::vector<EncodedImage> images(slice.count);
  for (uint64_t i = 0; i < slice.count; ++i) {
    GANSERVE_RETURN_IF_ERROR(batch.results[row + i]);
    if (!batch.labels.empty()) images[i].label = batch.labels[row + i];
    const auto pixels = std::span(batch.pixels).subspan((row + i) * shape.bytes(), shape.bytes());
    GANSERVE_RETURN_IF_ERROR(encoder_.Encode(job.spec().format, shape, pixels, &images[i].data));
  }
  metrics_.ObserveEncode(slice.count, clock_.Now() - start);
  job.OnImages(slice.offset, std::move(images));
  metrics_.CountImages(slice.count);
  return absl::OkStatus();
}

}  // namespace ganserve
