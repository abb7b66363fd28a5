// From the bytes of a model file to a generator that has been checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/device/device.h"
#include "server/model/model_config.h"
#include "server/serving/generator.h"

namespace ganserve {

// A model file and what is known about it.
struct ModelSource {
  std::string model;
  uint64_t version = 0;
  std::string archive;  // the bytes of model.pt, a TorchScript archive
  ModelConfig config;
};

// Loads, freezes, optimises, probes and checks a generator. The module's forward takes float latents [N, Z] or [N, Z,
// 1, 1], with int64 labels [N] after them if it has classes, and returns floats [N, C, H, W] with C 1 or 3. What
// `source.config` leaves open is probed: the input shape, the latent size (the sizes that the weights suggest), the
// image's shape, and the value range ([0, 1] if that holds every output, else [-1, 1]).
//
// An image must not depend on its batch. Where a model's kernels round differently for different batch sizes, it runs
// image by image on the CPU, and on CUDA in batches of those sizes that agree.
//
// INVALID_ARGUMENT says in one line why a model is refused: not an archive, no forward, wrong shapes or types, values
// that are not finite, or images that differ from one run to the next.
absl::StatusOr<std::shared_ptr<Generator>> LoadTorchGenerator(const ModelSource& source, const Device& device);

}  // namespace ganserve
