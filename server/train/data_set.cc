#include "server/train/data_set.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/status_macros.h"
#include "server/train/data_formats.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

using Reader = absl::Status (*)(const std::string& path, ImageSet* set);

// A file belongs to a format when its name, less ".gz", starts and ends so.
struct Format {
  absl::string_view prefix;
  absl::string_view suffix;
  Reader reader;

  bool Matches(absl::string_view name) const {
    if (absl::EndsWith(name, ".gz")) name.remove_suffix(3);
    return absl::StartsWith(name, prefix) && absl::EndsWith(name, suffix);
  }
};

// In order of preference. The training part of a data set comes before its test part.
constexpr Format kFormats[] = {
    {"train-", "images-idx3-ubyte", &AppendIdxImages},
    {"", "images-idx3-ubyte", &AppendIdxImages},
    {"data_batch_", ".bin", &AppendCifarImages},
    {"", ".bin", &AppendCifarImages},
    {"", ".png", &AppendPngImage},
};
constexpr char kKnownFormats[] = "*-images-idx3-ubyte[.gz], *.bin (CIFAR-10) or *.png";

absl::StatusOr<std::vector<std::string>> SortedFiles(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files;
  if (!fs::is_directory(path, error)) {
    if (!fs::exists(path, error)) return absl::NotFoundError(absl::StrCat(path, ": no such file or folder"));
    return std::vector<std::string>{path};
  }
  fs::directory_iterator entries(path, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->is_regular_file(error)) files.push_back(entries->path().string());
  }
  if (error) return absl::UnavailableError(absl::StrCat(path, ": cannot list the folder: ", error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status AppendMatching(const Format& format, const std::vector<std::string>& files, ImageSet* set) {
  for (const std::string& file : files) {
    if (format.Matches(fs::path(file).filename().string())) GANSERVE_RETURN_IF_ERROR(format.reader(file, set));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImageSet> LoadDataSet(const std::string& path, const PlanarShape& wanted) {
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<std::string> files, SortedFiles(path));
  ImageSet set{wanted, {}};
  for (const Format& format : kFormats) {
    GANSERVE_RETURN_IF_ERROR(AppendMatching(format, files, &set));
    if (set.count() > 0) return set;
  }
  return absl::NotFoundError(absl::StrCat(path, ": no training images found; looked for ", kKnownFormats));
}

}  // namespace ganserve
