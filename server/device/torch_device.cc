#include "server/device/torch_device.h"

#include <ATen/Context.h>

namespace ganserve {

c10::Device ToTorch(const Device& device) {
  if (!device.cuda) return c10::Device(c10::kCPU);
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device.index));
}

void MakeCudaDeterministic() {
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
}

}  // namespace ganserve
