#include "server/base/model_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace ganserve {

bool IsModelName(std::string_view name) {
  const auto valid = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= kMaxModelNameLength &&
         absl::ascii_isalpha(static_cast<unsigned char>(name[0])) && std::all_of(name.begin(), name.end(), valid);
}

std::string ModelNameRule() {
  return absl::StrCat("a letter, then letters, digits, '-', '_', '.'; up to ", kMaxModelNameLength, " characters");
}

}  // namespace ganserve
