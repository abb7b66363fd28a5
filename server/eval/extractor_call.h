// One way of calling an extractor's network. Torch headers: only for .cc files of this folder.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/data/image_set.h"

namespace ganserve {

struct ExtractorCall {
  bool bytes = false;            // uint8 in 0 to 255 instead of float in [-1, 1]
  bool return_features = false;  // the argument of that name is true
  bool probabilities = false;    // a second call, with no_output_bias=True, gives class probabilities
  int channels = 0;              // 1 or 3: what the network takes
};

struct ExtractorAnswer {
  torch::Tensor features;  // float32 [N, D], finite, on the CPU
  torch::Tensor logits;    // float32 [N, K], undefined without
};

// Calls the network with bytes [N, channels, height, width], channels being those of the call. INVALID_ARGUMENT saying
// in one line what torch or the answer's shape has against it; INTERNAL when memory ran out.
absl::StatusOr<ExtractorAnswer> CallExtractor(torch::jit::Module& network, const ExtractorCall& call,
                                              const torch::Tensor& images);

// The calls that the network's signature allows for images of `channels`, the likeliest first.
std::vector<ExtractorCall> PossibleCalls(const torch::jit::Module& network, int channels);

// "3x299x299 in float [-1, 1]": what the call hands over for images of that shape.
std::string CallText(const ExtractorCall& call, const PlanarShape& shape);

}  // namespace ganserve
