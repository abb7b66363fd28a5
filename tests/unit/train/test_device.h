// The device on which tests train that are not about the CPU.
#pragma once

#include <torch/torch.h>

#include <cstdlib>
#include <string>

#include "server/device/torch_device.h"
#include "tests/support/fake_accelerator.h"

namespace ganserve {

// The device that GANSERVE_TEST_DEVICE names, such as cuda:0, or the fake accelerator.
inline torch::Device TestDevice() {
  const char* const name = std::getenv("GANSERVE_TEST_DEVICE");
  if (name == nullptr) return FakeAccelerator();
  const absl::StatusOr<Device> found = SelectDevice(name);
  TORCH_CHECK(found.ok(), std::string(found.status().message()));
  return ToTorch(*found);
}

inline bool IsFake(const torch::Device& device) { return device.is_hpu(); }

}  // namespace ganserve
