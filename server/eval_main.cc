// ganserve-eval: measures how good a generator is.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/base/eval_exit_codes.h"
#include "server/base/memory.h"
#include "server/eval_commands.h"
#include "server/eval_flags.h"
#include "server/eval_table.h"

namespace ganserve {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 done; 1 an error inside; 2 wrong flags; 4 a model, data or an extractor that is missing, broken or "
    "does not fit; 6 the folder to create exists already; 8 the model is worse than that of --against.";

int Failed(const std::string& message, int exit_code) {
  std::fprintf(stderr, "ganserve-eval: %s\n", message.c_str());
  return exit_code;
}

int ExitCode(const absl::Status& status) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kEvalDone;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kDataLoss:
      return Failed(message, kEvalBadInput);
    case absl::StatusCode::kAlreadyExists:
      return Failed(message, kEvalExists);
    default:
      return Failed(message, kEvalError);
  }
}

// As typed, but for quotes: an argument with blanks gets some.
std::string CommandLine(int argc, char** argv) {
  std::string line = "ganserve-eval";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const char* quote = argument.find(' ') == std::string::npos ? "" : "'";
    absl::StrAppend(&line, " ", quote, argument, quote);
  }
  return line;
}

void Print(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// Progress, for people who look on.
void TellTerminal(const std::string& line) {
  if (::isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "%s ...\n", line.c_str());
}

int Main(int argc, char** argv) {
  TuneMalloc(kTrainingMemory);
  EvaluateFlags evaluate;
  ClassifierFlags classifier;
  CLI::App app("Measures how good a generator's images are, against the data that it was trained on.", "ganserve-eval");
  app.set_version_flag("--version", GANSERVE_VERSION);
  app.footer(kExitCodes);
  AddEvaluateFlags(&app, &evaluate);
  CLI::App* train = app.add_subcommand("train-classifier", "Train a small classifier, a feature extractor, instead");
  AddClassifierFlags(train, &classifier);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    return Failed(absl::StrCat(error.what(), " (see --help)"), kEvalUsageError);
  }
  if (train->parsed()) return ExitCode(TrainClassifierCommand(classifier, CommandLine(argc, argv), Print));
  if (evaluate.data.empty()) return Failed("--data is required (see --help)", kEvalUsageError);
  const absl::StatusOr<Evaluation> evaluation = Evaluate(evaluate, TellTerminal);
  if (!evaluation.ok()) return ExitCode(evaluation.status());
  std::fputs((evaluate.json ? EvaluationJson(*evaluation) : EvaluationTable(*evaluation)).c_str(), stdout);
  if (!evaluation->rival || !evaluation->rival->why_worse) return kEvalDone;
  return Failed(absl::StrCat("worse than ", evaluate.against, ": ", *evaluation->rival->why_worse), kEvalWorse);
}

}  // namespace
}  // namespace ganserve

int main(int argc, char** argv) try { return ganserve::Main(argc, argv); } catch (const std::bad_alloc&) {
  return ganserve::Failed("out of memory", ganserve::kEvalError);
} catch (const std::exception& error) {
  return ganserve::Failed(error.what(), ganserve::kEvalError);
}
