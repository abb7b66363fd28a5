// Random subsets that depend on a seed alone, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ganserve {

// `size` different indices below `count`, in random order: the first elements of a Fisher-Yates shuffle driven by
// Philox, keyed by `seed` with counters (stream, position). All of them when size >= count, which must be below 2^32.
std::vector<size_t> ChooseIndices(uint64_t seed, uint64_t stream, size_t count, size_t size);

}  // namespace ganserve
