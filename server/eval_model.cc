#include "server/eval_model.h"

#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/base/read_file.h"
#include "server/base/status_macros.h"
#include "server/model/model_loader.h"
#include "server/model/model_repository.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

absl::Status At(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", std::string(status.message())));
}

// A TorchScript file, and the model.json beside it if there is one.
absl::StatusOr<ModelSource> ReadModelFile(const fs::path& path) {
  ModelSource source{path.string(), 0, {}, {}};
  GANSERVE_ASSIGN_OR_RETURN(source.archive, ReadFile(path.string()));
  const std::string config_path = (path.parent_path() / "model.json").string();
  const absl::StatusOr<std::string> json = ReadFile(config_path);
  if (absl::IsNotFound(json.status())) return source;
  if (!json.ok()) return json.status();
  const absl::StatusOr<ModelConfig> config = ParseModelConfig(*json);
  if (!config.ok()) return At(config_path, config.status());
  source.config = *config;
  return source;
}

absl::StatusOr<ModelSource> FindModel(const std::string& path) {
  if (path == "embedded") return EmbeddedModel();
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return ReadModelFile(path);
  if (fs::exists(fs::path(path) / "model.pt", ignored)) return ReadModelFile(fs::path(path) / "model.pt");
  fs::path folder = fs::absolute(path).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "models/a/"
  const std::string root = folder.parent_path().string();
  const std::string name = folder.filename().string();
  GANSERVE_ASSIGN_OR_RETURN(const std::optional<ModelFolder> model, ScanModel(root, name));
  if (!model) {
    return absl::NotFoundError(
        absl::StrCat(path, ": neither a model.pt nor numbered versions of a model in this folder"));
  }
  return ReadVersion(root, name, model->on_duty);
}

}  // namespace

absl::StatusOr<std::shared_ptr<Generator>> LoadGeneratorAt(const std::string& path) {
  GANSERVE_ASSIGN_OR_RETURN(const ModelSource source, FindModel(path));
  auto generator = LoadTorchGenerator(source, Device{});
  if (!generator.ok()) return At(path, generator.status());
  return generator;
}

}  // namespace ganserve
