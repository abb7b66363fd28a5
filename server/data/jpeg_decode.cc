#include "server/data/jpeg_decode.h"

#include <jpeglib.h>

#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/data/exif_orientation.h"

namespace ganserve {
namespace {

constexpr unsigned kMaxSide = 16384;  // pixels
constexpr unsigned kMaxMarkerBytes = 65533;

// libjpeg reports errors by a function that must not return. Ours jumps to where the decoder was entered, so only
// frames that own nothing may lie between.
struct ErrorExit {
  jpeg_error_mgr manager;  // first: libjpeg's pointer to it is one to the whole
  std::jmp_buf entry;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void Leave(j_common_ptr info) {
  auto* error = reinterpret_cast<ErrorExit*>(info->err);
  error->manager.format_message(info, error->message);
  std::longjmp(error->entry, 1);
}

// Negative levels are warnings, of corrupt data without exception; others are trace messages. A scan that repeats
// another is warned of too, so a small file cannot keep the decoder busy with thousands of them.
void OnMessage(j_common_ptr info, int level) {
  if (level < 0) Leave(info);
}

class JpegDecoder {
 public:
  explicit JpegDecoder(std::span<const uint8_t> file) : file_(file) {
    info_.err = jpeg_std_error(&error_.manager);
    error_.manager.error_exit = &Leave;
    error_.manager.emit_message = &OnMessage;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  // Each is called once, in this order. False on an error, which message() tells; nothing may be called then.
  bool ReadHeader() {
    if (setjmp(error_.entry) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, file_.data(), file_.size());
    jpeg_save_markers(&info_, JPEG_APP0 + 1, kMaxMarkerBytes);
    jpeg_read_header(&info_, TRUE);
    if (info_.num_components == 4) {
      info_.out_color_space = JCS_CMYK;
    } else if (info_.num_components != 1) {
      info_.out_color_space = JCS_RGB;
    }
    info_.dct_method = JDCT_ISLOW;
    jpeg_calc_output_dimensions(&info_);
    return true;
  }

  // `out`: [height, width, components]
  bool ReadPixels(uint8_t* out) {
    if (setjmp(error_.entry) != 0) return false;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = out + size_t{info_.output_scanline} * width() * components();
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  size_t width() const { return info_.output_width; }
  size_t height() const { return info_.output_height; }
  size_t components() const { return static_cast<size_t>(info_.output_components); }
  bool inverted() const { return info_.saw_Adobe_marker != 0; }  // CMYK as Adobe writes it: 255 is no ink

  // Before ReadPixels, with which the markers go.
  int orientation() const {
    for (const jpeg_marker_struct* marker = info_.marker_list; marker != nullptr; marker = marker->next) {
      const int orientation = ExifOrientation({marker->data, marker->data_length});
      if (orientation != kUpright) return orientation;
    }
    return kUpright;
  }

  const char* message() const { return error_.message; }

  // How far the file has been read.
  size_t offset() const { return info_.src == nullptr ? 0 : file_.size() - info_.src->bytes_in_buffer; }

 private:
  const std::span<const uint8_t> file_;
  jpeg_decompress_struct info_{};
  ErrorExit error_{};
};

// [height, width, 4] to [3, height, width].
std::vector<uint8_t> RgbOfCmyk(std::span<const uint8_t> cmyk, bool inverted) {
  const size_t area = cmyk.size() / 4;
  const unsigned flip = inverted ? 0 : 255;
  std::vector<uint8_t> rgb(3 * area);
  for (size_t i = 0; i < area; ++i) {
    const unsigned light = cmyk[4 * i + 3] ^ flip;  // what the black ink leaves
    for (size_t c = 0; c < 3; ++c) {
      rgb[c * area + i] = static_cast<uint8_t>(((cmyk[4 * i + c] ^ flip) * light + 127) / 255);
    }
  }
  return rgb;
}

absl::Status Defect(const std::string& name, const JpegDecoder& decoder) {
  return absl::DataLossError(
      absl::StrCat(name, ": corrupt JPEG (", decoder.message(), ") at byte offset ", decoder.offset()));
}

}  // namespace

absl::StatusOr<PlanarImage> DecodeJpeg(const std::string& name, std::span<const uint8_t> file) {
  JpegDecoder decoder(file);
  if (!decoder.ReadHeader()) return Defect(name, decoder);
  if (decoder.width() > kMaxSide || decoder.height() > kMaxSide) {
    return absl::DataLossError(absl::StrFormat("%s: JPEG of %u x %u pixels, the limit is %u x %u, at byte offset %u",
                                               name, decoder.width(), decoder.height(), kMaxSide, kMaxSide,
                                               decoder.offset()));
  }
  const int orientation = decoder.orientation();
  const size_t components = decoder.components();
  std::vector<uint8_t> interleaved(decoder.width() * decoder.height() * components);
  if (!decoder.ReadPixels(interleaved.data())) return Defect(name, decoder);
  const PlanarShape shape{static_cast<int>(decoder.width()), static_cast<int>(decoder.height()),
                          components == 1 ? 1 : 3};
  PlanarImage image{shape, components == 4 ? RgbOfCmyk(interleaved, decoder.inverted())
                                           : PlanarOfInterleaved(interleaved, components)};
  return TurnUpright(std::move(image), orientation);
}

}  // namespace ganserve
