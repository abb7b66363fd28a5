#include "proto/spec/number_checks.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/numbers.h"

namespace ganserve {

std::string CheckWholeNumber(const std::string& text) {
  uint64_t number = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && absl::SimpleAtoi(text, &number)) return "";
  return "\"" + text + "\" is not a number from 0 to 18446744073709551615";
}

std::string CheckFiniteNumber(const std::string& text) {
  double number = 0;
  const bool plain = text.find_first_not_of("0123456789.eE+-") == std::string::npos;
  if (plain && absl::SimpleAtod(text, &number) && std::isfinite(number)) return "";
  return "\"" + text + "\" is not a finite number";
}

}  // namespace ganserve
