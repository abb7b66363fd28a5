// TorchScript from C++: how a trained generator leaves the trainer.
#pragma once

#include <torch/torch.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/train/networks.h"

namespace ganserve {

// Writes the generator (in eval mode) to `path` as a TorchScript file, reads it back and compares it with the module
// bit for bit over several batch sizes. forward takes z [N, Z] or [N, Z, 1, 1] and, with classes, labels [N] int64, and
// returns images [N, C, S, S] in [-1, 1]. Errors: INTERNAL when torch fails or when an image differs.
absl::Status ExportGenerator(GeneratorNetwork& generator, const std::string& path);

// The comparison on its own. Both run with the calling process's number of threads.
absl::Status VerifyExport(GeneratorNetwork& generator, const std::string& path);

}  // namespace ganserve
