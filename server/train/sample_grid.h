// What a generator is shown by while it is trained.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/train/networks.h"

namespace ganserve {

// A PNG of eight images in a row: eight rows, or with classes a row for each of the first sixteen. `seed` fixes the
// latents, so that the pictures of a run compare. `generator` is on the CPU, in evaluation mode.
absl::StatusOr<std::string> SampleGridPng(GeneratorNetwork& generator, uint64_t seed);

}  // namespace ganserve
