#include "client/ganctl/pixels.h"

#include <png.h>

#include <cstddef>
#include <memory>

#include "absl/strings/str_cat.h"

namespace ganserve::ganctl {
namespace {

// 8,192 x 8,192: far above any generator, and no trap for the memory.
constexpr uint64_t kMaxPixels = 1 << 26;

}  // namespace

absl::StatusOr<Pixels> DecodePng(const std::string& png) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> owner(&image, &png_image_free);
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) {
    return absl::InvalidArgumentError(absl::StrCat("an image of ", png.size(), " bytes is no PNG: ", image.message));
  }
  if (uint64_t{image.width} * image.height > kMaxPixels) {
    return absl::InvalidArgumentError(
        absl::StrCat("a PNG of ", image.width, "x", image.height, " is larger than ", kMaxPixels, " pixels"));
  }
  image.format = (image.format & PNG_FORMAT_FLAG_COLOR) != 0 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Pixels pixels{image.width, image.height, PNG_IMAGE_SAMPLE_CHANNELS(image.format), {}};
  pixels.samples.resize(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, pixels.samples.data(), 0, nullptr) == 0) {
    return absl::InvalidArgumentError(absl::StrCat("a PNG of ", png.size(), " bytes is damaged: ", image.message));
  }
  return pixels;
}

absl::StatusOr<std::string> EncodePng(const Pixels& pixels) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = pixels.width;
  image.height = pixels.height;
  image.format = pixels.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  const std::unique_ptr<png_image, void (*)(png_image*)> owner(&image, &png_image_free);
  std::string png(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = png.size();
  if (png_image_write_to_memory(&image, png.data(), &size, 0, pixels.samples.data(), 0, nullptr) == 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a PNG of ", pixels.width, "x", pixels.height, " cannot be made: ", image.message));
  }
  png.resize(size);
  return png;
}

absl::StatusOr<Pixels> FromRaw(const std::string& raw, uint32_t width, uint32_t height, uint32_t channels) {
  if (channels != 1 && channels != 3) {
    return absl::InvalidArgumentError(absl::StrCat("an image must have 1 or 3 channels, got ", channels));
  }
  const uint64_t pixels = uint64_t{width} * height;
  if (pixels > kMaxPixels || raw.size() != pixels * channels) {
    return absl::InvalidArgumentError(
        absl::StrCat("a raw image of ", width, "x", height, "x", channels, " came with ", raw.size(), " bytes"));
  }
  return Pixels{width, height, channels, std::vector<uint8_t>(raw.begin(), raw.end())};
}

}  // namespace ganserve::ganctl
