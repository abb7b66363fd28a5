// Checks for CLI11, whose own reading of numbers takes "" for 0, and -1 and what does not fit for other numbers.
#pragma once

#include <string>

namespace ganserve {

// Empty for a decimal number from 0 to 2^64 - 1, else what is wrong with it.
std::string CheckWholeNumber(const std::string& text);

// Empty for a finite decimal number such as 0.0002 or 2e-4, else what is wrong with it.
std::string CheckFiniteNumber(const std::string& text);

}  // namespace ganserve
