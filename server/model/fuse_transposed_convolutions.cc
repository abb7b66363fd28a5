#include "server/model/fuse_transposed_convolutions.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "server/kernels/transposed_convolution.h"
#include "server/model/kernel_operator.h"

namespace ganserve {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Symbol;
using torch::jit::Value;

// A transposed convolution and what was folded into it.
struct Convolution {
  at::Tensor weight;  // [in, out, height, width]
  at::Tensor bias;    // [out]
  Extent stride, padding, output_padding;
  Activation activation = Activation::kNone;
  Node* last = nullptr;  // its output is the fused operation's
};

template <typename T>
std::optional<T> Constant(Node* node, const char* name) {
  const auto value = torch::jit::toIValue(node->namedInput(name));
  if (!value || value->isNone()) return std::nullopt;
  return value->to<T>();
}

// A list of integers: a constant, or a list that the graph makes of constants.
std::optional<std::vector<int64_t>> ConstantList(Node* node, const char* name) {
  Node* list = node->namedInput(name)->node();
  if (list->kind() != Symbol::fromQualString("prim::ListConstruct")) {
    return Constant<std::vector<int64_t>>(node, name);
  }
  std::vector<int64_t> values;
  for (Value* element : list->inputs()) {
    const auto value = torch::jit::toIValue(element);
    if (!value || !value->isInt()) return std::nullopt;
    values.push_back(value->toInt());
  }
  return values;
}

// Height and width; torch takes one number for both too.
std::optional<Extent> ConstantExtent(Node* node, const char* name) {
  const auto list = ConstantList(node, name);
  if (!list || list->empty() || list->size() > 2) return std::nullopt;
  return Extent{list->front(), list->back()};
}

bool IsNoneOrConstant(Node* node, const char* name) { return torch::jit::toIValue(node->namedInput(name)).has_value(); }

// The parameters of a node that is a two-dimensional transposed convolution with constant weights.
std::optional<Convolution> Match(Node* node) {
  static const Symbol kConvTranspose = Symbol::fromQualString("aten::conv_transpose2d");
  static const Symbol kConvolution = Symbol::fromQualString("aten::_convolution");
  if (node->kind() != kConvTranspose && node->kind() != kConvolution) return std::nullopt;
  if (node->kind() == kConvolution && !Constant<bool>(node, "transposed").value_or(false)) return std::nullopt;
  const auto weight = Constant<at::Tensor>(node, "weight");
  const auto stride = ConstantExtent(node, "stride");
  const auto padding = ConstantExtent(node, "padding");
  const auto output_padding = ConstantExtent(node, "output_padding");
  const auto dilation = ConstantExtent(node, "dilation");
  if (!weight || !stride || !padding || !output_padding || !dilation) return std::nullopt;
  if (weight->dim() != 4 || weight->scalar_type() != at::kFloat || dilation->height != 1 || dilation->width != 1 ||
      Constant<int64_t>(node, "groups") != 1 || !IsNoneOrConstant(node, "bias")) {
    return std::nullopt;
  }
  const at::Tensor bias = Constant<at::Tensor>(node, "bias").value_or(at::zeros({weight->size(1)}));
  return Convolution{*weight, bias, *stride, *padding, *output_padding, Activation::kNone, node};
}

// The node that alone uses the convolution's output so far, if it is of this kind.
Node* OnlyUser(const Convolution& convolution, const char* kind) {
  const auto& uses = convolution.last->output()->uses();
  if (uses.size() != 1 || uses[0].offset != 0) return nullptr;
  Node* user = uses[0].user;
  return user->kind() == Symbol::fromQualString(kind) ? user : nullptr;
}

void FoldBatchNorm(Convolution& convolution) {
  Node* norm = OnlyUser(convolution, "aten::batch_norm");
  if (norm == nullptr || Constant<bool>(norm, "training").value_or(true)) return;
  const auto mean = Constant<at::Tensor>(norm, "running_mean");
  const auto variance = Constant<at::Tensor>(norm, "running_var");
  const auto epsilon = Constant<double>(norm, "eps");
  if (!mean || !variance || !epsilon || !IsNoneOrConstant(norm, "weight") || !IsNoneOrConstant(norm, "bias")) return;
  at::Tensor scale = at::sqrt(variance->to(at::kDouble) + *epsilon).reciprocal();
  if (const auto gamma = Constant<at::Tensor>(norm, "weight")) scale = scale * gamma->to(at::kDouble);
  at::Tensor bias = (convolution.bias.to(at::kDouble) - mean->to(at::kDouble)) * scale;
  if (const auto beta = Constant<at::Tensor>(norm, "bias")) bias = bias + beta->to(at::kDouble);
  convolution.weight = (convolution.weight.to(at::kDouble) * scale.reshape({1, -1, 1, 1})).to(at::kFloat);
  convolution.bias = bias.to(at::kFloat);
  convolution.last = norm;
}

void FoldActivation(Convolution& convolution) {
  static constexpr std::pair<const char*, Activation> kFoldable[] = {{"aten::relu", Activation::kRelu},
                                                                     {"aten::relu_", Activation::kRelu},
                                                                     {"aten::tanh", Activation::kTanh},
                                                                     {"aten::tanh_", Activation::kTanh}};
  for (const auto& [kind, activation] : kFoldable) {
    Node* user = OnlyUser(convolution, kind);
    if (user == nullptr) continue;
    convolution.activation = activation;
    convolution.last = user;
    return;
  }
}

std::span<const float> Values(const at::Tensor& contiguous) {
  return {contiguous.const_data_ptr<float>(), static_cast<size_t>(contiguous.numel())};
}

// Null if there is no kernel for it.
std::shared_ptr<const TransposedConvolution> MakeKernel(const Convolution& convolution,
                                                        const TransposedConvolutionShape& shape) {
  const at::Tensor weight = convolution.weight.contiguous();
  const at::Tensor bias = convolution.bias.to(at::kFloat).contiguous();
  return TransposedConvolution::Create(shape, Values(weight), Values(bias), convolution.activation);
}

bool Replace(Graph& graph, Node* node, const Convolution& convolution, const std::vector<int64_t>& input_size) {
  if (input_size.size() != 4) return false;
  TransposedConvolutionShape shape{.in_channels = convolution.weight.size(0),
                                   .out_channels = convolution.weight.size(1),
                                   .input = {input_size[2], input_size[3]},
                                   .kernel = {convolution.weight.size(2), convolution.weight.size(3)},
                                   .stride = convolution.stride,
                                   .padding = convolution.padding,
                                   .output_padding = convolution.output_padding};
  auto kernel = MakeKernel(convolution, shape);
  if (kernel == nullptr) return false;
  const torch::jit::WithInsertPoint at_node(node);
  Value* output = InsertKernel(graph, node->input(0), shape, std::move(kernel));
  convolution.last->output()->replaceAllUsesWith(output);
  return true;
}

// The size of each node's first input when the graph runs on `example`: found by running a copy of the graph that
// returns these inputs as well.
std::vector<std::vector<int64_t>> InputSizes(Graph& graph, const std::vector<Node*>& nodes, torch::jit::Stack stack) {
  const size_t outputs = graph.outputs().size();
  for (Node* node : nodes) graph.registerOutput(node->input(0));
  const auto copy = graph.copy();
  for (size_t i = nodes.size(); i > 0; --i) graph.eraseOutput(outputs + i - 1);
  torch::jit::InterpreterState(torch::jit::Code(copy, "forward")).run(stack);
  std::vector<std::vector<int64_t>> sizes;
  for (size_t i = 0; i < nodes.size(); ++i) sizes.push_back(stack.at(outputs + i).toTensor().sizes().vec());
  return sizes;
}

}  // namespace

int FuseTransposedConvolutions(const std::shared_ptr<Graph>& graph, torch::jit::Stack example) {
  // Collected first: replacing changes the list of nodes.
  std::vector<std::pair<Node*, Convolution>> matches;
  for (Node* node : graph->nodes()) {
    if (auto convolution = Match(node)) matches.emplace_back(node, *std::move(convolution));
  }
  std::vector<Node*> nodes;
  for (const auto& [node, convolution] : matches) nodes.push_back(node);
  const std::vector<std::vector<int64_t>> sizes = InputSizes(*graph, nodes, std::move(example));
  int replaced = 0;
  for (size_t i = 0; i < matches.size(); ++i) {
    auto& [node, convolution] = matches[i];
    FoldBatchNorm(convolution);
    FoldActivation(convolution);
    replaced += Replace(*graph, node, convolution, sizes[i]);
  }
  // In-place operations have side effects, so the chains that were replaced go only if nothing refers to them.
  torch::jit::EliminateDeadCode(graph);
  return replaced;
}

}  // namespace ganserve
