#include "server/data/data_set.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/status_macros.h"
#include "server/data/data_formats.h"
#include "server/data/image_fit.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

using Reader = absl::Status (*)(const std::string& path, const ImageSink& sink);

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
    {"train-", "images-idx3-ubyte", &ReadIdxImages},
    {"", "images-idx3-ubyte", &ReadIdxImages},
    {"data_batch_", ".bin", &ReadCifarImages},
    {"", ".bin", &ReadCifarImages},
    {"", ".png", &ReadPngImage},
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

absl::Status ReadMatching(const Format& format, const std::vector<std::string>& files, const ImageSink& sink) {
  for (const std::string& file : files) {
    if (format.Matches(fs::path(file).filename().string())) GANSERVE_RETURN_IF_ERROR(format.reader(file, sink));
  }
  return absl::OkStatus();
}

// How many images went into the sink, at least one.
absl::StatusOr<size_t> ReadDataSet(const std::string& path, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<std::string> files, SortedFiles(path));
  size_t count = 0;
  const ImageSink counting = [&](std::span<const uint8_t> samples, const PlanarShape& shape) {
    ++count;
    sink(samples, shape);
  };
  for (const Format& format : kFormats) {
    GANSERVE_RETURN_IF_ERROR(ReadMatching(format, files, counting));
    if (count > 0) return count;
  }
  return absl::NotFoundError(absl::StrCat(path, ": no training images found; looked for ", kKnownFormats));
}

}  // namespace

absl::StatusOr<ImageSet> LoadDataSet(const std::string& path, const PlanarShape& wanted) {
  ImageSet set{wanted, {}};
  GANSERVE_RETURN_IF_ERROR(ReadDataSet(path, [&](std::span<const uint8_t> samples, const PlanarShape& shape) {
                             AppendFitted(samples, shape, wanted, &set.samples);
                           }).status());
  return set;
}

absl::StatusOr<size_t> CountImages(const std::string& path) {
  return ReadDataSet(path, [](std::span<const uint8_t>, const PlanarShape&) {});
}

}  // namespace ganserve
