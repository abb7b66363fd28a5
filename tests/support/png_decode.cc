#include "tests/support/png_decode.h"

#include <png.h>

#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

// libpng is C, but its error handlers may leave by an exception instead of longjmp; it is caught in this file.
[[noreturn]] void Throw(png_structp /*png*/, png_const_charp message) { throw std::runtime_error(message); }

// Owns libpng's structs; makes warnings errors.
class Reader {
 public:
  Reader() : png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, Throw, Throw)) {
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) Throw(png_, "no memory");
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  DecodedImage Decode(std::string_view bytes) {
    rest_ = bytes;
    png_set_read_fn(png_, this, &Reader::Read);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(png_, info_);
    if (png_get_bit_depth(png_, info_) != 8) Throw(png_, "not 8 bits a sample");
    if ((png_get_color_type(png_, info_) & ~PNG_COLOR_MASK_COLOR) != 0) Throw(png_, "neither grey nor RGB");
    DecodedImage image;
    image.shape = {.width = static_cast<int>(png_get_image_width(png_, info_)),
                   .height = static_cast<int>(png_get_image_height(png_, info_)),
                   .channels = png_get_channels(png_, info_)};
    image.pixels.resize(image.shape.bytes());
    const size_t row_bytes = png_get_rowbytes(png_, info_);
    for (size_t begin = 0; begin < image.pixels.size(); begin += row_bytes) {
      png_read_row(png_, &image.pixels[begin], nullptr);
    }
    png_read_end(png_, nullptr);
    if (!rest_.empty()) Throw(png_, "bytes after the end of the image");
    return image;
  }

 private:
  static void Read(png_structp png, png_bytep out, size_t size) {
    auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
    if (size > reader->rest_.size()) Throw(png, "truncated");
    std::memcpy(out, reader->rest_.data(), size);
    reader->rest_.remove_prefix(size);
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::string_view rest_;
};

class Writer {
 public:
  Writer() : png_(png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, Throw, Throw)) {
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) Throw(png_, "no memory");
  }
  ~Writer() { png_destroy_write_struct(&png_, &info_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  std::string Encode(const ImageShape& shape, std::span<const uint8_t> pixels) {
    std::string out;
    png_set_write_fn(png_, &out, &Writer::Write, nullptr);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(shape.width), static_cast<png_uint_32>(shape.height), 8,
                 shape.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png_, info_);
    const size_t row_bytes = png_get_rowbytes(png_, info_);
    for (size_t begin = 0; begin < pixels.size(); begin += row_bytes) png_write_row(png_, &pixels[begin]);
    png_write_end(png_, nullptr);
    return out;
  }

 private:
  static void Write(png_structp png, png_bytep bytes, size_t size) {
    static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), size);
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

absl::StatusOr<DecodedImage> DecodePng(std::string_view png) {
  try {
    return Reader().Decode(png);
  } catch (const std::runtime_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("libpng: ", error.what()));
  }
}

absl::StatusOr<std::string> EncodePngWithLibpng(const ImageShape& shape, std::span<const uint8_t> pixels) {
  try {
    return Writer().Encode(shape, pixels);
  } catch (const std::runtime_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("libpng: ", error.what()));
  }
}

}  // namespace ganserve
