#include "server/data/image_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ganserve {
namespace {

using Plane = std::vector<uint8_t>;  // [height, width]

size_t Area(const PlanarShape& shape) { return static_cast<size_t>(shape.width) * static_cast<size_t>(shape.height); }

// Rec. 601 luma in 16.16 fixed point; the weights sum to 65,536.
uint8_t Luma(uint32_t red, uint32_t green, uint32_t blue) {
  return static_cast<uint8_t>((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);
}

Plane GreyPlane(std::span<const uint8_t> image, const PlanarShape& shape) {
  const size_t area = Area(shape);
  Plane grey(area);
  for (size_t i = 0; i < area; ++i) grey[i] = Luma(image[i], image[area + i], image[2 * area + i]);
  return grey;
}

bool FitsByPadding(int size, int wanted) { return size <= wanted && size * 4 >= wanted * 3; }

void AppendPadded(const Plane& plane, const PlanarShape& shape, const PlanarShape& wanted, std::vector<uint8_t>* out) {
  const size_t left = static_cast<size_t>((wanted.width - shape.width) / 2);
  const size_t top = static_cast<size_t>((wanted.height - shape.height) / 2);
  const size_t width = static_cast<size_t>(shape.width);
  const size_t base = out->size();
  out->resize(base + Area(wanted), 0);
  for (size_t y = 0; y < static_cast<size_t>(shape.height); ++y) {
    std::copy_n(
        plane.begin() + static_cast<std::ptrdiff_t>(y * width), width,
        out->begin() + static_cast<std::ptrdiff_t>(base + (top + y) * static_cast<size_t>(wanted.width) + left));
  }
}

// The source samples that make one output sample, and their weights, which sum to 1.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

// Triangle filter in the manner of PIL's BILINEAR: as wide as a source pixel when enlarging, as an output pixel when
// shrinking. `scale` is source pixels per output pixel, `offset` the source coordinate of the output's left edge.
std::vector<Taps> MakeTaps(int source_size, int output_size, double scale, double offset) {
  const double support = std::max(1.0, scale);
  std::vector<Taps> all(static_cast<size_t>(output_size));
  for (int i = 0; i < output_size; ++i) {
    const double centre = offset + (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(std::floor(centre - support)));
    const int last = std::min(source_size, static_cast<int>(std::ceil(centre + support)));
    Taps& taps = all[static_cast<size_t>(i)];
    taps.first = first;
    double sum = 0;
    for (int s = first; s < last; ++s) {
      const double weight = std::max(0.0, 1.0 - std::abs(s + 0.5 - centre) / support);
      taps.weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float& weight : taps.weights) weight = static_cast<float>(weight / sum);
  }
  return all;
}

// [source height, width] to [rows, width]. The inner loop runs along a row, so that it can be vectorised; hence rows
// come before columns.
std::vector<float> ResizeRows(const Plane& plane, size_t width, const std::vector<Taps>& rows) {
  std::vector<float> resized(rows.size() * width, 0.0F);
  float* out = resized.data();
  for (const Taps& taps : rows) {
    const uint8_t* source = &plane[static_cast<size_t>(taps.first) * width];
    for (const float weight : taps.weights) {
      for (size_t x = 0; x < width; ++x) out[x] += weight * source[x];
      source += width;
    }
    out += width;
  }
  return resized;
}

void AppendResized(const Plane& plane, const PlanarShape& shape, const PlanarShape& wanted, std::vector<uint8_t>* out) {
  const double scale =
      std::min(static_cast<double>(shape.width) / wanted.width, static_cast<double>(shape.height) / wanted.height);
  const auto columns = MakeTaps(shape.width, wanted.width, scale, (shape.width - scale * wanted.width) / 2);
  const auto rows = MakeTaps(shape.height, wanted.height, scale, (shape.height - scale * wanted.height) / 2);
  const size_t width = static_cast<size_t>(shape.width);
  const std::vector<float> low = ResizeRows(plane, width, rows);
  for (size_t y = 0; y < rows.size(); ++y) {
    for (const Taps& taps : columns) {
      const float* samples = &low[y * width + static_cast<size_t>(taps.first)];
      const float value = std::inner_product(taps.weights.begin(), taps.weights.end(), samples, 0.0F);
      out->push_back(static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L)));
    }
  }
}

void AppendPlane(const Plane& plane, const PlanarShape& shape, const PlanarShape& wanted, std::vector<uint8_t>* out) {
  if (FitsByPadding(shape.width, wanted.width) && FitsByPadding(shape.height, wanted.height)) {
    AppendPadded(plane, shape, wanted, out);
  } else {
    AppendResized(plane, shape, wanted, out);
  }
}

}  // namespace

void AppendFitted(std::span<const uint8_t> image, const PlanarShape& shape, const PlanarShape& wanted,
                  std::vector<uint8_t>* out) {
  if (shape.channels == 3 && wanted.channels == 1) {
    AppendPlane(GreyPlane(image, shape), shape, wanted, out);
    return;
  }
  for (int channel = 0; channel < wanted.channels; ++channel) {
    const size_t source = static_cast<size_t>(std::min(channel, shape.channels - 1)) * Area(shape);
    const auto samples = image.subspan(source, Area(shape));
    AppendPlane(Plane(samples.begin(), samples.end()), shape, wanted, out);
  }
}

}  // namespace ganserve
