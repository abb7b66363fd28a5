// Seeded images for tests and benchmarks of encoders, from the kindest to compress to the worst.
#pragma once

#include <cstdint>
#include <vector>

#include "server/serving/generator.h"

namespace ganserve {

enum class SampleKind {
  kConstant,     // one value
  kGradient,     // a ramp, different in each channel
  kSmooth,       // a few low-frequency waves
  kSmoothNoisy,  // the same with noise of +-4: like what a generator makes
  kFlatPatches,  // rectangles of flat colour on black: runs and repetitions
  kNoise,        // every byte uniform; does not compress
};

// `shape.bytes()` bytes, [height, width, channels]; they depend on the arguments alone.
std::vector<uint8_t> MakeSampleImage(SampleKind kind, const ImageShape& shape, uint32_t seed);

}  // namespace ganserve
