#include "server/device/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <torch/version.h>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace ganserve {
namespace {

// LibTorch's CUDA backend registers itself with ATen when its library is loaded. It is loaded here rather than linked:
// one build serves with and without it, a server for the CPU does without its gigabytes, and the threads of other
// libraries keep small stacks. What is linked adds its thread-local storage to every stack, cuBLAS alone 92 KiB, and
// civetweb gives its threads 100 KiB. Empty: loaded, now or before; else why not.
std::string LoadCudaBackend() {
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr) return "";
  return dlerror();
}

// 0 on a machine without a driver, and on one without a device.
int CudaDevices() {
  const auto& hooks = at::detail::getCUDAHooks();
  return hooks.hasCUDA() ? static_cast<int>(hooks.deviceCount()) : 0;
}

}  // namespace

std::string Device::name() const { return cuda ? absl::StrCat("cuda:", index) : "cpu"; }

absl::StatusOr<Device> SelectDevice(const std::string& text) {
  if (text == "cpu") return Device{};
  Device device{.cuda = true, .index = 0};
  absl::string_view number = text;
  const bool numbered =
      absl::ConsumePrefix(&number, "cuda:") && absl::SimpleAtoi(number, &device.index) && device.index >= 0;
  if (!numbered && text != "auto") {
    return absl::InvalidArgumentError(absl::StrCat("device is '", text, "'; it must be auto, cpu or cuda:N"));
  }
  const int devices = LoadCudaBackend().empty() ? CudaDevices() : 0;
  if (text == "auto") return Device{.cuda = devices > 0, .index = 0};
  if (device.index >= devices) {
    return absl::FailedPreconditionError(absl::StrCat("device ", text, " is not there: ", DescribeCuda()));
  }
  return device;
}

std::string DescribeCuda() {
  const std::string fault = LoadCudaBackend();
  return fault.empty() ? absl::StrCat("CUDA devices with a driver: ", CudaDevices()) : absl::StrCat("no CUDA: ", fault);
}

std::string TorchVersion() { return TORCH_VERSION; }

}  // namespace ganserve
