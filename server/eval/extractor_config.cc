#include "server/eval/extractor_config.h"

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxSide = 4096;

absl::Status Fault(const std::string& field, const Json& value, const std::string& limit) {
  return absl::InvalidArgumentError(
      absl::StrCat("extractor.json: ", field, " is ", value.dump(), "; it must be ", limit));
}

absl::StatusOr<int> Side(const Json& image, const char* key) {
  const auto entry = image.find(key);
  if (entry == image.end() || !entry->is_number_integer() || *entry < 1 || *entry > kMaxSide) {
    return Fault(absl::StrCat("image.", key), entry == image.end() ? Json() : *entry,
                 absl::StrCat("an integer from 1 to ", kMaxSide));
  }
  return entry->get<int>();
}

absl::StatusOr<std::optional<PlanarShape>> Image(const Json& root) {
  const auto image = root.find("image");
  if (image == root.end()) return std::nullopt;
  if (!image->is_object()) return Fault("image", *image, "an object with width, height and channels");
  GANSERVE_ASSIGN_OR_RETURN(const int width, Side(*image, "width"));
  GANSERVE_ASSIGN_OR_RETURN(const int height, Side(*image, "height"));
  GANSERVE_ASSIGN_OR_RETURN(const int channels, Side(*image, "channels"));
  if (channels != 1 && channels != 3) return Fault("image.channels", channels, "1 or 3");
  return PlanarShape{width, height, channels};
}

absl::StatusOr<std::vector<std::string>> ClassNames(const Json& root) {
  std::vector<std::string> names;
  const auto entry = root.find("class_names");
  if (entry == root.end()) return names;
  if (!entry->is_array()) return Fault("class_names", *entry, "a list of texts");
  for (const Json& name : *entry) {
    if (!name.is_string()) return Fault("class_names", *entry, "a list of texts");
    names.push_back(name.get<std::string>());
  }
  return names;
}

}  // namespace

absl::StatusOr<ExtractorConfig> ParseExtractorConfig(std::string_view json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return absl::InvalidArgumentError("extractor.json: not a JSON object");
  const auto format = root.find("format");
  if (format == root.end() || *format != 1) return Fault("format", format == root.end() ? Json() : *format, "1");
  ExtractorConfig config;
  GANSERVE_ASSIGN_OR_RETURN(config.image, Image(root));
  GANSERVE_ASSIGN_OR_RETURN(config.class_names, ClassNames(root));
  return config;
}

std::string ClassifierJson(const ExtractorConfig& config, const ClassifierOrigin& origin) {
  Json root = {{"format", 1}};
  if (config.image) {
    root["image"] = {
        {"width", config.image->width}, {"height", config.image->height}, {"channels", config.image->channels}};
  }
  if (!config.class_names.empty()) root["class_names"] = config.class_names;
  root["provenance"] = {{"trainer_version", GANSERVE_VERSION},
                        {"data", origin.data},
                        {"test_accuracy", origin.test_accuracy},
                        {"train_seconds", origin.train_seconds},
                        {"command", origin.command}};
  // Paths and names need not be UTF-8; JSON must.
  return root.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ganserve
