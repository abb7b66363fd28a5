#include "server/jobs/data_check.h"

#include <cstdint>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"
#include "server/base/train_limits.h"
#include "server/jobs/trainer_call.h"
#include "server/jobs/trainer_exit_codes.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

// The trainer reads it whole. InceptionV3, the largest extractor in use, has 0.1 GB.
constexpr uintmax_t kMaxExtractorBytes = uintmax_t{1} << 30;

struct DataFacts {
  uint64_t images = 0;
  uint64_t classes = 0;  // 0 without labels
};

// From what `ganserve-trainer check` prints: {"images": N, "classes": N}.
absl::StatusOr<DataFacts> ParseFacts(const std::string& output) {
  absl::string_view text = absl::StripAsciiWhitespace(output);
  const bool framed = absl::ConsumePrefix(&text, "{\"images\": ") && absl::ConsumeSuffix(&text, "}");
  constexpr absl::string_view kBetween = ", \"classes\": ";
  const size_t between = text.find(kBetween);
  DataFacts facts;
  if (framed && between != absl::string_view::npos && absl::SimpleAtoi(text.substr(0, between), &facts.images) &&
      absl::SimpleAtoi(text.substr(between + kBetween.size()), &facts.classes)) {
    return facts;
  }
  return absl::InternalError(absl::StrCat("the trainer's answer to a check of data can't be understood: ", output));
}

absl::StatusOr<DataFacts> ReadFacts(const std::string& trainer, const std::string& path, const v1::TrainSpec& spec,
                                    std::stop_token stop) {
  TrainerCommand command;
  command.arguments = {trainer, "check", "--data", path};
  command.memory_limit_bytes = spec.memory_limit_bytes();
  GANSERVE_ASSIGN_OR_RETURN(const TrainerExit exit, CallTrainer(std::move(command), std::move(stop)));
  if (exit.ExitedWith(kTrainerFinished)) return ParseFacts(exit.output);
  const std::string message = absl::StrCat("data is \"", spec.data(), "\": ", TrainerComplaint(exit));
  // A full memory or a failing disk too: the data is of no use as long as it can't be read.
  if (exit.ExitedWith(kTrainerPermanentError) || exit.ExitedWith(kTrainerError)) {
    return absl::FailedPreconditionError(message);
  }
  return absl::InternalError(absl::StrCat(message, " (reading it ended with ", exit.Describe(), ")"));
}

absl::Status CheckClasses(const v1::TrainSpec& spec, uint64_t classes) {
  if (spec.conditioning() == v1::TRAIN_CONDITIONING_NONE) return absl::OkStatus();
  if (spec.conditioning() == v1::TRAIN_CONDITIONING_CLASS && classes == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("conditioning is TRAIN_CONDITIONING_CLASS, but data \"", spec.data(), "\" has no labels"));
  }
  if (classes <= uint64_t{kMaxClasses}) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("data \"", spec.data(), "\" has ", classes, " classes, the limit is ",
                                                 kMaxClasses, " unless conditioning is TRAIN_CONDITIONING_NONE"));
}

absl::Status CheckFacts(const v1::TrainSpec& spec, const DataFacts& facts) {
  if (facts.images < spec.batch_size()) {
    return absl::InvalidArgumentError(absl::StrCat("batch_size is ", spec.batch_size(), ", but data \"", spec.data(),
                                                   "\" has ", facts.images, " images"));
  }
  if (spec.evaluate_every_steps() > 0 && facts.images < kFewestEvaluationImages) {
    return absl::InvalidArgumentError(
        absl::StrCat("evaluate_every_steps is ", spec.evaluate_every_steps(), ", must be 0 with fewer than ",
                     kFewestEvaluationImages, " images; data \"", spec.data(), "\" has ", facts.images, " images"));
  }
  return CheckClasses(spec, facts.classes);
}

absl::Status CheckExtractor(const std::string& data_root, const std::string& extractor) {
  if (extractor.empty()) return absl::OkStatus();
  const auto refused = [&](absl::string_view why) {
    return absl::FailedPreconditionError(absl::StrCat("extractor is \"", extractor, "\": ", why));
  };
  const std::string path = absl::StrCat(data_root, "/", extractor);
  std::error_code error;
  if (!fs::exists(path, error)) return refused("there is no such file on this server");
  if (!fs::is_regular_file(path, error)) return refused("is no regular file");
  const uintmax_t bytes = fs::file_size(path, error);
  if (error) return refused(error.message());
  if (bytes > kMaxExtractorBytes) {
    return refused(absl::StrCat("has ", bytes, " bytes, the limit is ", kMaxExtractorBytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTrainingData(const std::string& trainer, const std::string& data_root, const v1::TrainSpec& spec,
                               std::stop_token stop) {
  const std::string path = absl::StrCat(data_root, "/", spec.data());
  std::error_code error;
  if (!fs::exists(path, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("data is \"", spec.data(), "\": there is no such data set on this server"));
  }
  GANSERVE_RETURN_IF_ERROR(CheckExtractor(data_root, spec.extractor()));
  GANSERVE_ASSIGN_OR_RETURN(const DataFacts facts, ReadFacts(trainer, path, spec, std::move(stop)));
  return CheckFacts(spec, facts);
}

}  // namespace ganserve
