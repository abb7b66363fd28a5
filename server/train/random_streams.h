// Independent random streams from one seed. Everything random in a training run is a function of (seed, purpose,
// index), never of what was drawn before, so a run that resumes at step k draws what an uninterrupted one would have
// drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ganserve {

enum class RandomPurpose : uint64_t {
  kGeneratorWeights = 1,
  kDiscriminatorWeights = 2,
  kEpochOrder = 3,     // index: epoch
  kStepLatents = 4,    // index: step
  kSampleLatents = 5,  // the fixed latents of the sample grids
  kNormLatents = 6,    // for batch norm statistics before an export; index: batch
  kVerification = 7,   // index: batch size
  kDiffAugment = 8,    // of the images that the discriminator sees
  kPenaltyPoints = 9,  // index: step
  kDataAugment = 10,   // index: step
  kEvaluationLatents = 11,
  kEvaluationLabels = 12,
};

// Mixes its arguments (splitmix64 finaliser); the same on every machine.
uint64_t DeriveSeed(uint64_t seed, RandomPurpose purpose, uint64_t index);

// A permutation of [0, count) for one epoch: Fisher-Yates on std::mt19937_64, whose output the standard fixes.
// The distributions of the standard library are not used, because theirs is not fixed. count < 2^32.
std::vector<uint32_t> EpochOrder(uint64_t seed, uint64_t epoch, size_t count);

}  // namespace ganserve
