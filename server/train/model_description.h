// model.json: what stands beside model.pt in the model repository.
#pragma once

#include <cstdint>
#include <string>

#include "server/train/network_shape.h"
#include "server/train/train_options.h"

namespace ganserve {

struct Provenance {
  std::string command;  // as typed
  uint64_t steps = 0;
  int epochs = 0;       // finished
  double seconds = 0;   // of training, this run
  std::string created;  // UTC, ISO 8601
};

// {"format": 1, "latent_size", "image": {"width", "height", "channels"}, "classes": 0, "value_range": [-1, 1],
// "provenance"}
std::string ModelJson(const TrainOptions& options, const Provenance& provenance);

// The present time for Provenance::created.
std::string UtcNow();

}  // namespace ganserve
