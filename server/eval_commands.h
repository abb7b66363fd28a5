// What ganserve-eval can be told to do; eval_main.cc turns a status into an exit code.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/eval/feature_extractor.h"
#include "server/eval/quality_report.h"
#include "server/eval_flags.h"
#include "server/serving/generator.h"

namespace ganserve {

// The generator of --against, measured as the first one is: same real images, latents and number of samples.
struct Rival {
  GeneratorInfo model;
  QualityReport quality;
  std::optional<std::string> why_worse;  // the first one is than this, see quality_comparison.h
};

// A generator measured against the training part of its data, and beside it the floor: other real images measured in
// its place, which is what a perfect generator would get.
struct Evaluation {
  GeneratorInfo model;
  std::string data;
  std::optional<ExtractorInfo> extractor;
  QualityReport quality;
  QualityReport floor;
  bool floor_is_test_part = false;  // else a part of the training images that is left out of the reference
  std::optional<Rival> rival{};
};

// Errors: those of loading the model, the data and the extractor, each naming the path; INVALID_ARGUMENT for a label
// that model or data don't have, or for two models whose images differ in size. `tell` hears what is being done, a line
// before each long step.
absl::StatusOr<Evaluation> Evaluate(const EvaluateFlags& flags, const std::function<void(const std::string&)>& tell);

// Trains a classifier on labelled images and publishes it as the folder of a feature extractor. `print` gets a line for
// each epoch. Errors as LoadDataSet, TrainClassifier and PublishFolderWith.
absl::Status TrainClassifierCommand(const ClassifierFlags& flags, const std::string& command_line,
                                    const std::function<void(const std::string&)>& print);

}  // namespace ganserve
