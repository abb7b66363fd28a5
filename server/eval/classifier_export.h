// The classifier as a TorchScript feature extractor. Torch headers: only for .cc files of this folder.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/eval/classifier_network.h"

namespace ganserve {

// Writes the network (in eval mode) to `path` as a TorchScript file whose forward takes float [N, 1, 32, 32] in [-1, 1]
// and returns (features [N, 128], logits [N, classes]), then reads it back and compares it with the network. Batch
// norms are folded into the convolutions before them, so values differ by float32 rounding: at most 1e-3. Errors:
// INTERNAL when torch fails or the values differ more.
absl::Status ExportClassifier(ClassifierNetwork network, const std::string& path);

}  // namespace ganserve
