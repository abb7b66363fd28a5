#include "proto/spec/train_spec_flags.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "proto/spec/number_checks.h"
#include "proto/spec/train_spec_defaults.h"

namespace ganserve {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kGroup[] = "What to train";

// What a field's flag is called, the first being its name in the help, and what it is for.
struct Row {
  const char* field;
  const char* flags;
  const char* help;
};

constexpr Row kRows[] = {
    {"recipe", "--recipe", "Set of defaults for what is not given"},
    {"image_size", "--image-size,--size", "Pixels of a side: 32, 64 or 128"},
    {"channels", "--channels", "1 (grey) or 3 (RGB)"},
    {"width", "--width", "Channels of the widest feature map, 1 to 512"},
    {"latent_size", "--latent-size,--latent", "Numbers in a latent, 1 to 4096"},
    {"body", "--body", "What the networks are made of"},
    {"conditioning", "--conditioning", "Whether the networks are told the class of an image"},
    {"batch_size", "--batch-size,--batch", "Images a step, 2 to 65536"},
    {"epochs", "--epochs", "Passes over the data"},
    {"steps", "--steps,--max-steps", "Batches of the whole job, in place of --epochs"},
    {"loss", "--loss", "What both networks minimise"},
    {"discriminator_norm", "--discriminator-norm", "What keeps the discriminator's layers in bounds"},
    {"discriminator_steps", "--discriminator-steps", "Updates of the discriminator for one of the generator, 1 to 100"},
    {"gradient_penalty", "--gradient-penalty", "Weight of the gradient penalty of WGAN-GP; 0: none"},
    {"r1_penalty", "--r1-penalty", "Weight of the penalty on gradients at real images; 0: none"},
    {"r2_penalty", "--r2-penalty", "Weight of the penalty on gradients at generated images; 0: none"},
    {"penalty_every_steps", "--penalty-every-steps", "Updates of the discriminator between two with penalties"},
    {"label_smoothing", "--label-smoothing", "Real images count as real with 1 less this, 0 to 0.5"},
    {"generator_adam.learning_rate", "--generator-learning-rate", "Adam's step size, 1e-8 to 1"},
    {"generator_adam.beta1", "--generator-beta1", "Adam's decay of the mean of gradients"},
    {"generator_adam.beta2", "--generator-beta2", "Adam's decay of the mean of squared gradients"},
    {"generator_adam.weight_decay", "--generator-weight-decay", "Decoupled weight decay, 0 to 1"},
    {"discriminator_adam.learning_rate", "--discriminator-learning-rate", "The same of the discriminator"},
    {"discriminator_adam.beta1", "--discriminator-beta1", "The same of the discriminator"},
    {"discriminator_adam.beta2", "--discriminator-beta2", "The same of the discriminator"},
    {"discriminator_adam.weight_decay", "--discriminator-weight-decay", "The same of the discriminator"},
    {"final_learning_rate_factor", "--final-learning-rate-factor",
     "Part of the learning rates that is left at the last step, 0 to 1"},
    {"gradient_clip_norm", "--gradient-clip-norm", "Largest L2 norm of a network's gradients; 0: no limit"},
    {"ema_decay", "--ema-decay", "Of the averaged generator, which is the one exported; 0: no average"},
    {"augmentation.flip_probability", "--flip-probability", "Of a mirror image of a training image, 0 to 1"},
    {"augmentation.max_rotation_degrees", "--max-rotation-degrees", "Training images are turned by up to this"},
    {"augmentation.max_crop_fraction", "--max-crop-fraction", "Up to this part of each side is cropped, 0 to 0.5"},
    {"diff_augment.color", "--diff-augment-color", "The discriminator sees images in changed colours"},
    {"diff_augment.translation", "--diff-augment-translation", "The discriminator sees shifted images"},
    {"diff_augment.cutout", "--diff-augment-cutout", "The discriminator sees images with a part cut out"},
    {"seed", "--seed", "Of weights, data order and latents"},
    {"evaluate_every_steps", "--evaluate-every-steps", "Steps between two evaluations; 0: none"},
    {"evaluation_samples", "--evaluation-samples", "Generated images of an evaluation"},
    {"extractor", "--extractor", "TorchScript file under the data root; by default our own classifier"},
    {"report_every_steps", "--report-every-steps,--report-every",
     "Steps between two reports of losses; one ends each epoch, too"},
    {"sample_every_steps", "--sample-every-steps", "Steps between two sample grids"},
    {"checkpoint_every_steps", "--checkpoint-every-steps,--checkpoint-steps", "Steps between two checkpoints"},
    {"kept_checkpoints", "--kept-checkpoints", "How many of the newest checkpoints are kept, 1 to 1000"},
    {"max_rollbacks", "--max-rollbacks", "How often to go back after NaN, at half the learning rates, 0 to 100"},
    {"precision", "--precision", "What convolutions and matrix products compute in"},
    {"memory_limit_bytes", "--memory-limit-bytes", "Limit of private memory (RLIMIT_DATA); 0: none"},
};

// Those that AddTrainSpecFlags() leaves to its caller.
constexpr Row kOtherRows[] = {
    {"threads", "--threads", "Processor threads of the trainer, on which the result depends"},
    {"promote_to_model", "--promote-to-model", "Model to promote to when the job succeeds; by default none"},
    {"promote_only_if_not_worse", "--promote-only-if-not-worse", "Unless it is worse than the version on duty"},
};

// A field inside a spec, made present on the way to it.
struct Place {
  Message* message;
  const FieldDescriptor* field;
};

Place Find(const std::string& path, v1::TrainSpec* spec) {
  Place place{spec, nullptr};
  for (const absl::string_view part : absl::StrSplit(path, '.')) {
    if (place.field != nullptr)
      place.message = place.message->GetReflection()->MutableMessage(place.message, place.field);
    place.field = place.message->GetDescriptor()->FindFieldByName(std::string(part));
  }
  return place;
}

// TRAIN_LOSS_HINGE is "hinge": what all values of an enum begin with stands in the name of the unspecified one.
std::string ShortName(const EnumDescriptor& type, int value) {
  const size_t prefix = type.FindValueByNumber(0)->name().size() - std::string("UNSPECIFIED").size();
  return absl::AsciiStrToLower(type.FindValueByNumber(value)->name().substr(prefix));
}

std::vector<std::string> ShortNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) names.push_back(ShortName(type, type.value(i)->number()));
  return names;
}

void SetEnum(const Place& place, const std::string& text) {
  const EnumDescriptor& type = *place.field->enum_type();
  for (int i = 1; i < type.value_count(); ++i) {
    const int number = type.value(i)->number();
    if (ShortName(type, number) == text)
      place.message->GetReflection()->SetEnumValue(place.message, place.field, number);
  }
}

// `text` has passed Check().
void Set(const Place& place, const std::string& text) {
  const auto* reflection = place.message->GetReflection();
  uint64_t whole = 0;
  double real = 0;
  switch (place.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      if (absl::SimpleAtoi(text, &whole))
        reflection->SetUInt32(place.message, place.field, static_cast<uint32_t>(whole));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      if (absl::SimpleAtoi(text, &whole)) reflection->SetUInt64(place.message, place.field, whole);
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (absl::SimpleAtod(text, &real)) reflection->SetDouble(place.message, place.field, real);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      SetEnum(place, text);
      break;
    default:
      reflection->SetString(place.message, place.field, text);
      break;
  }
}

std::string CheckNarrowNumber(const std::string& text) {
  uint64_t number = 0;
  if (std::string fault = CheckWholeNumber(text); !fault.empty()) return fault;
  if (absl::SimpleAtoi(text, &number) && number <= std::numeric_limits<uint32_t>::max()) return "";
  return absl::StrCat("\"", text, "\" is more than ", std::numeric_limits<uint32_t>::max());
}

void Check(const FieldDescriptor& field, CLI::Option* option) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      option->check(CheckNarrowNumber)->type_name("UINT");
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      option->check(CheckWholeNumber)->type_name("UINT");
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      option->check(CheckFiniteNumber)->type_name("FLOAT");
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      option->check(CLI::IsMember(ShortNames(*field.enum_type())));
      break;
    default:
      break;
  }
}

std::string TextOf(const Place& place) {
  const auto* reflection = place.message->GetReflection();
  switch (place.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection->GetUInt32(*place.message, place.field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection->GetUInt64(*place.message, place.field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(reflection->GetDouble(*place.message, place.field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return ShortName(*place.field->enum_type(), reflection->GetEnumValue(*place.message, place.field));
    default:
      return "";
  }
}

void AddRow(CLI::App* command, const Row& row, v1::TrainSpec* spec) {
  v1::TrainSpec defaults = ResolveTrainSpec({});
  const Place fallback = Find(row.field, &defaults);
  const std::string path = row.field;
  if (fallback.field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    const auto set = [path, spec](int64_t) {
      const Place place = Find(path, spec);
      place.message->GetReflection()->SetBool(place.message, place.field, true);
    };
    command->add_flag_function(row.flags, set, row.help)->group(kGroup);
    return;
  }
  const auto set = [path, spec](const std::string& text) { Set(Find(path, spec), text); };
  CLI::Option* option = command->add_option_function<std::string>(row.flags, set, row.help)->group(kGroup);
  Check(*fallback.field, option);
  option->default_str(path == "steps" ? "" : TextOf(fallback));
}

}  // namespace

void AddTrainSpecFlags(CLI::App* command, v1::TrainSpec* spec) {
  // First, because flags take effect in this order and those of one network shall have the last word.
  const auto set_both = [spec](const std::string& text) {
    for (const char* network : {"generator_adam.learning_rate", "discriminator_adam.learning_rate"}) {
      Set(Find(network, spec), text);
    }
  };
  command->add_option_function<std::string>("--learning-rate", set_both, "Adam's step size, of both networks")
      ->check(CheckFiniteNumber)
      ->type_name("FLOAT")
      ->group(kGroup);
  for (const Row& row : kRows) AddRow(command, row, spec);
  command->get_option("--steps")->excludes("--epochs");
}

void AddTrainSpecFlag(CLI::App* command, const char* field, v1::TrainSpec* spec) {
  for (const std::span<const Row> rows : {std::span<const Row>(kRows), std::span<const Row>(kOtherRows)}) {
    for (const Row& row : rows) {
      if (absl::string_view(row.field) == field) AddRow(command, row, spec);
    }
  }
}

}  // namespace ganserve
