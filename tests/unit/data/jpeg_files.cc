#include "tests/unit/data/jpeg_files.h"

#include <jpeglib.h>

#include <cstdio>  // jpeglib.h needs it
#include <cstdlib>

namespace ganserve {
namespace {

constexpr int kApp1 = JPEG_APP0 + 1;

J_COLOR_SPACE ColorSpace(int components) {
  return components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
}

// A TIFF directory of two entries, the second of which is the orientation.
std::string Exif(const JpegKind& kind) {
  const auto order = [&](std::string bytes) {
    return kind.big_endian_exif ? bytes : std::string(bytes.rbegin(), bytes.rend());
  };
  const auto number16 = [&](int value) { return order({0, static_cast<char>(value)}); };
  const auto number32 = [&](int value) { return order({0, 0, 0, static_cast<char>(value)}); };
  const std::string other = order({1, 0}) + number16(4) + number32(1) + number32(17);  // ImageWidth, LONG
  const std::string orientation =
      order({1, 0x12}) + number16(3) + number32(1) + number16(kind.orientation) + number16(0);
  return std::string("Exif\0\0", 6) + (kind.big_endian_exif ? "MM" : "II") + number16(42) + number32(8) + number16(2) +
         other + orientation + number32(0);
}

}  // namespace

std::string Jpeg(int size, std::span<const uint8_t> samples, const JpegKind& kind) {
  jpeg_compress_struct info{};
  jpeg_error_mgr error{};
  info.err = jpeg_std_error(&error);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long length = 0;
  jpeg_mem_dest(&info, &bytes, &length);
  info.image_width = info.image_height = static_cast<JDIMENSION>(size);
  info.input_components = kind.components;
  info.in_color_space = ColorSpace(kind.components);
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
  if (kind.progressive) jpeg_simple_progression(&info);
  if (!kind.adobe_marker) info.write_Adobe_marker = FALSE;
  jpeg_start_compress(&info, TRUE);
  if (kind.orientation != 0) {
    const std::string exif = Exif(kind);
    jpeg_write_marker(&info, kApp1, reinterpret_cast<const JOCTET*>(exif.data()), static_cast<unsigned>(exif.size()));
  }
  for (int y = 0; y < size; ++y) {
    auto* row = const_cast<uint8_t*>(samples.data()) + y * size * kind.components;  // which libjpeg only reads
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<const char*>(bytes), length);
  std::free(bytes);
  return file;
}

}  // namespace ganserve
