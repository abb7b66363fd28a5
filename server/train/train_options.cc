#include "server/train/train_options.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

using Json = nlohmann::ordered_json;

// With the data they fix the weights after each step.
constexpr const char* kFixedOptions[] = {"data",  "size", "channels",      "width",    "latent",
                                         "batch", "seed", "learning-rate", "ema-decay"};

template <typename Value>
absl::Status InRange(const char* option, Value value, Value low, Value high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(option, " is ", value, ", must be ", low, " to ", high));
}

Json Spec(const TrainOptions& options) {
  return {
      {"data", options.data},
      {"size", options.shape.image_size},
      {"channels", options.shape.channels},
      {"width", options.shape.width},
      {"latent", options.shape.latent_size},
      {"epochs", options.epochs},
      {"max-steps", options.max_steps},
      {"batch", options.batch_size},
      {"seed", options.seed},
      {"learning-rate", options.learning_rate},
      {"ema-decay", options.ema_decay},
      {"report-every", options.report_every},
      {"sample-every", options.sample_every},
      {"checkpoint-every", options.checkpoint_every},
      {"checkpoint-steps", options.checkpoint_steps},
      {"max-rollbacks", options.max_rollbacks},
  };
}

}  // namespace

absl::Status ValidateShape(const NetworkShape& shape) {
  if (shape.image_size != 32 && shape.image_size != 64 && shape.image_size != 128) {
    return absl::InvalidArgumentError(absl::StrCat("--size is ", shape.image_size, ", must be 32, 64 or 128"));
  }
  if (shape.channels != 1 && shape.channels != 3) {
    return absl::InvalidArgumentError(absl::StrCat("--channels is ", shape.channels, ", must be 1 (grey) or 3 (RGB)"));
  }
  GANSERVE_RETURN_IF_ERROR(InRange("--width", shape.width, 1, 512));
  return InRange("--latent", shape.latent_size, 1, 4096);
}

absl::Status ValidateTrainOptions(const TrainOptions& options) {
  GANSERVE_RETURN_IF_ERROR(ValidateShape(options.shape));
  GANSERVE_RETURN_IF_ERROR(InRange("--epochs", options.epochs, 1, 1'000'000));
  GANSERVE_RETURN_IF_ERROR(InRange("--max-steps", options.max_steps, 0, 1'000'000'000));
  GANSERVE_RETURN_IF_ERROR(InRange("--batch", options.batch_size, 2, 65'536));
  GANSERVE_RETURN_IF_ERROR(InRange("--threads", options.threads, 0, 1024));
  GANSERVE_RETURN_IF_ERROR(InRange("--learning-rate", options.learning_rate, 1e-8, 1.0));
  GANSERVE_RETURN_IF_ERROR(InRange("--ema-decay", options.ema_decay, 0.0, 0.999999));
  GANSERVE_RETURN_IF_ERROR(InRange("--report-every", options.report_every, 1, 1'000'000));
  GANSERVE_RETURN_IF_ERROR(InRange("--sample-every", options.sample_every, 1, 1'000'000));
  GANSERVE_RETURN_IF_ERROR(InRange("--checkpoint-steps", options.checkpoint_steps, 0, 1'000'000));
  GANSERVE_RETURN_IF_ERROR(InRange("--max-rollbacks", options.max_rollbacks, 0, 100));
  return InRange("--checkpoint-every", options.checkpoint_every, 1, 1'000'000);
}

absl::Status CheckFillsABatch(const TrainOptions& options, size_t images) {
  if (images >= static_cast<size_t>(options.batch_size)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(options.data, ": ", images, " images are fewer than one batch of ", options.batch_size));
}

std::string SpecJson(const TrainOptions& options) { return Spec(options).dump(2) + "\n"; }

absl::Status CheckResumable(const std::string& spec, const TrainOptions& options) {
  const Json before = Json::parse(spec, nullptr, /*allow_exceptions=*/false);
  if (!before.is_object()) return absl::DataLossError("the job's spec is not JSON");
  const Json now = Spec(options);
  for (const char* name : kFixedOptions) {
    const Json value = before.value(name, Json());
    if (value == now[name]) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--", name, " is ", now[name].dump(), ", but the job was started with ", value.dump()));
  }
  return absl::OkStatus();
}

}  // namespace ganserve
