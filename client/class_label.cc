#include "client/class_label.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace ganserve::client {
namespace {

// A line that people still read.
constexpr int kNamesShown = 20;

bool IsAskedFor(const v1::ModelVersionInfo& version, const std::string& text) {
  if (text.empty()) return version.on_duty();
  return text == absl::StrCat(version.version()) ||
         std::find(version.aliases().begin(), version.aliases().end(), text) != version.aliases().end();
}

const v1::ModelVersionInfo* FindVersion(const v1::GetServerInfoResponse& info, const std::string& model,
                                        const std::string& version) {
  for (const v1::ModelVersionInfo& candidate : info.models()) {
    if (candidate.model() == model && IsAskedFor(candidate, version)) return &candidate;
  }
  return nullptr;
}

std::string NamesText(const v1::ModelVersionInfo& version) {
  const auto& names = version.class_names();
  const int shown = std::min(names.size(), kNamesShown);
  std::string text = absl::StrJoin(names.begin(), names.begin() + shown, ", ");
  if (shown < names.size()) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

}  // namespace

absl::StatusOr<uint32_t> FindClass(const v1::GetServerInfoResponse& info, const std::string& model,
                                   const std::string& version, const std::string& name) {
  const std::string& asked = model.empty() ? info.default_model() : model;
  const v1::ModelVersionInfo* const found = FindVersion(info, asked, version);
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("the server has no model \"", asked, "\"",
                                            version.empty() ? " on duty" : absl::StrCat(" version ", version)));
  }
  const std::string which = absl::StrCat("model ", found->model(), " version ", found->version());
  if (found->classes() == 0) return absl::InvalidArgumentError(absl::StrCat(which, " has no classes"));
  if (found->class_names().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "label is \"", name, "\", but ", which, " does not name its classes; it must be 0 to ", found->classes() - 1));
  }
  std::vector<int> classes;
  for (int i = 0; i < found->class_names_size(); ++i) {
    if (absl::EqualsIgnoreCase(found->class_names(i), name)) classes.push_back(i);
  }
  if (classes.size() == 1) return static_cast<uint32_t>(classes.front());
  if (classes.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("label is \"", name, "\", which is the name of classes ", absl::StrJoin(classes, ", ")));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("label is \"", name, "\"; ", which, " has the classes ", NamesText(*found)));
}

}  // namespace ganserve::client
