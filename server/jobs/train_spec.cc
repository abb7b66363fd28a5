#include "server/jobs/train_spec.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/base/memory_limit.h"
#include "server/base/model_name.h"
#include "server/base/read_file.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

constexpr uint64_t kMaxSteps = 1'000'000'000;
constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxRequestIdBytes = 128;

// What is wrong with a spec so far.
class Faults {
 public:
  // `value` is a number; NaN is out of every range.
  template <typename Value>
  void CheckRange(const std::string& field, Value value, Value low, Value high) {
    if (value >= low && value <= high) return;
    Add(absl::StrCat(field, " is ", value, ", must be ", low, " to ", high));
  }

  void Add(std::string fault) { faults_.push_back(std::move(fault)); }

  absl::Status ToStatus() const {
    return faults_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(faults_, "; "));
  }

 private:
  std::vector<std::string> faults_;
};

bool IsNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool IsDataName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

// Of something under the data root.
void CheckFileName(const std::string& field, const std::string& name, Faults* faults) {
  if (IsDataName(name)) return;
  // A name of megabytes would make a message of megabytes.
  faults->Add(absl::StrCat(field, " is \"", name.substr(0, kMaxNameBytes), "\" (", name.size(),
                           " bytes), must be 1 to ", kMaxNameBytes,
                           " of the characters A-Z a-z 0-9 . _ - and not start with a dot"));
}

void CheckNetworks(const v1::TrainSpec& spec, Faults* faults) {
  if (const uint32_t size = spec.image_size(); size != 32 && size != 64 && size != 128) {
    faults->Add(absl::StrCat("image_size is ", size, ", must be 32, 64 or 128"));
  }
  if (spec.channels() != 1 && spec.channels() != 3) {
    faults->Add(absl::StrCat("channels is ", spec.channels(), ", must be 1 (grey) or 3 (RGB)"));
  }
  faults->CheckRange<uint32_t>("width", spec.width(), 1, 512);
  faults->CheckRange<uint32_t>("latent_size", spec.latent_size(), 1, 4096);
}

void CheckAdam(const std::string& field, const v1::AdamOptions& adam, Faults* faults) {
  faults->CheckRange(absl::StrCat(field, ".learning_rate"), adam.learning_rate(), 1e-8, 1.0);
  faults->CheckRange(absl::StrCat(field, ".beta1"), adam.beta1(), 0.0, 0.9999);
  faults->CheckRange(absl::StrCat(field, ".beta2"), adam.beta2(), 0.0, 0.999999);
  faults->CheckRange(absl::StrCat(field, ".weight_decay"), adam.weight_decay(), 0.0, 1.0);
}

// A client may be newer than this build: only the values that this build knows are taken.
template <typename Enum>
void CheckEnum(const std::string& field, Enum value, Faults* faults) {
  const auto* type = google::protobuf::GetEnumDescriptor<Enum>();
  if (type->FindValueByNumber(value) != nullptr) return;
  faults->Add(absl::StrCat(field, " is ", static_cast<int>(value), ", must be 1 to ", type->value_count() - 1));
}

void CheckEnums(const v1::TrainSpec& spec, Faults* faults) {
  CheckEnum("recipe", spec.recipe(), faults);
  CheckEnum("body", spec.body(), faults);
  CheckEnum("loss", spec.loss(), faults);
  CheckEnum("conditioning", spec.conditioning(), faults);
  CheckEnum("discriminator_norm", spec.discriminator_norm(), faults);
  CheckEnum("precision", spec.precision(), faults);
}

void CheckPenalties(const v1::TrainSpec& spec, Faults* faults) {
  constexpr double kMaxWeight = 10'000;
  faults->CheckRange("gradient_penalty", spec.gradient_penalty(), 0.0, kMaxWeight);
  faults->CheckRange("r1_penalty", spec.r1_penalty(), 0.0, kMaxWeight);
  faults->CheckRange("r2_penalty", spec.r2_penalty(), 0.0, kMaxWeight);
  faults->CheckRange<uint32_t>("penalty_every_steps", spec.penalty_every_steps(), 1, 1000);
  const bool penalised = spec.gradient_penalty() > 0 || spec.r1_penalty() > 0 || spec.r2_penalty() > 0;
  if (penalised && spec.discriminator_norm() == v1::DISCRIMINATOR_NORM_BATCH) {
    faults->Add(
        "discriminator_norm is DISCRIMINATOR_NORM_BATCH, must be NONE or SPECTRAL with gradient_penalty, r1_penalty or "
        "r2_penalty, which are defined for each image by itself");
  }
  if (spec.loss() == v1::TRAIN_LOSS_WASSERSTEIN && spec.gradient_penalty() == 0) {
    faults->Add("gradient_penalty is 0, must be more with TRAIN_LOSS_WASSERSTEIN");
  }
}

void CheckBody(const v1::TrainSpec& spec, Faults* faults) {
  if (spec.body() != v1::TRAIN_BODY_RESIDUAL || spec.discriminator_norm() != v1::DISCRIMINATOR_NORM_BATCH) return;
  faults->Add(
      "discriminator_norm is DISCRIMINATOR_NORM_BATCH, must be NONE or SPECTRAL: the discriminator of "
      "TRAIN_BODY_RESIDUAL "
      "has no batch norm");
}

void CheckSmoothing(const v1::TrainSpec& spec, Faults* faults) {
  faults->CheckRange("label_smoothing", spec.label_smoothing(), 0.0, 0.5);
  const bool has_targets = spec.loss() == v1::TRAIN_LOSS_BCE_WITH_LOGITS || spec.loss() == v1::TRAIN_LOSS_LEAST_SQUARES;
  if (spec.label_smoothing() == 0 || has_targets) return;
  faults->Add(
      absl::StrCat("label_smoothing is ", spec.label_smoothing(),
                   ", must be 0 with a loss other than TRAIN_LOSS_BCE_WITH_LOGITS and TRAIN_LOSS_LEAST_SQUARES"));
}

void CheckAugmentation(const v1::DataAugmentation& augmentation, Faults* faults) {
  faults->CheckRange("augmentation.flip_probability", augmentation.flip_probability(), 0.0, 1.0);
  faults->CheckRange("augmentation.max_rotation_degrees", augmentation.max_rotation_degrees(), 0.0, 180.0);
  faults->CheckRange("augmentation.max_crop_fraction", augmentation.max_crop_fraction(), 0.0, 0.5);
}

void CheckTraining(const v1::TrainSpec& spec, Faults* faults) {
  faults->CheckRange<uint32_t>("batch_size", spec.batch_size(), 2, 65'536);
  if (spec.has_steps()) {
    faults->CheckRange<uint64_t>("steps", spec.steps(), 1, kMaxSteps);
  } else {
    faults->CheckRange<uint32_t>("epochs", spec.epochs(), 1, 1'000'000);
  }
  faults->CheckRange<uint32_t>("discriminator_steps", spec.discriminator_steps(), 1, 100);
  if (spec.has_steps() && spec.steps() < spec.discriminator_steps()) {
    faults->Add(absl::StrCat("steps is ", spec.steps(), ", must be at least discriminator_steps, ",
                             spec.discriminator_steps(), ", or the generator is never updated"));
  }
  CheckAdam("generator_adam", spec.generator_adam(), faults);
  CheckAdam("discriminator_adam", spec.discriminator_adam(), faults);
  faults->CheckRange("final_learning_rate_factor", spec.final_learning_rate_factor(), 0.0, 1.0);
  faults->CheckRange("gradient_clip_norm", spec.gradient_clip_norm(), 0.0, 1e6);
  faults->CheckRange("ema_decay", spec.ema_decay(), 0.0, 0.999999);
  faults->CheckRange<uint32_t>("max_rollbacks", spec.max_rollbacks(), 0, 100);
}

void CheckRecords(const v1::TrainSpec& spec, Faults* faults) {
  faults->CheckRange<uint64_t>("checkpoint_every_steps", spec.checkpoint_every_steps(), 1, kMaxSteps);
  faults->CheckRange<uint64_t>("sample_every_steps", spec.sample_every_steps(), 1, kMaxSteps);
  faults->CheckRange<uint64_t>("report_every_steps", spec.report_every_steps(), 1, kMaxSteps);
  faults->CheckRange<uint32_t>("kept_checkpoints", spec.kept_checkpoints(), 1, 1000);
}

void CheckEvaluation(const v1::TrainSpec& spec, Faults* faults) {
  faults->CheckRange<uint64_t>("evaluate_every_steps", spec.evaluate_every_steps(), 0, kMaxSteps);
  faults->CheckRange<uint32_t>("evaluation_samples", spec.evaluation_samples(), 100, 100'000);
  if (!spec.extractor().empty()) CheckFileName("extractor", spec.extractor(), faults);
}

void CheckBudgets(const v1::TrainSpec& spec, Faults* faults) {
  faults->CheckRange<uint32_t>("threads", spec.threads(), 1, 1024);
  if (const uint64_t bytes = spec.memory_limit_bytes(); bytes != 0 && bytes < kMinTrainerMemoryBytes) {
    faults->Add(
        absl::StrCat("memory_limit_bytes is ", bytes, ", must be 0 (no limit) or at least ", kMinTrainerMemoryBytes));
  }
}

void CheckPromotion(const v1::TrainSpec& spec, Faults* faults) {
  const std::string& model = spec.promote_to_model();
  if (spec.promote_only_if_not_worse() && model.empty()) {
    faults->Add("promote_only_if_not_worse is true, but promote_to_model is empty");
  }
  if (model.empty() || IsModelName(model)) return;
  faults->Add(
      absl::StrCat("promote_to_model is \"", model.substr(0, kMaxModelNameLength), "\", must be ", ModelNameRule()));
}

void CheckSpec(const v1::TrainSpec& spec, Faults* faults) {
  const v1::TrainSpec resolved = ResolveTrainSpec(spec);
  CheckFileName("data", resolved.data(), faults);
  CheckEnums(resolved, faults);
  CheckNetworks(resolved, faults);
  CheckTraining(resolved, faults);
  CheckBody(resolved, faults);
  CheckPenalties(resolved, faults);
  CheckSmoothing(resolved, faults);
  CheckAugmentation(resolved.augmentation(), faults);
  CheckRecords(resolved, faults);
  CheckEvaluation(resolved, faults);
  CheckBudgets(resolved, faults);
  CheckPromotion(resolved, faults);
}

void CheckRequestId(const std::string& id, Faults* faults) {
  const bool visible = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (visible && id.size() <= kMaxRequestIdBytes) return;
  faults->Add(absl::StrCat("request_id has ", id.size(), " bytes, must be up to ", kMaxRequestIdBytes,
                           " visible ASCII characters"));
}

}  // namespace

absl::Status ValidateTrainSpec(const v1::TrainSpec& spec) {
  Faults faults;
  CheckSpec(spec, &faults);
  return faults.ToStatus();
}

absl::Status ValidateTrainJobRequest(const v1::TrainJobRequest& request) {
  Faults faults;
  CheckSpec(request.spec(), &faults);
  CheckRequestId(request.request_id(), &faults);
  return faults.ToStatus();
}

absl::StatusOr<std::string> TrainSpecToJson(const v1::TrainSpec& spec) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(spec, &json, options);
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("the spec has no JSON form: ", status.ToString()));
  return json;
}

absl::StatusOr<v1::TrainSpec> TrainSpecFromJson(const std::string& json) {
  v1::TrainSpec spec;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &spec);
  if (!status.ok()) return absl::DataLossError(absl::StrCat("the job's spec can't be read: ", status.ToString()));
  return spec;
}

absl::StatusOr<v1::TrainSpec> ReadTrainSpec(const std::string& job_path) {
  const std::string path = absl::StrCat(job_path, "/", kSpecFile);
  GANSERVE_ASSIGN_OR_RETURN(const std::string json, ReadFile(path));
  absl::StatusOr<v1::TrainSpec> spec = TrainSpecFromJson(json);
  if (!spec.ok()) return absl::Status(spec.status().code(), absl::StrCat(path, ": ", spec.status().message()));
  return spec;
}

}  // namespace ganserve
