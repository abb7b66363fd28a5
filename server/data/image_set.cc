#include "server/data/image_set.h"

namespace ganserve {

std::vector<uint8_t> PlanarOfInterleaved(std::span<const uint8_t> interleaved, size_t channels) {
  const size_t area = interleaved.size() / channels;
  std::vector<uint8_t> planar(interleaved.size());
  for (size_t channel = 0; channel < channels; ++channel) {
    for (size_t i = 0; i < area; ++i) planar[channel * area + i] = interleaved[i * channels + channel];
  }
  return planar;
}

}  // namespace ganserve
