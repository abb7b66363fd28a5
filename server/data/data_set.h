// Finds and reads a data set.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/data/image_set.h"

namespace ganserve {

// Every training image under `path`, fitted to `wanted` (see AppendFitted). `path` is one file or a folder, which is
// searched without its sub-folders, in order of name, for the first of these that it has:
//   train-images-idx3-ubyte[.gz], else *-images-idx3-ubyte[.gz]   MNIST, Fashion-MNIST
//   data_batch_*.bin, else *.bin                                  CIFAR-10 binary
//   *.png
// Errors: NOT_FOUND when there is nothing of the kind, DATA_LOSS naming file and byte offset when a file is corrupt.
absl::StatusOr<ImageSet> LoadDataSet(const std::string& path, const PlanarShape& wanted);

// How many images that would be. Reads and decodes them all, with the same errors, and keeps none in memory.
absl::StatusOr<size_t> CountImages(const std::string& path);

}  // namespace ganserve
