// model.json: what a version's folder says about its model.pt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/model/quantize.h"
#include "server/serving/generator.h"

namespace ganserve {

// Every field is optional: what is absent is found out by probing the model.
struct ModelConfig {
  std::optional<int> latent_size;             // 1 to 65,536
  std::optional<ImageShape> image;            // width and height 1 to 4,096; channels 1 or 3
  std::optional<int> classes;                 // 0 to 65,536
  std::vector<std::string> class_names = {};  // as many as classes, or none; 64 KiB together
  std::optional<ValueRange> value_range;      // low < high
  // What a generator says that was promoted from a training job; "" and 0 otherwise.
  std::string job_id = {};
  uint64_t step = 0;
};

// Parses the text of a model.json: {"format": 1, "latent_size": 100, "image": {"width": 32, "height": 32, "channels":
// 1}, "classes": 2, "class_names": ["shoe", "bag"], "value_range": [-1, 1], "provenance": {"job": "...", "step": 9370,
// ...}}. INVALID_ARGUMENT names the field, its value and the limit.
absl::StatusOr<ModelConfig> ParseModelConfig(std::string_view json);

}  // namespace ganserve
