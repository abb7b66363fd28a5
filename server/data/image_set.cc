#include "server/data/image_set.h"

#include "absl/strings/str_cat.h"
#include "server/base/sha256.h"

namespace ganserve {

std::vector<uint8_t> PlanarOfInterleaved(std::span<const uint8_t> interleaved, size_t channels) {
  const size_t area = interleaved.size() / channels;
  std::vector<uint8_t> planar(interleaved.size());
  for (size_t channel = 0; channel < channels; ++channel) {
    for (size_t i = 0; i < area; ++i) planar[channel * area + i] = interleaved[i * channels + channel];
  }
  return planar;
}

std::string DigestOf(const ImageSet& data) {
  const auto digest = [](const auto& numbers) {
    return Sha256Hex({reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(numbers[0])});
  };
  const auto& [width, height, channels] = data.shape;
  return Sha256Hex(absl::StrCat(width, "x", height, "x", channels, " ", data.classes, " ", digest(data.samples), " ",
                                digest(data.labels)));
}

}  // namespace ganserve
