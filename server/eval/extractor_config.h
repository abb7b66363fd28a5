// extractor.json: what the folder of a feature extractor says about its extractor.pt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/data/image_set.h"

namespace ganserve {

struct ExtractorConfig {
  // Images of another size are brought to this one (server/data/image_fit.h); absent: the extractor must take them as
  // they are. Of the channels only that they are 1 or 3.
  std::optional<PlanarShape> image;
  std::vector<std::string> class_names;  // of the logits; may be empty
};

// Parses {"format": 1, "image": {"width": 32, "height": 32, "channels": 1}, "class_names": ["Bag", ...], "provenance":
// {...}}; all but the format is optional, and the provenance is for people. INVALID_ARGUMENT names the field.
absl::StatusOr<ExtractorConfig> ParseExtractorConfig(std::string_view json);

// Where a classifier that this project trained comes from.
struct ClassifierOrigin {
  std::string command;
  std::string data;
  double test_accuracy = 0;
  double train_seconds = 0;
};

// The text of extractor.json for such a classifier.
std::string ClassifierJson(const ExtractorConfig& config, const ClassifierOrigin& origin);

}  // namespace ganserve
