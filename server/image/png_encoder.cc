#include "server/image/png_encoder.h"

#include <libdeflate.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/image/png_filter.h"
#include "server/image/run_deflate.h"

namespace ganserve {
namespace {

// Measured on 128x128 RGB images: level 1 takes 60 % of the time of level 2 and makes 6 % more bytes; the levels beyond
// gain at most 4 % for up to a quarter more time.
constexpr int kDeflateLevel = 2;

constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
constexpr size_t kChunkOverhead = 12;                                                  // length, type, CRC
constexpr size_t kHeaderBytes = 13;                                                    // contents of IHDR
constexpr size_t kDataOffset = kSignature.size() + kHeaderBytes + kChunkOverhead + 8;  // of the contents of IDAT

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};

// What a thread keeps from image to image.
struct Scratch {
  PngFilter filter;
  std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor;  // made for the first large image
};

absl::Status CheckShape(const ImageShape& shape, size_t bytes) {
  for (const auto& [name, side] : {std::pair{"width", shape.width}, std::pair{"height", shape.height}}) {
    if (side < 1 || side > PngEncoder::kMaxSide) {
      return absl::InvalidArgumentError(
          absl::StrCat("image ", name, " is ", side, ", not between 1 and ", PngEncoder::kMaxSide));
    }
  }
  if (shape.channels != 1 && shape.channels != 3) {
    return absl::InvalidArgumentError(absl::StrCat("image has ", shape.channels, " channels, not 1 or 3"));
  }
  if (bytes != shape.bytes()) {
    return absl::InvalidArgumentError(absl::StrCat("image has ", bytes, " bytes of pixels, not ", shape.bytes(), " (",
                                                   shape.height, "x", shape.width, "x", shape.channels, ")"));
  }
  return absl::OkStatus();
}

uint8_t* PutUint32(uint8_t* out, size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) *out++ = static_cast<uint8_t>(value >> shift);
  return out;
}

uint8_t* PutBytes(uint8_t* out, std::string_view bytes) {
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

// Puts length and type in front of `size` bytes of contents at chunk + 8 and the CRC behind; returns the end of the
// chunk.
uint8_t* FrameChunk(uint8_t* chunk, std::string_view type, size_t size) {
  uint8_t* type_begin = PutUint32(chunk, size);
  PutBytes(type_begin, type);
  return PutUint32(type_begin + type.size() + size, libdeflate_crc32(0, type_begin, type.size() + size));
}

uint8_t* PutHeader(uint8_t* out, const ImageShape& shape) {
  out = PutBytes(out, kSignature);
  uint8_t* contents = PutUint32(out + 8, static_cast<size_t>(shape.width));
  contents = PutUint32(contents, static_cast<size_t>(shape.height));
  const auto color_type = static_cast<uint8_t>(shape.channels == 1 ? 0 : 2);  // grey, RGB
  const std::array<uint8_t, 5> rest = {8, color_type, 0, 0,
                                       0};  // bits a sample; deflate, adaptive filter, no interlace
  std::memcpy(contents, rest.data(), rest.size());
  return FrameChunk(out, "IHDR", kHeaderBytes);
}

absl::StatusOr<libdeflate_compressor*> Compressor(Scratch& scratch) {
  if (scratch.compressor == nullptr) scratch.compressor.reset(libdeflate_alloc_compressor(kDeflateLevel));
  if (scratch.compressor == nullptr) return absl::ResourceExhaustedError("no memory for a compressor");
  return scratch.compressor.get();
}

absl::Status EncodePng(const ImageShape& shape, std::span<const uint8_t> pixels, std::string* out) {
  static thread_local Scratch scratch;
  const std::span<const uint8_t> filtered = scratch.filter.Apply(shape, pixels);
  const bool small = filtered.size() <= kMaxRunDeflateBytes;
  libdeflate_compressor* compressor = nullptr;
  if (!small) {
    GANSERVE_ASSIGN_OR_RETURN(compressor, Compressor(scratch));
  }
  const size_t bound =
      small ? RunDeflateBound(filtered.size()) : libdeflate_zlib_compress_bound(compressor, filtered.size());
  out->resize(kDataOffset + bound + 2 * kChunkOverhead);
  auto* begin = reinterpret_cast<uint8_t*>(out->data());
  uint8_t* data_chunk = PutHeader(begin, shape);
  uint8_t* data = data_chunk + 8;
  const size_t size = small ? DeflateRuns(filtered, {data, bound})
                            : libdeflate_zlib_compress(compressor, filtered.data(), filtered.size(), data, bound);
  uint8_t* end = FrameChunk(data_chunk, "IDAT", size);
  end = FrameChunk(end, "IEND", 0);
  out->resize(static_cast<size_t>(end - begin));
  return absl::OkStatus();
}

}  // namespace

absl::Status PngEncoder::Encode(ImageFormat format, const ImageShape& shape, std::span<const uint8_t> pixels,
                                std::string* out) const {
  GANSERVE_RETURN_IF_ERROR(CheckShape(shape, pixels.size()));
  switch (format) {
    case ImageFormat::kPng:
      return EncodePng(shape, pixels, out);
    case ImageFormat::kRaw:
      out->assign(reinterpret_cast<const char*>(pixels.data()), pixels.size());
      return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("image format is ", static_cast<int>(format), ", not PNG or raw"));
}

}  // namespace ganserve
