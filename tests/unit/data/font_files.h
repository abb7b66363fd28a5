// Small fonts with colour bitmaps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ganserve {

// A PNG of one pixel value, red, green, blue and alpha, not multiplied by it.
struct Glyph {
  int width = 0;  // 0: the glyph has no bitmap
  int height = 0;
  uint8_t rgba[4] = {};
};

// A TrueType file with a CBDT and a CBLC table and the least else that FreeType wants, all with their checksums.
std::string ColorFont(const std::vector<Glyph>& glyphs);

// A font of these tables.
std::string Sfnt(const std::vector<std::pair<std::string, std::string>>& tables);

}  // namespace ganserve
