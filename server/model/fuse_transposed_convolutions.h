// A graph pass for CPU inference of frozen TorchScript generators. Torch headers: only for .cc files of this folder.
#pragma once

#include <ATen/core/stack.h>
#include <torch/csrc/jit/ir/ir.h>

#include <memory>

namespace ganserve {

// Replaces each transposed convolution with constant weights, together with the evaluation batch norm and the ReLU that
// follow it, by one oneDNN primitive on weights that are already in the primitive's own layout
// (mkldnn::_convolution_transpose_pointwise). LibTorch alone reorders the weights at every call, which at a batch of
// one costs as much as the convolution, and jit::freeze does not fold batch norm into transposed convolutions.
//
// Batch norm is folded in double precision: y = (conv(x) + b - mean) s + beta with s = gamma / sqrt(var + eps) becomes
// conv'(x) + b' with w' = w s and b' = (b - mean) s + beta. Results differ from the module's in the last float bits,
// but do not depend on the batch size (one thread). Nodes that do not fit are left as they are.
//
// `example` holds arguments for the graph: the layout that oneDNN wants depends on the input's size, and weights packed
// for no size in particular are reordered at every call after all. Other batch sizes take the same layout. Returns the
// number of nodes replaced.
int FuseTransposedConvolutions(const std::shared_ptr<torch::jit::Graph>& graph, torch::jit::Stack example);

}  // namespace ganserve
