// Where forward passes and training run.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ganserve {

struct Device {
  bool cuda = false;
  int index = 0;  // of the CUDA device

  // "cpu" or "cuda:N", as torch names it.
  std::string name() const;
};

// Parses "auto", "cpu" or "cuda:N". "auto" is the first CUDA device if LibTorch and this machine have one, else the
// CPU. INVALID_ARGUMENT for other text, FAILED_PRECONDITION for a device that is not there. Loads CUDA's backend
// for all but "cpu" and text that is neither.
absl::StatusOr<Device> SelectDevice(const std::string& text);

// What there is of CUDA, for people: the number of devices, or why the backend can't be loaded. Loads it.
std::string DescribeCuda();

// LibTorch's version, such as "2.15.0".
std::string TorchVersion();

}  // namespace ganserve
