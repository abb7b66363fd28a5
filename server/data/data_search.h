// Finds the files of a data set and the part of it that each belongs to.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/data/data_formats.h"

namespace ganserve {

enum class DataPart { kTrain, kTest };

struct SourceFile {
  std::string path;
  ImageReader reader = nullptr;
  int32_t label = kNoLabel;  // of all its images; kNoLabel: what the reader says
};

struct DataSource {
  std::vector<SourceFile> files{};         // never empty; in the order of their images
  int classes = 0;                         // at least so many; 0: as the labels say
  std::vector<std::string> class_names{};  // [classes] or empty
};

// `path` is one file or a folder. In a folder, files come in order of name, and the first of these kinds that it has
// counts:
//   *images-idx3-ubyte[.gz]   MNIST, Fashion-MNIST; labels from *labels-idx1-ubyte[.gz] beside it, if that exists
//   *.bin[.gz]                CIFAR-10 binary, with labels; their names from batches.meta.txt, if that exists
//   *.png, *.jpg, *.jpeg     any mixture
//   *.ttf                     fonts, of which those with colour bitmaps count
// A folder without any of them may have sub-folders of images, one a class, in order of name; hidden ones and those
// without images are none.
//
// Training part: of IDX and CIFAR files those named train* or data_batch*, else all but those of the test part, else
// all; of sub-folders `train` alone, if there is one, else all but `test`. Test part: the sub-folder `test` if there is
// one, whose classes are numbered as those of the training part; else IDX and CIFAR files named t10k* or test*.
//
// Errors: NOT_FOUND when there is nothing of the kind; DATA_LOSS for a class of the test part that training has not.
absl::StatusOr<DataSource> FindData(const std::string& path, DataPart part);

// NOT_FOUND, with what is looked for.
absl::Status NoData(const std::string& path, DataPart part);

}  // namespace ganserve
