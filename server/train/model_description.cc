#include "server/train/model_description.h"

#include <ctime>
#include <nlohmann/json.hpp>

namespace ganserve {

std::string ModelJson(const TrainOptions& options, const Provenance& provenance) {
  using Json = nlohmann::ordered_json;
  const NetworkShape& shape = options.shape;
  const Json image = {{"width", shape.image_size}, {"height", shape.image_size}, {"channels", shape.channels}};
  const Json origin = {
      {"trainer_version", GANSERVE_VERSION},
      {"architecture", "DCGAN"},
      {"width", shape.width},
      {"data", options.data.empty() ? Json(nullptr) : Json(options.data)},
      {"seed", options.seed},
      {"steps", provenance.steps},
      {"epochs", provenance.epochs},
      {"batch", options.batch_size},
      {"learning_rate", options.learning_rate},
      {"ema_decay", options.ema_decay},
      {"seconds", provenance.seconds},
      {"created", provenance.created},
      {"command", provenance.command},
  };
  const Json model = {
      {"format", 1},  {"latent_size", shape.latent_size},    {"image", image},
      {"classes", 0}, {"value_range", Json::array({-1, 1})}, {"provenance", origin},
  };
  return model.dump(2) + "\n";
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
