// Our kernels as nodes of a TorchScript graph. Torch headers: only for .cc files of this folder.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>

#include "server/kernels/transposed_convolution.h"

namespace ganserve {

// Inserts, at the graph's insert point, a node that runs `kernel` on `input`, and returns its output. Input and output
// are [N, C, H, W] in any memory format and in channels_last. When the graph runs, an input of another shape than the
// kernel was made for throws c10::Error.
torch::jit::Value* InsertKernel(torch::jit::Graph& graph, torch::jit::Value* input,
                                const TransposedConvolutionShape& shape,
                                std::shared_ptr<const TransposedConvolution> kernel);

}  // namespace ganserve
