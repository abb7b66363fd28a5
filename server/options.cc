#include "server/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "server/option_rules.h"
#include "server/option_table.h"
#include "server/option_text.h"
#include "server/option_values.h"

namespace ganserve {
namespace {

using Faults = std::vector<std::string>;

// What stands for the value of a flag that has none, such as --reflection. No shell passes it by accident.
constexpr const char* kNoValue = "\x1f";

// What one source says about one option. `label` is how a fault names it: "--workers", "GANSERVE_WORKERS",
// "ganserve.toml: workers".
struct Given {
  std::string label;
  std::vector<std::string> values;
};
using GivenByName = std::map<std::string, Given, std::less<>>;

struct Flags {
  GivenByName given;
  std::string config;
  bool help = false;
  bool version = false;
  bool print_config = false;
};

std::string DidYouMean(absl::string_view prefix, absl::string_view name) {
  const absl::string_view nearest = NearestOption(name);
  return nearest.empty() ? "" : absl::StrCat(", did you mean ", prefix, nearest, "?");
}

// What CLI11 had no option for. The word after an unknown option is taken for its value.
void ReportUnknownArguments(const std::vector<std::string>& arguments, Faults* faults) {
  bool after_unknown = false;
  for (const std::string& argument : arguments) {
    const bool option = absl::StartsWith(argument, "-");
    if (option) {
      const absl::string_view name = absl::string_view(argument).substr(argument.find_first_not_of('-'));
      faults->push_back(absl::StrCat(argument, ": unknown option", DidYouMean("--", name.substr(0, name.find('=')))));
    } else if (!after_unknown) {
      faults->push_back(absl::StrCat("\"", argument, "\": unexpected argument, options start with --"));
    }
    after_unknown = option;
  }
}

// The command line in the order that CLI11 takes, last first. CLI11 would take the word after `--name=` for the value.
std::vector<std::string> ReversedArguments(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i >= 1; --i) {
    std::string argument = argv[i];
    if (argument.size() > 3 && absl::StartsWith(argument, "--") && argument.back() == '=') {
      arguments.emplace_back();
      argument.pop_back();
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

// CLI11 takes the command line apart; values stay text, so that all of them can be checked before the first fault is
// told.
Flags ReadFlags(int argc, const char* const* argv, Faults* faults) {
  Flags flags;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_flag("-h,--help", flags.help);
  app.add_flag("--version", flags.version);
  app.add_flag("--print-config", flags.print_config);
  const auto add = [&app](absl::string_view name) {
    return app.add_option(absl::StrCat("--", name))
        ->expected(0, 1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->default_str(kNoValue);
  };
  const CLI::Option* const config = add("config");
  std::vector<const CLI::Option*> options;
  for (const OptionSpec& spec : OptionTable()) options.push_back(add(spec.name));
  try {
    app.parse(ReversedArguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    faults->push_back(error.what());
  }
  ReportUnknownArguments(app.remaining(), faults);
  if (config->count() > 0) flags.config = config->results().back();
  for (size_t i = 0; i < options.size(); ++i) {
    const absl::string_view name = OptionTable()[i].name;
    if (options[i]->count() > 0) flags.given.emplace(name, Given{absl::StrCat("--", name), options[i]->results()});
  }
  return flags;
}

// Only names of known options are looked up: Kubernetes puts variables such as GANSERVE_PORT into every pod beside a
// Service called ganserve, so an unknown GANSERVE_ name is no fault.
GivenByName ReadEnvironment() {
  GivenByName given;
  for (const OptionSpec& spec : OptionTable()) {
    const std::string variable = EnvironmentName(spec.name);
    const char* const value = std::getenv(variable.c_str());
    if (value != nullptr && *value != '\0') given.emplace(spec.name, Given{variable, {value}});
  }
  return given;
}

bool IsOption(absl::string_view name) {
  const auto table = OptionTable();
  return std::any_of(table.begin(), table.end(), [&](const OptionSpec& spec) { return spec.name == name; });
}

void AddFileItem(const std::string& path, const CLI::ConfigItem& item, GivenByName* given, Faults* faults) {
  if (item.name == "++" || item.name == "--") return;  // CLI11's marks of a section's start and end
  const std::string label = absl::StrCat(path, ": ", item.fullname());
  if (!item.parents.empty() || !IsOption(item.name)) {
    faults->push_back(absl::StrCat(label, ": unknown option", DidYouMean("", item.name)));
    return;
  }
  for (const std::string& input : item.inputs) {
    if (absl::StartsWith(input, "\"") || absl::StartsWith(input, "'")) {
      faults->push_back(
          absl::StrCat(label, " = ", input, ": quotes that do not close; # starts a comment inside them, too"));
    }
  }
  Given& values = (*given)[item.name];
  values.label = label;
  values.values.insert(values.values.end(), item.inputs.begin(), item.inputs.end());
}

GivenByName ReadFile(const std::string& path, Faults* faults) {
  GivenByName given;
  std::ifstream file(path);
  // A directory opens but cannot be read.
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    if (!file.is_open() || file.bad()) faults->push_back(absl::StrCat("--config = \"", path, "\": cannot be read"));
    return given;
  }
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(file)) AddFileItem(path, item, &given, faults);
  } catch (const CLI::Error& error) {
    faults->push_back(absl::StrCat("--config = \"", path, "\": ", error.what()));
  }
  return given;
}

bool IsList(const OptionSpec& spec) {
  return std::holds_alternative<std::vector<TokenFileOption> ServerOptions::*>(spec.field);
}

void ApplyValue(const OptionSpec& spec, const Given& given, std::string value, ServerOptions* options, Faults* faults) {
  if (value == kNoValue) {
    if (!std::holds_alternative<bool ServerOptions::*>(spec.field)) {
      faults->push_back(absl::StrCat(given.label, ": needs a value, ", spec.placeholder));
      return;
    }
    value = "on";
  }
  if (const absl::Status status = SetOption(spec, value, options); !status.ok()) {
    faults->push_back(absl::StrCat(given.label, " = \"", value, "\": ", status.message()));
  }
}

void ApplyGiven(const OptionSpec& spec, const Given& given, ServerOptions* options, Faults* faults) {
  if (!IsList(spec) && given.values.size() > 1) {
    faults->push_back(absl::StrCat(given.label, ": given ", given.values.size(), " values, takes one"));
    return;
  }
  for (const std::string& value : given.values) ApplyValue(spec, given, value, options, faults);
}

std::string JoinFaults(const Faults& faults) {
  if (faults.size() == 1) return faults.front();
  return absl::StrCat(faults.size(), " faults in the options:\n  ", absl::StrJoin(faults, "\n  "));
}

int64_t ByDevice(int64_t images, bool cuda) { return images != 0 ? images : cuda ? 256 : 16; }

}  // namespace

// What follows from other options keeps to the queue's size, as CheckImages demands of what is given.
int64_t BatchImages(const ServerOptions& options, bool cuda) {
  return std::min(ByDevice(options.max_batch_images, cuda), options.max_queue_images);
}

int64_t StreamWindowImages(const ServerOptions& options, bool cuda) {
  if (options.stream_window_images != 0) return options.stream_window_images;
  return std::min(4 * BatchImages(options, cuda), options.max_queue_images);
}

absl::StatusOr<CommandLine> ParseServerOptions(int argc, const char* const* argv) {
  Faults faults;
  CommandLine line;
  Flags flags = ReadFlags(argc, argv, &faults);
  if (flags.help) return CommandLine{{}, HelpText()};
  if (flags.version) return CommandLine{{}, "ganserve " GANSERVE_VERSION "\n"};
  const char* const config_variable = std::getenv("GANSERVE_CONFIG");
  if (flags.config.empty() && config_variable != nullptr) flags.config = config_variable;
  GivenByName in_file;
  if (!flags.config.empty()) in_file = ReadFile(flags.config, &faults);
  const GivenByName in_environment = ReadEnvironment();

  const std::array<const GivenByName*, 3> sources = {&flags.given, &in_environment, &in_file};
  for (const OptionSpec& spec : OptionTable()) {
    for (const GivenByName* source : sources) {
      const auto given = source->find(spec.name);
      if (given == source->end()) continue;
      ApplyGiven(spec, given->second, &line.options, &faults);
      break;
    }
  }
  for (std::string* address : {&line.options.metrics_listen, &line.options.health_listen}) {
    if (*address == "off") address->clear();
  }
  for (std::string& fault : BrokenOptionRules(line.options)) faults.push_back(std::move(fault));
  if (flags.print_config) line.answer = ConfigText(line.options, &faults);
  if (!faults.empty()) return absl::InvalidArgumentError(JoinFaults(faults));
  return line;
}

std::vector<std::pair<std::string, std::string>> DescribeOptions(const ServerOptions& options) {
  std::vector<std::pair<std::string, std::string>> description;
  for (const OptionSpec& spec : OptionTable()) {
    description.emplace_back(spec.name, FormatOption(spec, options));
  }
  return description;
}

}  // namespace ganserve
