#include <filesystem>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/base/read_file.h"
#include "server/base/status_macros.h"
#include "server/eval/feature_extractor.h"

namespace ganserve {
namespace {

// extractor.json of the folder, which need not be there.
absl::StatusOr<ExtractorConfig> ReadExtractorConfig(const std::string& folder) {
  const auto json = ReadFile(absl::StrCat(folder, "/extractor.json"));
  if (absl::IsNotFound(json.status())) return ExtractorConfig{};
  if (!json.ok()) return json.status();
  absl::StatusOr<ExtractorConfig> config = ParseExtractorConfig(*json);
  if (config.ok()) return config;
  return absl::InvalidArgumentError(absl::StrCat(folder, "/", std::string(config.status().message())));
}

}  // namespace

absl::StatusOr<ExtractorSource> FindExtractor(const std::string& choice) {
  if (choice == kEmbeddedExtractor) return EmbeddedExtractor();
  ExtractorSource source{choice, {}, {}};
  std::error_code ignored;
  if (std::filesystem::is_directory(choice, ignored)) {
    source.name = absl::StrCat(choice, "/extractor.pt");
    GANSERVE_ASSIGN_OR_RETURN(source.config, ReadExtractorConfig(choice));
  }
  GANSERVE_ASSIGN_OR_RETURN(source.archive, ReadFile(source.name));
  return source;
}

}  // namespace ganserve
