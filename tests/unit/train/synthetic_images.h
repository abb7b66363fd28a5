// Small data sets for the trainer's tests.
#pragma once

#include <cstdint>
#include <string>

#include "server/data/image_set.h"

namespace ganserve {

// Images with a bright square whose place depends on the index; grey or RGB.
inline ImageSet Squares(size_t count, int size, int channels) {
  ImageSet set{{size, size, channels}, {}};
  for (size_t i = 0; i < count; ++i) {
    const int left = static_cast<int>(i * 3) % (size / 2);
    for (int sample = 0; sample < size * size * channels; ++sample) {
      const int x = sample % size;
      const int y = sample / size % size;
      const bool inside = x >= left && x < left + size / 2 && y >= size / 4 && y < size * 3 / 4;
      set.samples.push_back(inside ? 220 : 20);
    }
  }
  return set;
}

}  // namespace ganserve
