#include "server/eval/computation_error.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace ganserve {

std::string CauseOf(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string text = torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
  // Of a TorchScript error the last line that says something is its cause.
  constexpr std::string_view kMark = "Error: ";
  const size_t cause = text.rfind(kMark);
  const std::string line = cause == std::string::npos ? text : text.substr(cause + kMark.size());
  return line.substr(0, line.find('\n'));
}

bool IsOutOfMemory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  // The words of torch's allocator on the CPU, of that on a GPU, and of operator new.
  constexpr absl::string_view kTexts[] = {"can't allocate memory", "out of memory", "std::bad_alloc"};
  const std::string cause = CauseOf(error);
  return std::any_of(std::begin(kTexts), std::end(kTexts),
                     [&](absl::string_view text) { return absl::StrContains(cause, text); });
}

absl::Status ComputationError(absl::string_view doing, const std::exception& error) {
  return absl::InternalError(absl::StrCat(doing, " failed: ", CauseOf(error)));
}

}  // namespace ganserve
