// A check for CLI11, whose own reading of unsigned numbers takes -1, "" and what does not fit for other numbers.
#pragma once

#include <string>

namespace ganserve::ganctl {

// Empty for a decimal number from 0 to 2^64 - 1, else what is wrong with it.
std::string CheckWholeNumber(const std::string& text);

}  // namespace ganserve::ganctl
