#include "server/data/data_set.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/data/data_formats.h"
#include "server/data/image_fit.h"

namespace ganserve {
namespace {

// How many images have gone by, and what their labels say.
struct Tally {
  size_t images = 0;
  size_t labelled = 0;
  int32_t largest_label = kNoLabel;

  void Count(int32_t label) {
    ++images;
    if (label != kNoLabel) ++labelled;
    largest_label = std::max(largest_label, label);
  }
};

// Hands every image to `sink`, with its label.
absl::StatusOr<Tally> ReadSource(const DataSource& source, const ImageSink& sink) {
  Tally tally;
  for (const SourceFile& file : source.files) {
    GANSERVE_RETURN_IF_ERROR(
        file.reader(file.path, [&](std::span<const uint8_t> samples, const PlanarShape& shape, int32_t label) {
          if (file.label != kNoLabel) label = file.label;
          tally.Count(label);
          sink(samples, shape, label);
        }));
    if (tally.labelled == 0 || tally.labelled == tally.images) continue;
    return absl::DataLossError(
        absl::StrCat(file.path, ": some files of the data set have labels and others have none"));
  }
  return tally;
}

absl::StatusOr<DataSetFacts> Read(const std::string& path, DataPart part, const ImageSink& sink) {
  GANSERVE_ASSIGN_OR_RETURN(const DataSource source, FindData(path, part));
  GANSERVE_ASSIGN_OR_RETURN(const Tally tally, ReadSource(source, sink));
  if (tally.images == 0) return NoData(path, part);
  return DataSetFacts{tally.images, std::max(source.classes, tally.largest_label + 1), source.class_names};
}

}  // namespace

absl::StatusOr<ImageSet> LoadDataSet(const std::string& path, const PlanarShape& wanted, DataPart part) {
  ImageSet set{wanted};
  GANSERVE_ASSIGN_OR_RETURN(
      DataSetFacts facts,
      Read(path, part, [&](std::span<const uint8_t> samples, const PlanarShape& shape, int32_t label) {
        AppendFitted(samples, shape, wanted, &set.samples);
        if (label != kNoLabel) set.labels.push_back(label);
      }));
  set.classes = facts.classes;
  set.class_names = std::move(facts.class_names);
  return set;
}

absl::StatusOr<DataSetFacts> InspectDataSet(const std::string& path, DataPart part) {
  return Read(path, part, [](std::span<const uint8_t>, const PlanarShape&, int32_t) {});
}

}  // namespace ganserve
