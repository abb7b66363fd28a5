// From a generator's floats to 8-bit pixels.
#pragma once

#include <cstdint>
#include <span>

namespace ganserve {

// What a generator's output means: `low` is black, `high` is full intensity.
struct ValueRange {
  float low = -1.0f;
  float high = 1.0f;
};

// pixel = round(255 (value - low) / (high - low)), halves up, clamped to [0, 255]. Any layout: elements map one to one.
// False, with `pixels` unspecified, if a value is infinite or not a number.
bool Quantize(std::span<const float> values, ValueRange range, std::span<uint8_t> pixels);

}  // namespace ganserve
