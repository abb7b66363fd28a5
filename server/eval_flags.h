// The flags of ganserve-eval.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ganserve {

struct EvaluateFlags {
  std::string model = "embedded";  // or a TorchScript file, a version's folder, or a model's folder in a repository
  std::string against;  // another generator, named likewise, that the first must not be worse than; empty: none
  std::string data;     // file or folder
  std::string extractor = "fashion-mnist";  // or a file, a folder, or "none"
  uint64_t samples = 10'000;
  uint64_t seed = 1;
  std::optional<int> label;  // of all images, for conditional models
  int threads = 0;           // 0: one per core
  bool json = false;
};

struct ClassifierFlags {
  std::string data;
  std::string out;                       // folder to create
  std::vector<std::string> class_names;  // empty: those of the data, if it has any
  int epochs = 0;
  uint64_t seed = 0;
  int threads = 1;
};

// `flags` must outlive the parsing.
void AddEvaluateFlags(CLI::App* app, EvaluateFlags* flags);
void AddClassifierFlags(CLI::App* command, ClassifierFlags* flags);

}  // namespace ganserve
