#include "server/train/model_description.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "server/base/train_limits.h"

namespace ganserve {
namespace {

using Json = nlohmann::ordered_json;

// Paths and names need not be UTF-8; JSON must.
std::string Text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

// Whether a server takes these names.
bool CanBeNamed(const std::vector<std::string>& classes) {
  const bool complete =
      std::none_of(classes.begin(), classes.end(), [](const std::string& name) { return name.empty(); });
  return !classes.empty() && complete && Text(classes).size() <= kMaxClassNamesBytes;
}

Json AdamJson(const AdamSettings& adam) {
  return {{"learning_rate", adam.learning_rate},
          {"beta1", adam.beta1},
          {"beta2", adam.beta2},
          {"weight_decay", adam.weight_decay}};
}

}  // namespace

std::string ModelJson(const TrainSettings& settings, const Provenance& provenance) {
  const NetworkShape& shape = settings.shape;
  const Json image = {{"width", shape.image_size}, {"height", shape.image_size}, {"channels", shape.channels}};
  const Json origin = {
      {"trainer_version", GANSERVE_VERSION},
      {"architecture", shape.body == NetworkBody::kResidual ? "residual GAN" : "DCGAN"},
      {"width", shape.width},
      {"data", settings.data.empty() ? Json(nullptr) : Json(settings.data)},
      {"seed", settings.seed},
      {"job", provenance.job},
      {"step", provenance.step},
      {"fid", provenance.fid ? Json(*provenance.fid) : Json(nullptr)},
      {"batch_size", settings.batch_size},
      {"generator_adam", AdamJson(settings.generator_adam)},
      {"discriminator_adam", AdamJson(settings.discriminator_adam)},
      {"ema_decay", settings.ema_decay},
      {"precision", settings.precision == Precision::kBfloat16 ? "bfloat16" : "float32"},
      {"threads", settings.threads},
      {"created", provenance.created},
      {"command", provenance.command},
  };
  Json model = {
      {"format", 1},
      {"latent_size", shape.latent_size},
      {"image", image},
      {"classes", shape.classes},
  };
  if (CanBeNamed(settings.class_names)) model["class_names"] = settings.class_names;
  model["value_range"] = Json::array({-1, 1});
  model["provenance"] = origin;
  return Text(model, 2) + "\n";
}

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace ganserve
