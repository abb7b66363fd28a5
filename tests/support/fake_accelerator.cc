// What torch asks of an out-of-tree backend is in its documentation: "Accelerator Integration", docs.pytorch.org.
#include "tests/support/fake_accelerator.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/HPUHooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace ganserve {
namespace {

// A type that LibTorch has no code for but treats as its own: tensors may move to it in place, unlike to PrivateUse1.
constexpr c10::DeviceType kType = c10::DeviceType::HPU;

// Pointers are handed out so far from the memory that they mean that reading through one is a fault on every x86-64
// processor.
constexpr size_t kAway = size_t{1} << 62;

void* Away(void* memory) { return static_cast<char*>(memory) + kAway; }
void* Back(void* pointer) { return static_cast<char*>(pointer) - kAway; }

std::atomic<size_t> bytes_in_use = 0;

// What a tensor is given, after its size.
constexpr size_t kSizeBytes = 64;  // with which what follows is aligned as torch's own allocator does it

void Free(void* memory) {
  bytes_in_use -= *static_cast<size_t*>(memory);
  std::free(memory);
}

class Memory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* const memory = std::aligned_alloc(kSizeBytes, (bytes / kSizeBytes + 2) * kSizeBytes);
    TORCH_CHECK(memory != nullptr, "no memory for ", bytes, " bytes");
    *static_cast<size_t*>(memory) = bytes;
    bytes_in_use += bytes;
    return {Away(static_cast<char*>(memory) + kSizeBytes), memory, &Free, c10::Device(kType, 0)};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    std::memcpy(Back(to), Back(const_cast<void*>(from)), bytes);
  }
};

c10::Allocator& TheMemory() {
  static Memory memory;
  return memory;
}

// The tensor as the CPU sees it: the same memory.
at::Tensor Seen(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  return at::from_blob(Back(tensor.data_ptr()), tensor.sizes(), tensor.strides(),
                       at::TensorOptions().dtype(tensor.scalar_type()));
}

// A number in C++ source is a tensor on the CPU that belongs anywhere.
void CheckPlace(const c10::OperatorHandle& op, const at::Tensor& tensor) {
  TORCH_CHECK(!tensor.defined() || !tensor.is_cpu() || tensor.unsafeGetTensorImpl()->is_wrapped_number(),
              op.operator_name(), ": one operand is on the CPU, another on the fake accelerator");
}

std::function<void(const std::string&)> observer;
// Copies to the CPU are part of it, as it is faked.
thread_local bool computing = false;

void Tell(const std::string& name) {
  if (observer) observer(name);
}

void Compute(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  for (const c10::IValue& argument : torch::jit::last(*stack, op.schema().arguments().size())) {
    if (argument.isTensor()) CheckPlace(op, argument.toTensor());
    if (argument.isTensorList()) {
      for (const at::Tensor& tensor : argument.toTensorVector()) CheckPlace(op, tensor);
    }
  }
  Tell(op.schema().name());
  computing = true;
  at::native::cpu_fallback(op, stack);
  computing = false;
}

at::Tensor Empty(at::IntArrayRef sizes, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(sizes, &TheMemory(), c10::DispatchKeySet(c10::DispatchKey::HPU),
                                   c10::dtype_or_default(dtype), format);
}

at::Tensor EmptyStrided(at::IntArrayRef sizes, at::IntArrayRef strides, std::optional<at::ScalarType> dtype,
                        std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(sizes, strides, &TheMemory(), c10::DispatchKeySet(c10::DispatchKey::HPU),
                                           c10::dtype_or_default(dtype));
}

at::Tensor CopyFrom(const at::Tensor& from, const at::Tensor& to, bool) {
  if (to.is_cpu() && !computing) Tell("read");
  Seen(to).copy_(Seen(from));
  return to;
}

at::Tensor CopyFromAndResize(const at::Tensor& from, const at::Tensor& to) {
  if (from.sizes() != to.sizes()) {
    c10::TensorImpl& changed = *to.unsafeGetTensorImpl();
    changed.set_storage_keep_dtype(at::empty(from.sizes(), to.options()).storage());
    changed.set_sizes_contiguous(from.sizes());
  }
  return CopyFrom(from, to, false);
}

at::Tensor OnAccelerator(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.to(c10::Device(kType, 0)) : tensor;
}

at::Tensor Convolution(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
  const std::optional<at::Tensor> seen_bias = bias && bias->defined() ? std::optional(Seen(*bias)) : std::nullopt;
  return OnAccelerator(at::convolution(Seen(input), Seen(weight), seen_bias, stride, padding, dilation, transposed,
                                       output_padding, groups));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> ConvolutionBackward(const at::Tensor& gradient, const at::Tensor& input,
                                                                   const at::Tensor& weight, at::IntArrayRef stride,
                                                                   at::IntArrayRef padding, at::IntArrayRef dilation,
                                                                   bool transposed, at::IntArrayRef output_padding,
                                                                   int64_t groups, std::array<bool, 3> wanted) {
  const std::vector<int64_t> bias_sizes{gradient.size(1)};
  const auto [of_input, of_weight, of_bias] =
      at::convolution_backward(Seen(gradient), Seen(input), Seen(weight), at::OptionalIntArrayRef(bias_sizes), stride,
                               padding, dilation, transposed, output_padding, groups, wanted);
  return {OnAccelerator(of_input), OnAccelerator(of_weight), OnAccelerator(of_bias)};
}

// Torch knows of one accelerator in a process, so of this one only when it is asked for.
std::atomic<bool> in_use = false;

struct Hooks final : at::HPUHooksInterface {
  bool hasHPU() const override { return in_use; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return in_use; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  void init() const override {}
  c10::DeviceIndex deviceCount() const override { return in_use ? 1 : 0; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    return at::detail::getDefaultCPUGenerator();
  }
};

const bool registered = [] {
  at::HPUHooksRegistry()->Register(
      "HPUHooks", [](at::HPUHooksArgs) -> std::unique_ptr<at::HPUHooksInterface> { return std::make_unique<Hooks>(); });
  return true;
}();

TORCH_LIBRARY_IMPL(_, HPU, library) { library.fallback(torch::CppFunction::makeFromBoxedFunction<&Compute>()); }

TORCH_LIBRARY_IMPL(aten, HPU, library) {
  library.impl("empty.memory_format", &Empty);
  library.impl("empty_strided", &EmptyStrided);
  library.impl("_copy_from", &CopyFrom);
  library.impl("_copy_from_and_resize", &CopyFromAndResize);
  library.impl("as_strided", &at::native::as_strided_tensorimpl);
  library.impl("view", &at::native::view);
  library.impl("_reshape_alias", &at::native::_reshape_alias);
  library.impl("convolution_overrideable", &Convolution);
  library.impl("convolution_backward_overrideable", &ConvolutionBackward);
}

// One device, one stream, on which everything has happened when a call returns.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return getDevice(); }
  c10::Device getDevice() const override { return {kType, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, getDevice()); }
  c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
  c10::Stream exchangeStream(c10::Stream) const override { return getStream(getDevice()); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
};

C10_REGISTER_GUARD_IMPL(HPU, Guard)

}  // namespace

c10::Device FakeAccelerator() {
  in_use = true;
  return {kType, 0};
}

void ObserveFakeAccelerator(std::function<void(const std::string&)> new_observer) {
  observer = std::move(new_observer);
}

size_t FakeAcceleratorBytes() { return bytes_in_use; }

}  // namespace ganserve
