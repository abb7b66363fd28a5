#include "server/data/exif_orientation.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ganserve {
namespace {

constexpr uint8_t kSignature[] = {'E', 'x', 'i', 'f', 0, 0};
constexpr size_t kEntryBytes = 12;  // of a TIFF directory: tag, type, count, value
constexpr uint32_t kOrientationTag = 0x0112;

// A TIFF file, of one byte order or the other. What lies beyond its end reads as 0.
class Tiff {
 public:
  explicit Tiff(std::span<const uint8_t> bytes) : bytes_(bytes), big_endian_(Byte(0) == 'M') {}

  uint32_t Read16(size_t at) const { return big_endian_ ? Byte(at) << 8 | Byte(at + 1) : Byte(at + 1) << 8 | Byte(at); }
  uint32_t Read32(size_t at) const {
    return big_endian_ ? Read16(at) << 16 | Read16(at + 2) : Read16(at + 2) << 16 | Read16(at);
  }

 private:
  uint32_t Byte(size_t at) const { return at < bytes_.size() ? bytes_[at] : 0; }

  const std::span<const uint8_t> bytes_;
  const bool big_endian_;
};

}  // namespace

int ExifOrientation(std::span<const uint8_t> marker) {
  if (marker.size() < sizeof(kSignature) || !std::equal(std::begin(kSignature), std::end(kSignature), marker.begin())) {
    return kUpright;
  }
  const Tiff tiff(marker.subspan(sizeof(kSignature)));
  const size_t directory = tiff.Read32(4);
  const size_t entries = tiff.Read16(directory);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (tiff.Read16(entry) != kOrientationTag) continue;
    const uint32_t value = tiff.Read16(entry + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : kUpright;
  }
  return kUpright;
}

PlanarImage TurnUpright(PlanarImage image, int orientation) {
  if (orientation == kUpright) return image;
  // Each orientation is a transposition, or none, of a picture that is then flipped.
  const bool transposed = orientation >= 5;
  const bool mirrored = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;  // left to right
  const bool overturned = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  PlanarImage upright{image.shape, {}};
  if (transposed) std::swap(upright.shape.width, upright.shape.height);
  const int width = upright.shape.width;
  const int height = upright.shape.height;
  for (int channel = 0; channel < image.shape.channels; ++channel) {
    const uint8_t* plane = &image.samples[static_cast<size_t>(channel) * static_cast<size_t>(width * height)];
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        int column = mirrored ? width - 1 - x : x;
        int row = overturned ? height - 1 - y : y;
        if (transposed) std::swap(column, row);
        upright.samples.push_back(plane[row * image.shape.width + column]);
      }
    }
  }
  return upright;
}

}  // namespace ganserve
