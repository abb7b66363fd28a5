#include "client/text_file.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace ganserve::client {
namespace {

// Far above any certificate bundle; keeps a mistaken path from filling the memory.
constexpr size_t kMaxTextBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path, const std::string& what) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (file == nullptr) return absl::NotFoundError(absl::StrCat(what, " ", path, ": ", std::strerror(errno)));
  std::string text(kMaxTextBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return absl::NotFoundError(absl::StrCat(what, " ", path, ": ", std::strerror(errno)));
  }
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(what, " ", path, " is empty"));
  if (text.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError(absl::StrCat(what, " ", path, " is larger than ", kMaxTextBytes, " bytes"));
  }
  return text;
}

}  // namespace ganserve::client
