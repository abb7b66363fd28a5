// A graph pass for CPU inference of frozen TorchScript generators. Torch headers: only for .cc files of this folder.
#pragma once

#include <ATen/core/stack.h>
#include <torch/csrc/jit/ir/ir.h>

#include <memory>

namespace ganserve {

// Replaces each transposed convolution with constant weights, together with the evaluation batch norm and the ReLU or
// tanh that follow it, by one of our own kernels (server/kernels/). LibTorch alone reorders the weights at every call,
// which at a batch of one costs as much as the convolution, computes products that fall outside the output, and passes
// over the feature maps once more for each operation that follows.
//
// Batch norm is folded in double precision: y = (conv(x) + b - mean) s + beta with s = gamma / sqrt(var + eps) becomes
// conv'(x) + b' with w' = w s and b' = (b - mean) s + beta. Results differ from the module's in the last float bits,
// but depend neither on the batch nor on the processor. Nodes that do not fit (groups, dilation, weights that are
// computed, a processor without AVX2) are left as they are.
//
// `example` holds arguments for the graph: a kernel is made for one height and width of its input. Returns the number
// of nodes replaced.
int FuseTransposedConvolutions(const std::shared_ptr<torch::jit::Graph>& graph, torch::jit::Stack example);

}  // namespace ganserve
