#include "server/model/fuse_transposed_convolutions.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/model/torch_dispatch.h"

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
  std::vector<int64_t> stride, padding, output_padding, dilation;
  int64_t groups = 1;
  std::vector<int64_t> input_size;  // [N, in, height, width] of the example
  bool relu = false;
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

bool IsNoneOrConstant(Node* node, const char* name) { return torch::jit::toIValue(node->namedInput(name)).has_value(); }

// The parameters of a node that is a two-dimensional transposed convolution with constant weights.
std::optional<Convolution> Match(Node* node) {
  static const Symbol kConvTranspose = Symbol::fromQualString("aten::conv_transpose2d");
  static const Symbol kConvolution = Symbol::fromQualString("aten::_convolution");
  if (node->kind() != kConvTranspose && node->kind() != kConvolution) return std::nullopt;
  if (node->kind() == kConvolution && !Constant<bool>(node, "transposed").value_or(false)) return std::nullopt;
  const auto weight = Constant<at::Tensor>(node, "weight");
  const auto stride = ConstantList(node, "stride");
  const auto padding = ConstantList(node, "padding");
  const auto output_padding = ConstantList(node, "output_padding");
  const auto dilation = ConstantList(node, "dilation");
  const auto groups = Constant<int64_t>(node, "groups");
  if (!weight || !stride || !padding || !output_padding || !dilation || !groups) return std::nullopt;
  if (weight->dim() != 4 || weight->scalar_type() != at::kFloat || *groups != 1) return std::nullopt;
  if (!IsNoneOrConstant(node, "bias")) return std::nullopt;
  Convolution convolution{*weight,         Constant<at::Tensor>(node, "bias").value_or(at::zeros({weight->size(1)})),
                          *stride,         *padding,
                          *output_padding, *dilation,
                          *groups,         {},
                          false,           node};
  return convolution;
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

void FoldRelu(Convolution& convolution) {
  Node* relu = OnlyUser(convolution, "aten::relu");
  if (relu == nullptr) relu = OnlyUser(convolution, "aten::relu_");
  if (relu == nullptr) return;
  convolution.relu = true;
  convolution.last = relu;
}

at::Tensor PackedWeight(const Convolution& convolution) {
  return CallOperator("mkldnn::_reorder_convolution_transpose_weight",
                      {convolution.weight.contiguous(), convolution.padding, convolution.output_padding,
                       convolution.stride, convolution.dilation, convolution.groups, convolution.input_size});
}

// An opaque tensor cannot be an ordinary constant; the JIT has a node of its own for it.
Value* InsertPackedWeight(Graph& graph, const at::Tensor& weight) {
  Node* constant = graph.create(Symbol::fromQualString("prim::ConstantMKLDNNTensor"), 1);
  constant->t_(torch::jit::attr::value, weight);
  return graph.insertNode(constant)->output()->setType(c10::TensorType::get());
}

void Replace(Graph& graph, Node* node, const Convolution& convolution) {
  const torch::jit::WithInsertPoint at_node(node);
  Value* no_scalars =
      graph.insertNode(graph.createList(c10::OptionalType::create(c10::NumberType::get()), {}))->output();
  Node* fused = graph.create(
      Symbol::fromQualString("mkldnn::_convolution_transpose_pointwise"),
      {node->input(0), InsertPackedWeight(graph, PackedWeight(convolution)), graph.insertConstant(convolution.bias),
       graph.insertConstant(convolution.padding), graph.insertConstant(convolution.output_padding),
       graph.insertConstant(convolution.stride), graph.insertConstant(convolution.dilation),
       graph.insertConstant(convolution.groups), graph.insertConstant(std::string(convolution.relu ? "relu" : "none")),
       no_scalars, graph.insertConstant(std::string())});
  graph.insertNode(fused);
  convolution.last->output()->replaceAllUsesWith(fused->output());
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
  for (size_t i = 0; i < matches.size(); ++i) {
    auto& [node, convolution] = matches[i];
    convolution.input_size = sizes[i];
    FoldBatchNorm(convolution);
    FoldRelu(convolution);
    Replace(*graph, node, convolution);
  }
  // In-place operations have side effects, so the chains that were replaced go only if nothing refers to them.
  torch::jit::EliminateDeadCode(graph);
  return static_cast<int>(matches.size());
}

}  // namespace ganserve
