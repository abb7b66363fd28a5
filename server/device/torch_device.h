// Devices in torch's own terms: for files that see torch.
#pragma once

#include <c10/core/Device.h>

#include "server/device/device.h"

namespace ganserve {

c10::Device ToTorch(const Device& device);

// Has cuDNN and cuBLAS compute the same bits each time and in full float32: left alone, they choose by shape and speed,
// and TF32 rounds to 10 bits. For the whole process.
void MakeCudaDeterministic();

}  // namespace ganserve
