#include "server/data/png_io.h"

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/data/big_endian.h"

namespace ganserve {
namespace {

constexpr uint8_t kSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr size_t kChunkOverheadBytes = 12;  // length, type and checksum
constexpr uint32_t kMaxSide = 16384;        // pixels

absl::Status Defect(const std::string& name, absl::string_view what, size_t offset) {
  return absl::DataLossError(absl::StrCat(name, ": ", what, " at byte offset ", offset));
}

// Walks the chunks, because libpng says what is wrong with a file but not where. The offset of the first IDAT.
absl::StatusOr<size_t> CheckChunks(const std::string& name, std::span<const uint8_t> file) {
  if (file.size() < sizeof(kSignature) || !std::equal(std::begin(kSignature), std::end(kSignature), file.begin())) {
    return Defect(name, "not a PNG file: wrong signature", 0);
  }
  size_t pixels_offset = 0;
  for (size_t offset = sizeof(kSignature);;) {
    const auto rest = file.subspan(offset);
    if (rest.size() < kChunkOverheadBytes || rest.size() - kChunkOverheadBytes < BigEndian32(rest)) {
      return Defect(name, "truncated PNG: incomplete chunk", offset);
    }
    const size_t length = BigEndian32(rest);
    const auto typed = rest.subspan(4, length + 4);
    const auto crc = static_cast<uint32_t>(crc32(0, typed.data(), static_cast<uInt>(typed.size())));
    if (crc != BigEndian32(rest.subspan(8 + length))) return Defect(name, "corrupt PNG: wrong chunk checksum", offset);
    if (pixels_offset == 0 && std::memcmp(typed.data(), "IDAT", 4) == 0) pixels_offset = offset;
    if (std::memcmp(typed.data(), "IEND", 4) == 0) break;
    offset += length + kChunkOverheadBytes;
  }
  return pixels_offset;
}

// libpng's simplified API frees itself after an error, but not when we stop halfway.
class PngImage {
 public:
  PngImage() { image_.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image_); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  png_image* get() { return &image_; }
  png_image* operator->() { return &image_; }

 private:
  png_image image_{};
};

// libpng's order is [height, width, channels], ours [channels, height, width].
std::vector<uint8_t> Interleaved(std::span<const uint8_t> planar, size_t channels) {
  const size_t area = planar.size() / channels;
  std::vector<uint8_t> interleaved(planar.size());
  for (size_t i = 0; i < planar.size(); ++i) interleaved[i] = planar[(i % channels) * area + i / channels];
  return interleaved;
}

}  // namespace

absl::StatusOr<std::string> EncodePng(const PlanarShape& shape, std::span<const uint8_t> samples) {
  const std::vector<uint8_t> interleaved = Interleaved(samples, static_cast<size_t>(shape.channels));
  PngImage image;
  image->width = static_cast<png_uint_32>(shape.width);
  image->height = static_cast<png_uint_32>(shape.height);
  image->format = shape.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(*image.get());
  std::string file(bytes, '\0');
  if (!png_image_write_to_memory(image.get(), file.data(), &bytes, 0, interleaved.data(), 0, nullptr)) {
    return absl::InternalError(absl::StrCat("libpng cannot write the image: ", image->message));
  }
  file.resize(bytes);
  return file;
}

absl::StatusOr<PlanarImage> DecodePng(const std::string& name, std::span<const uint8_t> file) {
  GANSERVE_ASSIGN_OR_RETURN(const size_t pixels_offset, CheckChunks(name, file));
  PngImage image;
  if (!png_image_begin_read_from_memory(image.get(), file.data(), file.size())) {
    return Defect(name, absl::StrCat("corrupt PNG (", image->message, ")"), sizeof(kSignature));
  }
  if (image->width > kMaxSide || image->height > kMaxSide) {
    return Defect(name,
                  absl::StrFormat("PNG of %u x %u pixels, the limit is %u x %u,", image->width, image->height, kMaxSide,
                                  kMaxSide),
                  sizeof(kSignature));
  }
  const bool color = (image->format & PNG_FORMAT_FLAG_COLOR) != 0;
  image->format = color ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::vector<uint8_t> interleaved(PNG_IMAGE_SIZE(*image.get()));
  const png_color black{0, 0, 0};
  const PlanarShape shape{static_cast<int>(image->width), static_cast<int>(image->height), color ? 3 : 1};
  if (!png_image_finish_read(image.get(), &black, interleaved.data(), 0, nullptr)) {
    return Defect(name, absl::StrCat("corrupt PNG pixels (", image->message, ")"), pixels_offset);
  }
  return PlanarImage{shape, PlanarOfInterleaved(interleaved, static_cast<size_t>(shape.channels))};
}

}  // namespace ganserve
