#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <memory>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/read_file.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/data/data_formats.h"
#include "server/data/sfnt_tables.h"

namespace ganserve {
namespace {

struct LibraryDeleter {
  void operator()(FT_Library library) const { FT_Done_FreeType(library); }
};
struct FaceDeleter {
  void operator()(FT_Face face) const { FT_Done_Face(face); }
};
using Library = std::unique_ptr<std::remove_pointer_t<FT_Library>, LibraryDeleter>;
using Face = std::unique_ptr<std::remove_pointer_t<FT_Face>, FaceDeleter>;

absl::Status Defect(const std::string& path, const char* what, FT_Error error) {
  const char* message = FT_Error_String(error);  // null in a FreeType that was built without messages
  return absl::DataLossError(absl::StrCat(path, ": corrupt font: ", what,
                                          message == nullptr ? "" : absl::StrCat(": ", message), " (FreeType error ",
                                          error, ")"));
}

absl::StatusOr<Library> OpenLibrary() {
  FT_Library library = nullptr;
  if (const FT_Error error = FT_Init_FreeType(&library); error != 0) {
    return absl::InternalError(absl::StrCat("FreeType cannot start: error ", error));
  }
  return Library(library);
}

// `file` is borrowed for the life of the face.
absl::StatusOr<Face> OpenFace(const Library& library, const std::string& path, const std::string& file) {
  FT_Face face = nullptr;
  const auto* bytes = reinterpret_cast<const FT_Byte*>(file.data());
  const FT_Error error = FT_New_Memory_Face(library.get(), bytes, static_cast<FT_Long>(file.size()), 0, &face);
  if (error != 0) return Defect(path, "cannot be opened", error);
  return Face(face);
}

// Selects the size of the largest bitmaps.
absl::Status SelectStrike(const std::string& path, FT_Face face) {
  const auto* sizes = face->available_sizes;
  const auto* largest = std::max_element(sizes, sizes + face->num_fixed_sizes,
                                         [](const auto& a, const auto& b) { return a.y_ppem < b.y_ppem; });
  const FT_Error error = FT_Select_Size(face, static_cast<FT_Int>(largest - sizes));
  return error == 0 ? absl::OkStatus() : Defect(path, "has bitmaps of no usable size", error);
}

// Laid over white: FreeType's samples are blue, green, red and alpha, and have been multiplied by it. The bitmap stands
// in the middle of a square, so that fitting it cuts nothing off.
PlanarImage OverWhite(const FT_Bitmap& bitmap) {
  const size_t side = std::max(bitmap.width, bitmap.rows);
  const size_t left = (side - bitmap.width) / 2;
  const size_t top = (side - bitmap.rows) / 2;
  PlanarImage image{{static_cast<int>(side), static_cast<int>(side), 3}, std::vector<uint8_t>(3 * side * side, 255)};
  for (size_t y = 0; y < bitmap.rows; ++y) {
    const uint8_t* pixel = bitmap.buffer + static_cast<ptrdiff_t>(y) * bitmap.pitch;
    for (size_t x = 0; x < bitmap.width; ++x, pixel += 4) {
      for (size_t channel = 0; channel < 3; ++channel) {
        const int sample = pixel[2 - channel] + 255 - pixel[3];
        image.samples[(channel * side + top + y) * side + left + x] = static_cast<uint8_t>(std::min(sample, 255));
      }
    }
  }
  return image;
}

bool IsBlank(const PlanarImage& image) {
  return std::all_of(image.samples.begin(), image.samples.end(), [](uint8_t sample) { return sample == 255; });
}

// The pictures that a font has handed out.
class SeenImages {
 public:
  bool Add(const PlanarImage& image) {
    const auto* bytes = reinterpret_cast<const char*>(image.samples.data());
    return digests_.insert(Sha256Hex({bytes, image.samples.size()})).second;
  }

 private:
  std::unordered_set<std::string> digests_;
};

absl::Status ReadGlyphs(const std::string& path, FT_Face face, const ImageSink& sink) {
  SeenImages seen;
  for (FT_Long glyph = 0; glyph < face->num_glyphs; ++glyph) {
    const FT_Error error = FT_Load_Glyph(face, static_cast<FT_UInt>(glyph), FT_LOAD_COLOR);
    if (error == FT_Err_Missing_Bitmap) continue;
    if (error != 0) return Defect(path, absl::StrCat("glyph ", glyph).c_str(), error);
    const FT_Bitmap& bitmap = face->glyph->bitmap;
    if (bitmap.pixel_mode != FT_PIXEL_MODE_BGRA || bitmap.width == 0 || bitmap.rows == 0) continue;
    const PlanarImage image = OverWhite(bitmap);
    if (!IsBlank(image) && seen.Add(image)) sink(image.samples, image.shape, kNoLabel);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadFontImages(const std::string& path, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(const std::string file, ReadFile(path));
  const std::span bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<SfntTable> tables, ReadSfntTables(path, bytes));
  const bool in_colour =
      std::any_of(tables.begin(), tables.end(), [](const auto& table) { return table.tag == "CBDT"; });
  if (!in_colour) return absl::OkStatus();
  GANSERVE_RETURN_IF_ERROR(CheckSfntChecksums(path, tables));
  GANSERVE_ASSIGN_OR_RETURN(const Library library, OpenLibrary());
  GANSERVE_ASSIGN_OR_RETURN(const Face face, OpenFace(library, path, file));
  if (face->num_fixed_sizes == 0) return absl::OkStatus();
  GANSERVE_RETURN_IF_ERROR(SelectStrike(path, face.get()));
  return ReadGlyphs(path, face.get(), sink);
}

}  // namespace ganserve
