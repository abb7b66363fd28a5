// A device beside the CPU, for code that is to run on one: torch's own CPU operators on memory that nothing else can
// reach.
#pragma once

#include <c10/core/Device.h>

#include <cstddef>

namespace ganserve {

// Tensors there are computed as the CPU computes them, but an operator throws when one of its operands is left on the
// CPU, as CUDA's do, and whoever reads their memory without copying it crashes. Convolutions are torch's. Mixed
// precision is not to be had.
c10::Device FakeAccelerator();

// Of all tensors there.
size_t FakeAcceleratorBytes();

}  // namespace ganserve
