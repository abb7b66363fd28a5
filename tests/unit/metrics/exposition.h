// Prometheus's text format, read back by tests.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>

namespace ganserve {

struct Exposition {
  std::map<std::string, double> samples;     // by series as written: name{label="value",...}
  std::map<std::string, std::string> types;  // by family
  std::set<std::string> helped;              // families with a HELP line that says something

  explicit Exposition(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string hash, keyword, name, rest;
      if (line.starts_with("# ")) {
        words >> hash >> keyword >> name >> rest;
        if (keyword == "TYPE") types[name] = rest;
        if (keyword == "HELP" && !rest.empty()) helped.insert(name);
      } else if (const size_t blank = line.rfind(' '); blank != std::string::npos) {
        samples[line.substr(0, blank)] = std::stod(line.substr(blank + 1));
      }
    }
  }

  std::optional<double> Value(const std::string& series) const {
    const auto found = samples.find(series);
    return found == samples.end() ? std::nullopt : std::optional(found->second);
  }

  // Series whose text starts so.
  int Count(const std::string& prefix) const {
    int count = 0;
    for (auto it = samples.lower_bound(prefix); it != samples.end() && it->first.starts_with(prefix); ++it) ++count;
    return count;
  }
};

}  // namespace ganserve
