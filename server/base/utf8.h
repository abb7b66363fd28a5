// UTF-8 as RFC 3629 defines it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ganserve {

// U+FFFD, for what is not UTF-8.
inline constexpr char32_t kReplacementCharacter = 0xFFFD;
inline constexpr std::string_view kReplacementBytes = "\xEF\xBF\xBD";

struct DecodedCharacter {
  char32_t code_point;
  size_t bytes;  // how many bytes of the text it takes, at least 1
};

// The first character of a text that is not empty. Truncated, overlong, surrogate and out of range sequences: one byte
// as U+FFFD.
DecodedCharacter DecodeUtf8(std::string_view text);

// The text with U+FFFD for each byte that is not UTF-8: up to three times as long.
std::string ToValidUtf8(std::string_view text);

}  // namespace ganserve
