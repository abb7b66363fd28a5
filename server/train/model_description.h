// model.json: what stands beside model.pt in the model repository.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/train/train_settings.h"

namespace ganserve {

// Where a generator comes from.
struct Provenance {
  std::string command;          // that exports it, as typed
  std::string job;              // name of the job directory
  uint64_t step = 0;            // whose weights they are
  std::string created;          // UTC, ISO 8601
  std::optional<double> fid{};  // if it was evaluated
};

// {"format": 1, "latent_size", "image": {"width", "height", "channels"}, "classes", "value_range": [-1, 1],
// "provenance"}
std::string ModelJson(const TrainSettings& settings, const Provenance& provenance);

// The present time for Provenance::created.
std::string UtcNow();

}  // namespace ganserve
