#include "server/model/quantize.h"

#include <algorithm>
#include <cstddef>

namespace ganserve {

bool Quantize(std::span<const float> values, ValueRange range, std::span<uint8_t> pixels) {
  const float scale = 255.0f / (range.high - range.low);
  const float low = range.low;
  // One pass without branches, so that the compiler makes vector code of it. x - x is 0 for finite x and NaN otherwise,
  // and so is any sum of such differences.
  float doubt = 0.0f;
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = values[i];
    doubt += value - value;
    const float level = std::min(std::max((value - low) * scale, 0.0f), 255.0f);
    pixels[i] = static_cast<uint8_t>(static_cast<int32_t>(level + 0.5f));
  }
  return doubt == 0.0f;
}

}  // namespace ganserve
