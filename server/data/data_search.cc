#include "server/data/data_search.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <span>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

// A file is of a kind when its name in lower case, less ".gz" where the reader unzips, ends so.
struct Kind {
  std::span<const absl::string_view> suffixes;
  ImageReader reader;
  bool arrays;  // IDX or CIFAR: a file may be gzip, and its name says to which part it belongs

  bool Matches(const std::string& name) const {
    const std::string lower = absl::AsciiStrToLower(name);
    const absl::string_view stem = arrays ? absl::StripSuffix(lower, ".gz") : lower;
    return std::any_of(suffixes.begin(), suffixes.end(), [&](auto suffix) { return absl::EndsWith(stem, suffix); });
  }
};

constexpr absl::string_view kIdxSuffixes[] = {"images-idx3-ubyte"};
constexpr absl::string_view kCifarSuffixes[] = {".bin"};
constexpr absl::string_view kImageSuffixes[] = {".png", ".jpg", ".jpeg"};
constexpr absl::string_view kFontSuffixes[] = {".ttf"};
constexpr Kind kIdx{kIdxSuffixes, &ReadIdxImages, true};
constexpr Kind kCifar{kCifarSuffixes, &ReadCifarImages, true};
constexpr Kind kImages{kImageSuffixes, &ReadImageFile, false};
constexpr Kind kFonts{kFontSuffixes, &ReadFontImages, false};
constexpr char kKnownKinds[] =
    "*images-idx3-ubyte[.gz], *.bin (CIFAR-10), *.png, *.jpg, *.jpeg, *.ttf with colour bitmaps";

bool NamesTraining(const std::string& name) {
  return absl::StartsWith(name, "train") || absl::StartsWith(name, "data_batch");
}

bool NamesTest(const std::string& name) { return absl::StartsWith(name, "t10k") || absl::StartsWith(name, "test"); }

bool IsFolder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

struct Listing {
  Names files;
  Names folders;  // not the hidden ones
};

absl::StatusOr<Listing> List(const std::string& path) {
  Listing listing;
  std::error_code error;
  fs::directory_iterator entries(path, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (entries->is_regular_file(error)) listing.files.push_back(name);
    if (entries->is_directory(error) && name.front() != '.') listing.folders.push_back(name);
  }
  if (error) return absl::UnavailableError(absl::StrCat(path, ": cannot list the folder: ", error.message()));
  std::sort(listing.files.begin(), listing.files.end());
  std::sort(listing.folders.begin(), listing.folders.end());
  return listing;
}

Names Filter(const Names& names, const std::function<bool(const std::string&)>& keep) {
  Names kept;
  std::copy_if(names.begin(), names.end(), std::back_inserter(kept), keep);
  return kept;
}

Names TrainingFiles(const Names& names) {
  Names chosen = Filter(names, &NamesTraining);
  if (chosen.empty()) chosen = Filter(names, std::not_fn(&NamesTest));
  return chosen.empty() ? names : chosen;
}

Names FilesOfKind(const Names& names, const Kind& kind, DataPart part) {
  const Names matching = Filter(names, [&](const std::string& name) { return kind.Matches(name); });
  if (part == DataPart::kTest) return kind.arrays ? Filter(matching, &NamesTest) : Names{};
  return kind.arrays ? TrainingFiles(matching) : matching;
}

void AppendFiles(const std::string& folder, const Names& names, const Kind& kind, int32_t label, DataSource* source) {
  for (const std::string& name : names) source->files.push_back({absl::StrCat(folder, "/", name), kind.reader, label});
}

// Without files when the folder has none of the part.
absl::StatusOr<DataSource> FindFiles(const std::string& folder, const Names& names, DataPart part) {
  DataSource source;
  for (const Kind* kind : {&kIdx, &kCifar, &kImages, &kFonts}) {
    AppendFiles(folder, FilesOfKind(names, *kind, part), *kind, kNoLabel, &source);
    if (source.files.empty()) continue;
    if (kind != &kCifar) return source;
    source.classes = kCifarClasses;
    GANSERVE_ASSIGN_OR_RETURN(source.class_names, ReadCifarClassNames(folder));
    return source;
  }
  return source;
}

absl::StatusOr<DataSource> FindClassFolders(const std::string& folder, const Names& names) {
  DataSource source;
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(folder, "/", name);
    GANSERVE_ASSIGN_OR_RETURN(const Listing listing, List(path));
    const Names images = FilesOfKind(listing.files, kImages, DataPart::kTrain);
    if (images.empty()) continue;
    AppendFiles(path, images, kImages, source.classes++, &source);
    source.class_names.push_back(name);
  }
  return source;
}

// Everything in a folder that holds one part.
absl::StatusOr<DataSource> FindAll(const std::string& folder) {
  GANSERVE_ASSIGN_OR_RETURN(const Listing listing, List(folder));
  GANSERVE_ASSIGN_OR_RETURN(DataSource source, FindFiles(folder, listing.files, DataPart::kTrain));
  return source.files.empty() ? FindClassFolders(folder, listing.folders) : std::move(source);
}

absl::StatusOr<DataSource> FindTraining(const std::string& path) {
  GANSERVE_ASSIGN_OR_RETURN(const Listing listing, List(path));
  GANSERVE_ASSIGN_OR_RETURN(DataSource source, FindFiles(path, listing.files, DataPart::kTrain));
  if (!source.files.empty()) return source;
  if (const std::string train = absl::StrCat(path, "/train"); IsFolder(train)) return FindAll(train);
  return FindClassFolders(path, Filter(listing.folders, [](const std::string& name) { return name != "test"; }));
}

// Gives the classes of `test` the numbers that training has for them.
absl::Status NumberAsInTraining(const DataSource& training, const std::string& folder, DataSource* test) {
  if (training.class_names.empty() || test->class_names.empty()) return absl::OkStatus();
  std::vector<int32_t> numbers;
  for (const std::string& name : test->class_names) {
    const auto found = std::find(training.class_names.begin(), training.class_names.end(), name);
    if (found == training.class_names.end()) {
      return absl::DataLossError(absl::StrCat(folder, "/", name, ": a class that the training part does not have"));
    }
    numbers.push_back(static_cast<int32_t>(found - training.class_names.begin()));
  }
  for (SourceFile& file : test->files) {
    if (file.label != kNoLabel) file.label = numbers[static_cast<size_t>(file.label)];
  }
  test->classes = training.classes;
  test->class_names = training.class_names;
  return absl::OkStatus();
}

absl::StatusOr<DataSource> FindTest(const std::string& path) {
  if (const std::string folder = absl::StrCat(path, "/test"); IsFolder(folder)) {
    GANSERVE_ASSIGN_OR_RETURN(DataSource test, FindAll(folder));
    GANSERVE_ASSIGN_OR_RETURN(const DataSource training, FindTraining(path));
    GANSERVE_RETURN_IF_ERROR(NumberAsInTraining(training, folder, &test));
    return test;
  }
  GANSERVE_ASSIGN_OR_RETURN(const Listing listing, List(path));
  return FindFiles(path, listing.files, DataPart::kTest);
}

absl::StatusOr<DataSource> FindAny(const std::string& path, DataPart part) {
  if (IsFolder(path)) return part == DataPart::kTest ? FindTest(path) : FindTraining(path);
  const fs::path file(path);
  return FindFiles(file.has_parent_path() ? file.parent_path().string() : ".", {file.filename().string()}, part);
}

}  // namespace

absl::StatusOr<DataSource> FindData(const std::string& path, DataPart part) {
  std::error_code error;
  if (!fs::exists(path, error)) return absl::NotFoundError(absl::StrCat(path, ": no such file or folder"));
  GANSERVE_ASSIGN_OR_RETURN(DataSource source, FindAny(path, part));
  if (source.files.empty()) return NoData(path, part);
  return source;
}

absl::Status NoData(const std::string& path, DataPart part) {
  if (part == DataPart::kTest) {
    return absl::NotFoundError(
        absl::StrCat(path, ": no test images found; looked for a folder test, t10k* and test* of ", kKnownKinds));
  }
  return absl::NotFoundError(absl::StrCat(path, ": no training images found; looked for ", kKnownKinds,
                                          ", and for folders of images, one a class"));
}

}  // namespace ganserve
