#include "tests/unit/data/font_files.h"

#include <png.h>

#include "tests/unit/data/data_files.h"

namespace ganserve {
namespace {

constexpr int kPixelsPerEm = 20;

std::string Number8(size_t value) { return {static_cast<char>(value)}; }
std::string Number16(size_t value) { return BigEndian(static_cast<uint32_t>(value)).substr(2); }
std::string Number32(size_t value) { return BigEndian(static_cast<uint32_t>(value)); }

std::string GlyphPng(const Glyph& glyph) {
  std::string pixels;
  for (int i = 0; i < glyph.width * glyph.height; ++i) pixels.append(reinterpret_cast<const char*>(glyph.rgba), 4);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(glyph.width);
  image.height = static_cast<png_uint_32>(glyph.height);
  image.format = PNG_FORMAT_RGBA;
  std::string file(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t bytes = file.size();
  png_image_write_to_memory(&image, file.data(), &bytes, 0, pixels.data(), 0, nullptr);
  return file.substr(0, bytes);
}

// Image format 17: small metrics and a PNG.
std::string GlyphData(const Glyph& glyph) {
  if (glyph.width == 0) return "";
  const std::string png = GlyphPng(glyph);
  return Number8(static_cast<size_t>(glyph.height)) + Number8(static_cast<size_t>(glyph.width)) + Number8(0) +
         Number8(static_cast<size_t>(glyph.height)) + Number8(kPixelsPerEm) + Number32(png.size()) + png;
}

// One size, with one subtable of index format 1: an offset for each glyph and one for the end.
std::string BitmapLocations(const std::vector<size_t>& offsets) {
  const size_t last = offsets.size() - 2;
  std::string subtable = Number16(1) + Number16(17) + Number32(4);
  for (const size_t offset : offsets) subtable += Number32(offset);
  const std::string line_metrics(12, 0);
  return Number32(0x30000) + Number32(1) + Number32(8 + 48) + Number32(8 + subtable.size()) + Number32(1) +
         Number32(0) + line_metrics + line_metrics + Number16(0) + Number16(last) + Number8(kPixelsPerEm) +
         Number8(kPixelsPerEm) + Number8(32) + Number8(1) + Number16(0) + Number16(last) + Number32(8) + subtable;
}

std::string Head() {
  return Number32(0x10000) + Number32(0) + Number32(0) + Number32(0x5f0f3cf5) + Number16(0) + Number16(1000) +
         std::string(16 + 8, 0) + Number16(0) + Number16(8) + Number16(2) + Number16(0) + Number16(0);
}

uint32_t Checksum(std::string table) {
  table.resize((table.size() + 3) / 4 * 4);
  uint32_t sum = 0;
  for (size_t i = 0; i < table.size(); ++i) sum += uint32_t{static_cast<uint8_t>(table[i])} << (24 - i % 4 * 8);
  return sum;
}

}  // namespace

std::string Sfnt(const std::vector<std::pair<std::string, std::string>>& tables) {
  std::string directory = Number32(0x10000) + Number16(tables.size()) + Number16(0) + Number16(0) + Number16(0);
  std::string contents;
  const size_t start = directory.size() + 16 * tables.size();
  for (const auto& [tag, table] : tables) {
    directory += tag + Number32(Checksum(table)) + Number32(start + contents.size()) + Number32(table.size());
    contents += table;
    contents.resize((contents.size() + 3) / 4 * 4);
  }
  return directory + contents;
}

std::string ColorFont(const std::vector<Glyph>& glyphs) {
  std::string bitmaps = Number32(0x30000);
  std::vector<size_t> offsets = {0};
  std::string metrics;
  for (const Glyph& glyph : glyphs) {
    bitmaps += GlyphData(glyph);
    offsets.push_back(bitmaps.size() - 4);
    metrics += Number16(1000) + Number16(0);
  }
  const std::string horizontal =
      Number32(0x10000) + Number16(800) + Number16(200) + std::string(26, 0) + Number16(glyphs.size());
  return Sfnt({{"CBDT", bitmaps},
               {"CBLC", BitmapLocations(offsets)},
               {"head", Head()},
               {"hhea", horizontal},
               {"hmtx", metrics},
               {"maxp", Number32(0x5000) + Number16(glyphs.size())}});
}

}  // namespace ganserve
