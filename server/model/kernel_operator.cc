#include "server/model/kernel_operator.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/csrc/jit/runtime/register_ops_utils.h>
#include <torch/custom_class.h>

#include <utility>

namespace ganserve {
namespace {

using torch::jit::Node;
using torch::jit::Symbol;

// A constant of the graph.
struct Kernel final : torch::CustomClassHolder {
  Kernel(const TransposedConvolutionShape& kernel_shape, std::shared_ptr<const TransposedConvolution> kernel)
      : shape(kernel_shape), convolution(std::move(kernel)) {}

  const TransposedConvolutionShape shape;
  const std::shared_ptr<const TransposedConvolution> convolution;
};

at::Tensor Run(const Kernel& kernel, const at::Tensor& input) {
  const TransposedConvolutionShape& shape = kernel.shape;
  TORCH_CHECK(input.dim() == 4 && input.size(1) == shape.in_channels && input.size(2) == shape.input.height &&
                  input.size(3) == shape.input.width && input.scalar_type() == at::kFloat && input.is_cpu(),
              "a transposed convolution for floats [N, ", shape.in_channels, ", ", shape.input.height, ", ",
              shape.input.width, "] was given ", input.scalar_type(), " ", input.sizes());
  const at::Tensor dense = input.contiguous(at::MemoryFormat::ChannelsLast);
  const Extent extent = shape.output();
  at::Tensor output = at::empty({input.size(0), shape.out_channels, extent.height, extent.width},
                                input.options().memory_format(at::MemoryFormat::ChannelsLast));
  kernel.convolution->Run(dense.const_data_ptr<float>(), input.size(0), output.mutable_data_ptr<float>());
  return output;
}

void RunOnStack(torch::jit::Stack& stack) {
  const auto kernel = torch::jit::pop(stack).toCustomClass<Kernel>();
  const at::Tensor input = torch::jit::pop(stack).toTensor();
  torch::jit::push(stack, Run(*kernel, input));
}

// The class first: the operator's schema names it.
const torch::class_<Kernel> class_registration("ganserve", "TransposedConvolution");
const torch::jit::RegisterOperators registration({torch::jit::Operator(
    "ganserve::transposed_convolution(Tensor input, __torch__.torch.classes.ganserve.TransposedConvolution kernel) -> "
    "Tensor",
    RunOnStack, c10::AliasAnalysisKind::PURE_FUNCTION)});

}  // namespace

torch::jit::Value* InsertKernel(torch::jit::Graph& graph, torch::jit::Value* input,
                                const TransposedConvolutionShape& shape,
                                std::shared_ptr<const TransposedConvolution> kernel) {
  torch::jit::Value* constant =
      graph.insertConstant(c10::IValue(c10::make_intrusive<Kernel>(shape, std::move(kernel))));
  Node* node = graph.create(Symbol::fromQualString("ganserve::transposed_convolution"), {input, constant});
  return graph.insertNode(node)->output()->setType(c10::TensorType::get());
}

}  // namespace ganserve
