// Decoders of the data formats that the trainer reads. Each appends every image of one file to `set`, fitted to
// set->shape. Errors: DATA_LOSS with the file and the byte offset.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/train/image_set.h"

namespace ganserve {

// IDX images as MNIST and Fashion-MNIST ship them (magic 0x00000803, unsigned bytes, three dimensions), gzip or not.
absl::Status AppendIdxImages(const std::string& path, ImageSet* set);

// CIFAR-10 binary: records of one label byte (0 to 9) and 32 x 32 x 3 planar samples, gzip or not.
absl::Status AppendCifarImages(const std::string& path, ImageSet* set);

// One PNG of any type; 16 bits a sample become 8, transparency is laid over black.
absl::Status AppendPngImage(const std::string& path, ImageSet* set);

}  // namespace ganserve
