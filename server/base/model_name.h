// What models and aliases may be called.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ganserve {

// The longest name of a model or alias, in bytes: names stand in paths, labels of metrics, logs and error messages.
inline constexpr size_t kMaxModelNameLength = 64;

// A letter, then letters, digits, '-', '_', '.'; at most kMaxModelNameLength characters. So it is never "..", never a
// path, and never what a version could be called.
bool IsModelName(std::string_view name);

// The rule in words, for messages: "a letter, then ...".
std::string ModelNameRule();

}  // namespace ganserve
