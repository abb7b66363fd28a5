// Reads a data set.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/data/data_search.h"
#include "server/data/image_set.h"

namespace ganserve {

// Every image of that part of the data set in `path` (see data_search.h for what is found there), fitted to `wanted`
// (see AppendFitted), with the labels that its format has.
// Errors: NOT_FOUND when there is no such part; DATA_LOSS naming the file, and where the format allows the byte offset,
// when a file is corrupt.
absl::StatusOr<ImageSet> LoadDataSet(const std::string& path, const PlanarShape& wanted,
                                     DataPart part = DataPart::kTrain);

// What LoadDataSet would give, but for the images.
struct DataSetFacts {
  size_t images = 0;
  int classes = 0;                         // 0 without labels
  std::vector<std::string> class_names{};  // [classes], or empty when the data does not name them
};

// Reads and decodes everything, with the same errors, and keeps no image in memory.
absl::StatusOr<DataSetFacts> InspectDataSet(const std::string& path, DataPart part = DataPart::kTrain);

}  // namespace ganserve
