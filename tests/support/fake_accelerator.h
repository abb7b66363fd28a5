// A device beside the CPU, for code that is to run on one: torch's own CPU operators on memory that nothing else can
// reach.
#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <functional>
#include <string>

namespace ganserve {

// Tensors there are computed as the CPU computes them, but an operator throws when one of its operands is left on the
// CPU, as CUDA's do, and whoever reads their memory without copying it crashes. Convolutions are torch's. Mixed
// precision is not to be had.
c10::Device FakeAccelerator();

// Calls `observer` with the name of each operator that is computed there, such as "aten::mm", before it is, and with
// "read" when a tensor is copied to the CPU. From the thread that asks for it. Empty: nobody is called.
void ObserveFakeAccelerator(std::function<void(const std::string&)> observer);

// Of all tensors there.
size_t FakeAcceleratorBytes();

}  // namespace ganserve
