// A GeneratorExporter that writes what a test tells it to.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/publish.h"
#include "server/serving/generator_exporter.h"

namespace ganserve {

// One thread at a time.
class FakeExporter final : public GeneratorExporter {
 public:
  absl::StatusOr<uint64_t> Export(const std::string& job_id, std::optional<uint64_t> checkpoint_step,
                                  const std::string& out_folder, std::stop_token stop) override {
    ++calls;
    if (before_export) before_export(out_folder, stop);
    if (!status.ok()) return status;
    const uint64_t step = checkpoint_step.value_or(last_step);
    const absl::Status published = PublishFolderWith(out_folder, [&](const std::string& folder) -> absl::Status {
      std::ofstream(folder + "/model.pt", std::ios::binary) << archive;
      std::ofstream(folder + "/model.json")
          << absl::StrCat(R"({"provenance": {"job": ")", job_id, R"(", "step": )", step, "}}");
      return absl::OkStatus();
    });
    if (!published.ok()) return published;
    return step;
  }

  std::string archive = "archive";
  uint64_t last_step = 1000;  // of every job
  absl::Status status;
  std::function<void(const std::string& out_folder, const std::stop_token& stop)> before_export;
  int calls = 0;
};

}  // namespace ganserve
