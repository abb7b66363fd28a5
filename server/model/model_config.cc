#include "server/model/model_config.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/base/status_macros.h"
#include "server/base/train_limits.h"

namespace ganserve {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr int kMaxLatentSize = 65536;
constexpr int kMaxImageSide = 4096;

absl::Status Fault(const std::string& field, const Json& value, const std::string& limit) {
  return absl::InvalidArgumentError(absl::StrCat("model.json: ", field, " is ", value.dump(), "; it must be ", limit));
}

// The integer `object[key]` if it is there.
absl::StatusOr<std::optional<int>> Integer(const Json& object, const char* key, int low, int high) {
  const auto entry = object.find(key);
  if (entry == object.end()) return std::nullopt;
  if (!entry->is_number_integer() || *entry < low || *entry > high) {
    return Fault(key, *entry, absl::StrCat("an integer from ", low, " to ", high));
  }
  return entry->get<int>();
}

absl::StatusOr<std::optional<ImageShape>> Image(const Json& root) {
  const auto entry = root.find("image");
  if (entry == root.end()) return std::nullopt;
  if (!entry->is_object()) return Fault("image", *entry, "an object with width, height and channels");
  GANSERVE_ASSIGN_OR_RETURN(const auto width, Integer(*entry, "width", 1, kMaxImageSide));
  GANSERVE_ASSIGN_OR_RETURN(const auto height, Integer(*entry, "height", 1, kMaxImageSide));
  GANSERVE_ASSIGN_OR_RETURN(const auto channels, Integer(*entry, "channels", 1, 3));
  if (!width || !height || !channels) return Fault("image", *entry, "complete: width, height and channels");
  if (*channels == 2) return Fault("channels", *channels, "1 or 3");
  return ImageShape{*width, *height, *channels};
}

absl::StatusOr<std::optional<ValueRange>> Range(const Json& root) {
  const auto entry = root.find("value_range");
  if (entry == root.end()) return std::nullopt;
  const bool pair = entry->is_array() && entry->size() == 2 && (*entry)[0].is_number() && (*entry)[1].is_number();
  if (!pair) return Fault("value_range", *entry, "[low, high]");
  const ValueRange range{(*entry)[0].get<float>(), (*entry)[1].get<float>()};
  if (!(range.low < range.high) || !std::isfinite(range.high - range.low)) {
    return Fault("value_range", *entry, "finite, with low below high");
  }
  return range;
}

absl::StatusOr<std::vector<std::string>> ClassNames(const Json& root, int classes) {
  std::vector<std::string> names;
  const auto entry = root.find("class_names");
  if (entry == root.end()) return names;
  const bool texts = entry->is_array() && std::all_of(entry->begin(), entry->end(), [](const Json& name) {
                       return name.is_string() && !name.get_ref<const std::string&>().empty();
                     });
  if (!texts) return Fault("class_names", *entry, "a list of texts, none of them empty");
  if (entry->size() != static_cast<size_t>(classes)) {
    return absl::InvalidArgumentError(absl::StrCat("model.json: class_names has ", entry->size(),
                                                   " names; it must have as many as classes, ", classes));
  }
  size_t bytes = 0;
  for (const Json& name : *entry) bytes += names.emplace_back(name.get<std::string>()).size();
  if (bytes <= kMaxClassNamesBytes) return names;
  return absl::InvalidArgumentError(
      absl::StrCat("model.json: class_names has ", bytes, " bytes; it must have at most ", kMaxClassNamesBytes));
}

// For people, so whatever else it holds is right.
void ReadProvenance(const Json& root, ModelConfig* config) {
  const auto entry = root.find("provenance");
  if (entry == root.end() || !entry->is_object()) return;
  const auto job = entry->find("job");
  const auto step = entry->find("step");
  if (job != entry->end() && job->is_string()) config->job_id = job->get<std::string>();
  if (step != entry->end() && step->is_number_unsigned()) config->step = step->get<uint64_t>();
}

}  // namespace

absl::StatusOr<ModelConfig> ParseModelConfig(std::string_view json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return absl::InvalidArgumentError("model.json: not a JSON object");
  GANSERVE_RETURN_IF_ERROR(Integer(root, "format", kFormat, kFormat).status());
  ModelConfig config;
  GANSERVE_ASSIGN_OR_RETURN(config.latent_size, Integer(root, "latent_size", 1, kMaxLatentSize));
  GANSERVE_ASSIGN_OR_RETURN(config.image, Image(root));
  GANSERVE_ASSIGN_OR_RETURN(config.classes, Integer(root, "classes", 0, kMaxClasses));
  GANSERVE_ASSIGN_OR_RETURN(config.class_names, ClassNames(root, config.classes.value_or(0)));
  GANSERVE_ASSIGN_OR_RETURN(config.value_range, Range(root));
  ReadProvenance(root, &config);
  return config;
}

}  // namespace ganserve
