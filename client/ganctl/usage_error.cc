#include "client/ganctl/usage_error.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace ganserve::ganctl {
namespace {

// The program, then the subcommands that were given, each one of the one before.
std::vector<const CLI::App*> GivenApps(const CLI::App& app) {
  std::vector<const CLI::App*> given = {&app};
  while (!given.back()->get_subcommands().empty()) given.push_back(given.back()->get_subcommands().front());
  return given;
}

bool IsAboutNames(const CLI::ParseError& error) {
  return dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
         dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
}

}  // namespace

std::string GivenCommand(const CLI::App& app) {
  return absl::StrJoin(GivenApps(app), " ",
                       [](std::string* out, const CLI::App* given) { out->append(given->get_name()); });
}

std::string UsageText(const CLI::App& app, const CLI::ParseError& error) {
  // Whatever a subcommand does not know falls through to the program.
  const std::vector<std::string> unknown = app.remaining();
  if (unknown.empty() || !IsAboutNames(error)) return error.what();
  const bool misses_subcommand = GivenApps(app).back()->get_require_subcommand_min() > 0;
  if (misses_subcommand && !absl::StartsWith(unknown.front(), "-")) {
    return absl::StrCat("there is no subcommand \"", unknown.front(), "\"");
  }
  return absl::StrCat("not expected: ", absl::StrJoin(unknown, " "));
}

}  // namespace ganserve::ganctl
