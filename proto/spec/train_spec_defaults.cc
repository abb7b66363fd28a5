#include "proto/spec/train_spec_defaults.h"

namespace ganserve {
namespace {

struct AdamDefaults {
  double learning_rate;
  double beta1;
};

// What a recipe says; docs/training.md has the measurements behind the standard one.
struct RecipeDefaults {
  v1::TrainLoss loss;
  v1::TrainConditioning conditioning;
  v1::DiscriminatorNorm discriminator_norm;
  uint32_t discriminator_steps;
  double final_learning_rate_factor;
  AdamDefaults generator;
  AdamDefaults discriminator;
  double ema_decay;
};

constexpr RecipeDefaults kStandard{v1::TRAIN_LOSS_RELATIVISTIC,
                                   v1::TRAIN_CONDITIONING_AUTO,
                                   v1::DISCRIMINATOR_NORM_NONE,
                                   1,
                                   1.0,
                                   {4e-4, 0.5},
                                   {4e-4, 0.5},
                                   0.999};
constexpr RecipeDefaults kClassic{v1::TRAIN_LOSS_BCE_WITH_LOGITS,
                                  v1::TRAIN_CONDITIONING_NONE,
                                  v1::DISCRIMINATOR_NORM_BATCH,
                                  1,
                                  1.0,
                                  {2e-4, 0.5},
                                  {2e-4, 0.5},
                                  0.0};

// Of the standard recipe with the relativistic loss, whose penalties keep steps of this size from overshooting.
constexpr double kRelativisticLearningRate = 1.6e-3;

void ResolveAdam(const AdamDefaults& defaults, v1::AdamOptions* adam) {
  if (!adam->has_learning_rate()) adam->set_learning_rate(defaults.learning_rate);
  if (!adam->has_beta1()) adam->set_beta1(defaults.beta1);
  if (!adam->has_beta2()) adam->set_beta2(0.999);
  if (!adam->has_weight_decay()) adam->set_weight_decay(0);
}

void ResolveNetworks(v1::TrainSpec* spec) {
  if (!spec->has_image_size()) spec->set_image_size(32);
  if (!spec->has_channels()) spec->set_channels(1);
  if (!spec->has_width()) spec->set_width(64);
  if (!spec->has_latent_size()) spec->set_latent_size(100);
  if (spec->body() == v1::TRAIN_BODY_UNSPECIFIED) spec->set_body(v1::TRAIN_BODY_DCGAN);
}

void ResolveRecipe(v1::TrainSpec* spec) {
  if (spec->recipe() == v1::TRAIN_RECIPE_UNSPECIFIED) spec->set_recipe(v1::TRAIN_RECIPE_STANDARD);
  RecipeDefaults recipe = spec->recipe() == v1::TRAIN_RECIPE_CLASSIC ? kClassic : kStandard;
  if (spec->loss() == v1::TRAIN_LOSS_UNSPECIFIED) spec->set_loss(recipe.loss);
  if (spec->recipe() == v1::TRAIN_RECIPE_STANDARD && spec->loss() == v1::TRAIN_LOSS_RELATIVISTIC) {
    recipe.generator.learning_rate = recipe.discriminator.learning_rate = kRelativisticLearningRate;
  }
  if (spec->conditioning() == v1::TRAIN_CONDITIONING_UNSPECIFIED) spec->set_conditioning(recipe.conditioning);
  if (spec->discriminator_norm() == v1::DISCRIMINATOR_NORM_UNSPECIFIED) {
    spec->set_discriminator_norm(recipe.discriminator_norm);
  }
  if (!spec->has_discriminator_steps()) spec->set_discriminator_steps(recipe.discriminator_steps);
  if (!spec->has_final_learning_rate_factor()) {
    spec->set_final_learning_rate_factor(recipe.final_learning_rate_factor);
  }
  ResolveAdam(recipe.generator, spec->mutable_generator_adam());
  ResolveAdam(recipe.discriminator, spec->mutable_discriminator_adam());
  if (!spec->has_ema_decay()) spec->set_ema_decay(recipe.ema_decay);
}

void ResolvePenalties(v1::TrainSpec* spec) {
  if (!spec->has_gradient_penalty()) spec->set_gradient_penalty(spec->loss() == v1::TRAIN_LOSS_WASSERSTEIN ? 10 : 0);
  const double relativistic = spec->loss() == v1::TRAIN_LOSS_RELATIVISTIC ? 1 : 0;
  if (!spec->has_r1_penalty()) spec->set_r1_penalty(relativistic);
  if (!spec->has_r2_penalty()) spec->set_r2_penalty(relativistic);
  if (!spec->has_penalty_every_steps()) spec->set_penalty_every_steps(1);
  if (!spec->has_label_smoothing()) spec->set_label_smoothing(0);
  if (!spec->has_gradient_clip_norm()) spec->set_gradient_clip_norm(0);
}

void ResolveAugmentation(v1::DataAugmentation* data, v1::DiffAugment* diff) {
  if (!data->has_flip_probability()) data->set_flip_probability(0);
  if (!data->has_max_rotation_degrees()) data->set_max_rotation_degrees(0);
  if (!data->has_max_crop_fraction()) data->set_max_crop_fraction(0);
  if (!diff->has_color()) diff->set_color(false);
  if (!diff->has_translation()) diff->set_translation(false);
  if (!diff->has_cutout()) diff->set_cutout(false);
}

void ResolveRecords(v1::TrainSpec* spec) {
  if (!spec->has_checkpoint_every_steps()) spec->set_checkpoint_every_steps(500);
  if (!spec->has_sample_every_steps()) spec->set_sample_every_steps(500);
  if (!spec->has_report_every_steps()) spec->set_report_every_steps(100);
  if (!spec->has_kept_checkpoints()) spec->set_kept_checkpoints(2);
  if (!spec->has_evaluate_every_steps()) spec->set_evaluate_every_steps(500);
  if (!spec->has_evaluation_samples()) spec->set_evaluation_samples(2000);
}

}  // namespace

v1::TrainSpec ResolveTrainSpec(v1::TrainSpec spec) {
  ResolveNetworks(&spec);
  ResolveRecipe(&spec);
  ResolvePenalties(&spec);
  ResolveAugmentation(spec.mutable_augmentation(), spec.mutable_diff_augment());
  ResolveRecords(&spec);
  if (!spec.has_batch_size()) spec.set_batch_size(64);
  if (spec.length_case() == v1::TrainSpec::LENGTH_NOT_SET) spec.set_epochs(25);
  if (!spec.has_seed()) spec.set_seed(1);
  if (!spec.has_max_rollbacks()) spec.set_max_rollbacks(3);
  if (!spec.has_threads()) spec.set_threads(1);
  if (spec.precision() == v1::TRAIN_PRECISION_UNSPECIFIED) spec.set_precision(v1::TRAIN_PRECISION_FLOAT32);
  if (!spec.has_memory_limit_bytes()) spec.set_memory_limit_bytes(0);
  return spec;
}

}  // namespace ganserve
