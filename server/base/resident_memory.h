// What this process has in memory, as the kernel counts it.
#pragma once

#include <cstdint>

namespace ganserve {

// Resident pages now, in bytes; 0 if the kernel does not tell.
uint64_t ResidentBytes();

// The most that was resident since the start or since ResetResidentPeak; at least ResidentBytes().
uint64_t ResidentPeakBytes();

// False where the kernel does not allow it: then the peak is that since the start.
bool ResetResidentPeak();

}  // namespace ganserve
