// JPEG files of every kind that the decoder takes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ganserve {

struct JpegKind {
  int components = 3;  // 1: grey, 3: RGB, 4: CMYK
  bool progressive = false;
  bool adobe_marker = true;  // of CMYK: whether the file says that it is Adobe's, whose values are inverted
  int orientation = 0;       // EXIF; 0: no record
  bool big_endian_exif = false;
};

// `samples`: [size, size, components]. Of the best quality, without chroma subsampling.
std::string Jpeg(int size, std::span<const uint8_t> samples, const JpegKind& kind = {});

}  // namespace ganserve
