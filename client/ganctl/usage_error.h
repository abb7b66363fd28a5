// What is said of a command line that the parser refused.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace ganserve::ganctl {

// "ganctl train": the program with the subcommands that were given.
std::string GivenCommand(const CLI::App& app);

// What is wrong: what nobody knows before what is missing, because a mistyped name is both.
std::string UsageText(const CLI::App& app, const CLI::ParseError& error);

}  // namespace ganserve::ganctl
