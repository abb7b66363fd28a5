// ganctl bench: how fast is the server, seen from here?
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include "client/bench/load.h"
#include "client/ganctl/command.h"
#include "client/image_client.h"
#include "client/text_file.h"
#include "proto/spec/number_checks.h"

namespace ganserve::ganctl {
namespace {

constexpr double kMaxSeconds = 86'400;

std::chrono::nanoseconds Nanoseconds(double seconds) { return std::chrono::nanoseconds(std::llround(seconds * 1e9)); }

class BenchCommand : public Command {
 public:
  CLI::App* AddTo(CLI::App& app) override;
  ExitCode Run(const CommandContext& context) override;

 private:
  void AddRequestFlags(CLI::App& command);
  void AddLoadFlags(CLI::App& command);
  absl::StatusOr<client::ClientOptions> Options(const CommandContext& context) const;
  bench::LoadPlan Plan(const client::ClientOptions& connection) const;
  ExitCode Report(const bench::LoadPlan& plan, const bench::LoadReport& report, const CommandContext& context) const;

  uint64_t seed_ = 0;
  uint32_t count_ = 1;
  std::string model_;
  std::string version_;
  std::string format_ = "png";
  bool stream_ = false;
  uint32_t callers_ = 1;
  double rate_ = 0;
  std::string arrivals_ = "poisson";
  uint32_t max_in_flight_ = 10'000;
  double warmup_s_ = 1;
  double duration_s_ = 10;
  uint64_t calls_ = 0;
  uint32_t deadline_ms_ = 0;
  uint32_t channels_ = 1;
  std::string service_config_file_;
  bool json_ = false;
};

CLI::App* BenchCommand::AddTo(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Measure images/s and latency under a load");
  AddRequestFlags(*command);
  AddLoadFlags(*command);
  command->add_flag("--json", json_, "Print JSON");
  return command;
}

void BenchCommand::AddRequestFlags(CLI::App& command) {
  command.add_option("--count", count_, "Images of a call")
      ->check(CLI::Range(uint32_t{1}, std::numeric_limits<uint32_t>::max()))
      ->capture_default_str();
  command.add_option("--seed", seed_, "Seed of the first call; each further call has the next one")
      ->check(CheckWholeNumber)
      ->capture_default_str();
  command.add_option("--model", model_, "Model; the server's default if not given");
  command.add_option("--version", version_, "Version number or alias; the one on duty if not given");
  command.add_option("--format", format_, "png or raw")->check(CLI::IsMember({"png", "raw"}))->capture_default_str();
  command.add_flag("--stream", stream_, "Use GenerateStream; a call ends with its last image");
}

void BenchCommand::AddLoadFlags(CLI::App& command) {
  CLI::Option* callers =
      command.add_option("--callers", callers_, "Closed loop: callers, each with one call at a time")
          ->capture_default_str();
  command.add_option("--rate", rate_, "Open loop: calls a second, started whether answers come or not")
      ->check(CLI::PositiveNumber)
      ->excludes(callers);
  command.add_option("--arrivals", arrivals_, "Open loop: poisson, or uniform distances")
      ->check(CLI::IsMember({"poisson", "uniform"}))
      ->capture_default_str();
  command.add_option("--max-in-flight", max_in_flight_, "Open loop: most calls under way at once")
      ->capture_default_str();
  CLI::Option* duration = command.add_option("--duration", duration_s_, "Seconds to measure")
                              ->check(CLI::Range(0.0, kMaxSeconds))
                              ->capture_default_str();
  command.add_option("--calls", calls_, "Calls to measure, instead of a time")
      ->check(CLI::PositiveNumber)
      ->excludes(duration);
  command.add_option("--warmup", warmup_s_, "Seconds before that, which do not count")
      ->check(CLI::Range(0.0, kMaxSeconds))
      ->capture_default_str();
  command.add_option("--deadline-ms", deadline_ms_, "Deadline of a call, instead of --timeout")
      ->check(CLI::PositiveNumber);
  command.add_option("--channels", channels_, "Connections over which the calls are spread")->capture_default_str();
  command.add_option("--service-config", service_config_file_,
                     "gRPC service config, JSON: what is tried again; by default nothing");
}

absl::StatusOr<client::ClientOptions> BenchCommand::Options(const CommandContext& context) const {
  client::ClientOptions options = context.connection;
  if (service_config_file_.empty()) return options;
  absl::StatusOr<std::string> text = client::ReadTextFile(service_config_file_, "the service config");
  if (!text.ok()) return text.status();
  options.service_config = *std::move(text);
  return options;
}

bench::LoadPlan BenchCommand::Plan(const client::ClientOptions& connection) const {
  bench::LoadPlan plan;
  plan.request.set_seed(seed_);
  plan.request.set_count(count_);
  plan.request.set_model(model_);
  plan.request.set_version(version_);
  plan.request.set_format(format_ == "raw" ? v1::IMAGE_FORMAT_RAW : v1::IMAGE_FORMAT_PNG);
  plan.stream = stream_;
  plan.rate = rate_;
  plan.poisson = arrivals_ == "poisson";
  plan.callers = callers_;
  plan.max_in_flight = max_in_flight_;
  plan.warmup = Nanoseconds(warmup_s_);
  plan.duration = Nanoseconds(duration_s_);
  plan.calls = calls_;
  plan.deadline = deadline_ms_ > 0 ? std::chrono::milliseconds(deadline_ms_) : connection.timeout;
  plan.channels = channels_;
  return plan;
}

ExitCode BenchCommand::Run(const CommandContext& context) {
  const bench::LoadPlan plan = Plan(context.connection);
  if (absl::Status status = bench::Validate(plan); !status.ok()) {
    return ReportUsage(std::string(status.message()), "ganctl bench");
  }
  const absl::StatusOr<client::ClientOptions> options = Options(context);
  if (!options.ok()) return ReportUsage(std::string(options.status().message()));
  const auto client = client::ImageClient::Create(*options);
  if (!client.ok()) return ReportUsage(std::string(client.status().message()));
  // A server that cannot be reached says so better to one call than to a load. It may have tokens for generating that
  // do not go for this call.
  const absl::Status reached = (*client)->GetServerInfo({.stop = context.stop}).status();
  if (!reached.ok() && !absl::IsUnauthenticated(reached)) {
    return ReportError(reached, context.connection.server, context.stop);
  }
  const absl::StatusOr<bench::LoadReport> report = bench::RunLoad(plan, *options, context.stop);
  if (!report.ok()) return ReportError(report.status(), context.connection.server, context.stop);
  return Report(plan, *report, context);
}

ExitCode BenchCommand::Report(const bench::LoadPlan& plan, const bench::LoadReport& report,
                              const CommandContext& context) const {
  const std::string text = json_ ? bench::ReportJson(plan, report) : bench::ReportText(plan, report);
  std::fputs(text.c_str(), stdout);
  if (context.stop.stop_requested()) return kInterrupted;
  if (report.calls > 0 || report.failed() == 0) return kOk;
  return report.errors.count("UNAVAILABLE") > 0 ? kUnavailable : kFailed;
}

}  // namespace

std::unique_ptr<Command> MakeBenchCommand() { return std::make_unique<BenchCommand>(); }

}  // namespace ganserve::ganctl
