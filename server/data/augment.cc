#include "server/data/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "server/base/splitmix64.h"

namespace ganserve {
namespace {

// Numbers in [0, 1) of 53 bits.
class Uniform {
 public:
  explicit Uniform(uint64_t seed) : state_(seed) {}

  double Next() {
    const uint64_t bits = SplitMix64(state_);
    state_ += kSplitMix64Step;
    return static_cast<double>(bits >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

// The index in [0, size) of a sample at `index`, which may lie beyond the edges, of ... 2 1 0 1 2 ... n-2 n-1 n-2 ...
int Reflected(int index, int size) {
  if (index >= 0 && index < size) return index;  // nearly always, and divisions are slow
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  const int within = std::abs(index) % period;
  return std::min(within, period - within);
}

// The two neighbours of a coordinate and how much the second counts.
struct Neighbours {
  size_t first = 0;
  size_t second = 0;
  float weight = 0;  // of the second; of the first 1 - weight
};

// `coordinate` in samples, of which the i-th has its centre at i + 0.5.
Neighbours Around(double coordinate, int size) {
  const double position = coordinate - 0.5;
  const double below = std::floor(position);
  const int index = static_cast<int>(below);
  return {static_cast<size_t>(Reflected(index, size)), static_cast<size_t>(Reflected(index + 1, size)),
          static_cast<float>(position - below)};
}

// Where the samples of one output sample lie in each channel, and their weights.
struct Stencil {
  size_t places[4];
  float weights[4];

  Stencil(const Neighbours& x, const Neighbours& y, size_t width)
      : places{y.first * width + x.first, y.first * width + x.second, y.second * width + x.first,
               y.second * width + x.second},
        weights{(1 - y.weight) * (1 - x.weight), (1 - y.weight) * x.weight, y.weight * (1 - x.weight),
                y.weight * x.weight} {}

  uint8_t Apply(const uint8_t* plane) const {
    float sum = 0.5F;  // rounds
    for (int i = 0; i < 4; ++i) sum += weights[i] * plane[places[i]];
    return static_cast<uint8_t>(std::min(sum, 255.0F));
  }
};

// From an output sample to the place in the image that it shows: flip, turn, shrink to the part, shift.
class Geometry {
 public:
  Geometry(const PlanarShape& shape, const Augmentation& augmentation)
      : width_(shape.width),
        height_(shape.height),
        flip_(augmentation.flipped ? -1 : 1),
        cosine_(std::cos(augmentation.radians) * augmentation.scale),
        sine_(std::sin(augmentation.radians) * augmentation.scale),
        centre_x_((0.5 + augmentation.shift_x) * width_),
        centre_y_((0.5 + augmentation.shift_y) * height_) {}

  Stencil At(int x, int y) const {
    const double right = flip_ * (x + 0.5 - 0.5 * width_);  // from the centre
    const double down = y + 0.5 - 0.5 * height_;
    return {Around(centre_x_ + cosine_ * right - sine_ * down, width_),
            Around(centre_y_ + sine_ * right + cosine_ * down, height_), static_cast<size_t>(width_)};
  }

 private:
  const int width_;
  const int height_;
  const double flip_;
  const double cosine_;
  const double sine_;
  const double centre_x_;
  const double centre_y_;
};

void Resample(std::span<const uint8_t> image, const PlanarShape& shape, const Augmentation& augmentation,
              std::span<uint8_t> out) {
  const Geometry geometry(shape, augmentation);
  const size_t area = shape.samples() / static_cast<size_t>(shape.channels);
  size_t place = 0;
  for (int y = 0; y < shape.height; ++y) {
    for (int x = 0; x < shape.width; ++x, ++place) {
      const Stencil stencil = geometry.At(x, y);
      for (size_t plane = 0; plane < shape.samples(); plane += area) {
        out[plane + place] = stencil.Apply(&image[plane]);
      }
    }
  }
}

}  // namespace

Augmentation DrawAugmentation(const AugmentationOptions& options, uint64_t seed) {
  Uniform uniform(seed);
  Augmentation drawn;
  drawn.flipped = uniform.Next() < options.flip_probability;
  drawn.radians = (2 * uniform.Next() - 1) * options.max_rotation_degrees * std::numbers::pi / 180;
  drawn.scale = 1 - uniform.Next() * options.max_crop_fraction;
  drawn.shift_x = (uniform.Next() - 0.5) * (1 - drawn.scale);
  drawn.shift_y = (uniform.Next() - 0.5) * (1 - drawn.scale);
  return drawn;
}

void Augment(std::span<const uint8_t> image, const PlanarShape& shape, const Augmentation& augmentation,
             std::span<uint8_t> out) {
  if (!augmentation.keeps_samples()) return Resample(image, shape, augmentation, out);
  if (!augmentation.flipped) {
    std::copy(image.begin(), image.end(), out.begin());
    return;
  }
  const size_t width = static_cast<size_t>(shape.width);
  for (size_t row = 0; row < image.size(); row += width) {
    std::reverse_copy(&image[row], &image[row] + width, &out[row]);
  }
}

}  // namespace ganserve
