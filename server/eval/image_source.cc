#include "server/eval/image_source.h"

#include <algorithm>
#include <exception>
#include <numeric>
#include <span>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "server/eval/computation_error.h"
#include "server/serving/latents.h"

namespace ganserve {
namespace {

// [height, width, channels] -> [channels, height, width]
void CopyPlanar(std::span<const uint8_t> image, size_t channels, std::span<uint8_t> planar) {
  const size_t area = image.size() / channels;
  for (size_t i = 0; i < area; ++i) {
    for (size_t channel = 0; channel < channels; ++channel) planar[channel * area + i] = image[i * channels + channel];
  }
}

// Images first to first + planar.size() / bytes - 1 in one pass. Throws nothing: an exception would end not only the
// worker but the process.
absl::Status MakeImages(Generator& generator, uint64_t seed, std::optional<int64_t> label, uint64_t first,
                        std::span<uint8_t> planar) try {
  const GeneratorInfo& info = generator.info();
  const size_t bytes = info.shape.bytes();
  const size_t count = planar.size() / bytes;
  const auto latent_size = static_cast<size_t>(info.latent_size);
  std::vector<float> latents(count * latent_size);
  FillLatents(seed, first, latent_size, latents);
  std::vector<int64_t> labels;
  for (size_t i = 0; info.classes > 0 && i < count; ++i) {
    labels.push_back(label ? *label : DrawLabel(seed, first + i, info.classes));
  }
  std::vector<uint8_t> pixels(planar.size());
  absl::Status status = generator.Generate(latents, labels, pixels);
  if (!status.ok()) return status;
  for (size_t i = 0; i < count; ++i) {
    CopyPlanar(std::span(pixels).subspan(i * bytes, bytes), static_cast<size_t>(info.shape.channels),
               planar.subspan(i * bytes, bytes));
  }
  return absl::OkStatus();
} catch (const std::exception& error) {
  return ComputationError("making images", error);
}

}  // namespace

ImageSource ImagesOf(const ImageSet& set) {
  std::vector<size_t> indices(set.count());
  std::iota(indices.begin(), indices.end(), size_t{0});
  return ImagesOf(set, std::move(indices));
}

ImageSource ImagesOf(const ImageSet& set, std::vector<size_t> indices) {
  return [&set, chosen = std::move(indices)](uint64_t first, size_t count) -> absl::StatusOr<std::vector<uint8_t>> {
    std::vector<uint8_t> images;
    images.reserve(count * set.shape.samples());
    for (size_t i = 0; i < count; ++i) {
      const auto image = set.image(chosen[static_cast<size_t>(first) + i]);
      images.insert(images.end(), image.begin(), image.end());
    }
    return images;
  };
}

ImageSource ImagesOf(Generator& generator, uint64_t seed, std::optional<int64_t> label, int threads) {
  return [&generator, seed, label, threads](uint64_t first, size_t count) -> absl::StatusOr<std::vector<uint8_t>> {
    const size_t bytes = generator.info().shape.bytes();
    std::vector<uint8_t> images(count * bytes);
    const size_t parts = std::min(static_cast<size_t>(std::max(threads, 1)), count);
    std::vector<absl::Status> statuses(parts);
    {
      std::vector<std::jthread> workers;
      for (size_t part = 0; part < parts; ++part) {
        const size_t begin = part * count / parts;
        const size_t end = (part + 1) * count / parts;
        workers.emplace_back([&, begin, end, part] {
          statuses[part] = MakeImages(generator, seed, label, first + begin,
                                      std::span(images).subspan(begin * bytes, (end - begin) * bytes));
        });
      }
    }
    for (absl::Status& status : statuses) {
      if (!status.ok()) return std::move(status);
    }
    return images;
  };
}

PlanarShape PlanarShapeOf(const Generator& generator) {
  const ImageShape& shape = generator.info().shape;
  return {shape.width, shape.height, shape.channels};
}

}  // namespace ganserve
