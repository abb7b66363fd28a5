// Images in memory, already of the size and channels that the networks take, with their classes where these are known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ganserve {

// 8-bit samples, planar: [channels, height, width].
struct PlanarShape {
  int width = 0;
  int height = 0;
  int channels = 0;  // 1 (grey) or 3 (RGB)

  size_t samples() const {
    return static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels);
  }
  bool operator==(const PlanarShape&) const = default;
};

struct PlanarImage {
  PlanarShape shape;
  std::vector<uint8_t> samples{};
};

// [height, width, channels], as decoders give it, to [channels, height, width].
std::vector<uint8_t> PlanarOfInterleaved(std::span<const uint8_t> interleaved, size_t channels);

// Either every image has a label or none has.
struct ImageSet {
  PlanarShape shape;
  std::vector<uint8_t> samples{};          // [count, channels, height, width]
  std::vector<int32_t> labels{};           // [count], 0 to classes - 1; empty without labels
  int classes = 0;                         // 0 without labels; a class may have no image
  std::vector<std::string> class_names{};  // [classes], or empty when the data does not name them

  size_t count() const { return shape.samples() == 0 ? 0 : samples.size() / shape.samples(); }
  std::span<const uint8_t> image(size_t index) const {
    return std::span(samples).subspan(index * shape.samples(), shape.samples());
  }
};

// SHA-256 of the shape, the samples and the labels: equal for data that a training run can't tell apart.
std::string DigestOf(const ImageSet& data);

}  // namespace ganserve
