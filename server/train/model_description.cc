#include "server/train/model_description.h"

#include <ctime>
#include <nlohmann/json.hpp>

namespace ganserve {
namespace {

using Json = nlohmann::ordered_json;

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
      {"threads", settings.threads},
      {"created", provenance.created},
      {"command", provenance.command},
  };
  const Json model = {
      {"format", 1},
      {"latent_size", shape.latent_size},
      {"image", image},
      {"classes", shape.classes},
      {"value_range", Json::array({-1, 1})},
      {"provenance", origin},
  };
  // Paths and names need not be UTF-8; JSON must.
  return model.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
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
