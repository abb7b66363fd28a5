// TorchScript from C++: how a trained generator leaves the trainer.
#pragma once

#include <torch/torch.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/train/networks.h"

namespace ganserve {

// The source of forward(z). [N, Z] or [N, Z, 1, 1] float -> [N, C, S, S] in [-1, 1]. Plain ATen operators and
// constants, so that freezing it gives reshape -> conv_transpose2d -> batch_norm -> relu -> ... -> conv_transpose2d ->
// tanh.
std::string GeneratorScript(DcganGenerator generator);

// Writes the generator (in eval mode) to `path` as a TorchScript file, reads it back and compares it with the module
// bit for bit over several batch sizes. Errors: INTERNAL when torch fails or when an image differs.
absl::Status ExportGenerator(DcganGenerator generator, const std::string& path);

// The comparison on its own. Both run with the calling process's number of threads.
absl::Status VerifyExport(DcganGenerator generator, const std::string& path);

}  // namespace ganserve
