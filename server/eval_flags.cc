#include "server/eval_flags.h"

#include "server/eval/classifier_training.h"

namespace ganserve {
namespace {

constexpr uint64_t kMaxSamples = 10'000'000;
constexpr int kMaxThreads = 1024;
constexpr int kMaxEpochs = 1000;

}  // namespace

void AddEvaluateFlags(CLI::App* app, EvaluateFlags* flags) {
  app->add_option("--model", flags->model,
                  "Generator: a TorchScript file (model.json beside it counts), a version's folder, a model's folder "
                  "of a repository (its version on duty), or 'embedded', the default model")
      ->capture_default_str();
  app->add_option("--against", flags->against,
                  "Another generator, measured in the same way: exit code 8 if the first is worse, beyond chance");
  app->add_option("--data", flags->data, "The images that the generator was trained on: a folder or one file");
  app->add_option("--extractor", flags->extractor,
                  "What makes features of images: a TorchScript file, a folder with extractor.pt and extractor.json, "
                  "'fashion-mnist', which is part of this program, or 'none'")
      ->capture_default_str();
  app->add_option("--samples", flags->samples, "Generated images; more of them give less bias and narrower intervals")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{4}, kMaxSamples));
  app->add_option("--seed", flags->seed, "The images are 0, 1, 2, ... of this seed, as the server makes them")
      ->capture_default_str();
  app->add_option("--label", flags->label,
                  "Of a conditional model: only images of this class, against those of the data");
  app->add_option("--threads", flags->threads, "0: one per core")
      ->capture_default_str()
      ->check(CLI::Range(0, kMaxThreads));
  app->add_flag("--json", flags->json, "Print one JSON object instead of a table");
}

void AddClassifierFlags(CLI::App* command, ClassifierFlags* flags) {
  const ClassifierOptions defaults;
  flags->epochs = defaults.epochs;
  flags->seed = defaults.seed;
  command->add_option("--data", flags->data, "Labelled images with a training and a test part")->required();
  command->add_option("--out", flags->out, "Folder to create, with extractor.pt and extractor.json")->required();
  command->add_option("--class-names", flags->class_names, "Separated by commas; by default those of the data, if any")
      ->delimiter(',');
  command->add_option("--epochs", flags->epochs, "Passes over the data")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxEpochs));
  command->add_option("--seed", flags->seed, "Seed of everything random")->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads of torch, on which the result depends")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxThreads));
}

}  // namespace ganserve
