#include "client/ganctl/whole_number.h"

#include <cstdint>

#include "absl/strings/numbers.h"

namespace ganserve::ganctl {

std::string CheckWholeNumber(const std::string& text) {
  uint64_t number = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && absl::SimpleAtoi(text, &number)) return "";
  return "\"" + text + "\" is not a number from 0 to 18446744073709551615";
}

}  // namespace ganserve::ganctl
