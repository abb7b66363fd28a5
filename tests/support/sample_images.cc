#include "tests/support/sample_images.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <random>

namespace ganserve {
namespace {

// Calls pixel(x, y, channel) for every sample in order.
template <typename PixelFunction>
std::vector<uint8_t> Fill(const ImageShape& shape, const PixelFunction& pixel) {
  std::vector<uint8_t> out;
  out.reserve(shape.bytes());
  for (int y = 0; y < shape.height; ++y) {
    for (int x = 0; x < shape.width; ++x) {
      for (int c = 0; c < shape.channels; ++c) out.push_back(static_cast<uint8_t>(pixel(x, y, c)));
    }
  }
  return out;
}

std::vector<uint8_t> Smooth(const ImageShape& shape, std::mt19937& random, int noise) {
  std::array<double, 6> wave;  // radians over the image, or of phase: 0 to 2 pi
  for (double& value : wave) value = static_cast<double>(random() % 1000) * 0.00628;
  return Fill(shape, [&](int x, int y, int c) {
    const double u = x / static_cast<double>(shape.width);
    const double v = y / static_cast<double>(shape.height);
    const double value = 128 + 60 * std::sin(wave[0] * u + wave[1] * v + wave[2] + c * 0.3) +
                         50 * std::sin(2 * wave[3] * u - 2 * wave[4] * v + c * wave[5] * 0.2);
    return static_cast<int>(value) + static_cast<int>(random() % static_cast<unsigned>(2 * noise + 1)) - noise;
  });
}

std::vector<uint8_t> FlatPatches(const ImageShape& shape, std::mt19937& random) {
  std::vector<uint8_t> out(shape.bytes(), 0);
  const auto side = [&random](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  for (int patch = 0; patch < 6; ++patch) {
    const int x0 = side(shape.width);
    const int y0 = side(shape.height);
    const int x1 = std::min(shape.width, x0 + 1 + side(shape.width));
    const int y1 = std::min(shape.height, y0 + 1 + side(shape.height));
    const auto value = static_cast<uint8_t>(random());
    for (int y = y0; y < y1; ++y) {
      const auto row = out.begin() + static_cast<ptrdiff_t>(y) * shape.width * shape.channels;
      std::fill(row + x0 * shape.channels, row + x1 * shape.channels, value);
    }
  }
  return out;
}

}  // namespace

std::vector<uint8_t> MakeSampleImage(SampleKind kind, const ImageShape& shape, uint32_t seed) {
  std::mt19937 random(seed);
  switch (kind) {
    case SampleKind::kConstant:
      return std::vector<uint8_t>(shape.bytes(), static_cast<uint8_t>(random()));
    case SampleKind::kGradient:
      return Fill(shape, [](int x, int y, int c) { return 3 * x + y + 50 * c; });
    case SampleKind::kSmooth:
      return Smooth(shape, random, 0);
    case SampleKind::kSmoothNoisy:
      return Smooth(shape, random, 4);
    case SampleKind::kFlatPatches:
      return FlatPatches(shape, random);
    case SampleKind::kNoise:
      return Fill(shape, [&random](int, int, int) { return random(); });
  }
  return {};
}

}  // namespace ganserve
