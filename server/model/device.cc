#include "server/model/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace ganserve {
namespace {

// 0 in a build without CUDA, on a machine without a driver, and on one without a device.
int CudaDevices() {
  const auto& hooks = at::detail::getCUDAHooks();
  return hooks.hasCUDA() ? static_cast<int>(hooks.deviceCount()) : 0;
}

}  // namespace

std::string Device::name() const { return cuda ? absl::StrCat("cuda:", index) : "cpu"; }

absl::StatusOr<Device> SelectDevice(const std::string& text) {
  if (text == "cpu") return Device{};
  const int devices = CudaDevices();
  if (text == "auto") return Device{.cuda = devices > 0, .index = 0};
  Device device{.cuda = true, .index = 0};
  absl::string_view number = text;
  if (!absl::ConsumePrefix(&number, "cuda:") || !absl::SimpleAtoi(number, &device.index) || device.index < 0) {
    return absl::InvalidArgumentError(absl::StrCat("device is '", text, "'; it must be auto, cpu or cuda:N"));
  }
  if (device.index >= devices) {
    return absl::FailedPreconditionError(
        absl::StrCat("device ", text, " is not there: this build and machine have ", devices, " CUDA devices"));
  }
  return device;
}

std::string TorchVersion() { return TORCH_VERSION; }

}  // namespace ganserve
