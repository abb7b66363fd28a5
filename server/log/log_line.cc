#include "server/log/log_line.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "server/base/utf8.h"

namespace ganserve {
namespace {

bool MustEscape(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029; }

// Appends with the escapes that JSON defines. `quotes` says whether " and \ are escaped, too.
void AppendEscaped(std::string* line, std::string_view text, bool quotes) {
  while (!text.empty()) {
    const auto [code_point, bytes] = DecodeUtf8(text);
    if (code_point == '\n') {
      line->append("\\n");
    } else if (code_point == '\t') {
      line->append("\\t");
    } else if (code_point == '\r') {
      line->append("\\r");
    } else if (MustEscape(code_point)) {
      absl::StrAppend(line, "\\u", absl::Hex(static_cast<uint32_t>(code_point), absl::kZeroPad4));
    } else if (quotes && (code_point == '"' || code_point == '\\')) {
      line->append({'\\', static_cast<char>(code_point)});
    } else if (code_point == kReplacementCharacter) {
      line->append(kReplacementBytes);
    } else {
      line->append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
}

void AppendQuoted(std::string* line, std::string_view text) {
  line->push_back('"');
  AppendEscaped(line, text, /*quotes=*/true);
  line->push_back('"');
}

// In a text line, a bare value ends at the next space and has no quotes.
bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7F || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

void AppendText(std::string* line, LogFormat format, std::string_view text) {
  if (format == LogFormat::kJson || NeedsQuotes(text)) {
    AppendQuoted(line, text);
  } else {
    line->append(text);
  }
}

void AppendValue(std::string* line, LogFormat format, const LogValue& value) {
  if (const auto* text = std::get_if<std::string_view>(&value.get())) {
    AppendText(line, format, *text);
  } else if (const auto* flag = std::get_if<bool>(&value.get())) {
    line->append(*flag ? "true" : "false");
  } else if (const auto* number = std::get_if<double>(&value.get())) {
    // JSON has no NaN and no infinity.
    const std::string digits = absl::StrCat(*number);
    if (std::isfinite(*number)) {
      line->append(digits);
    } else {
      AppendText(line, format, digits);
    }
  } else if (const auto* integer = std::get_if<int64_t>(&value.get())) {
    absl::StrAppend(line, *integer);
  } else {
    absl::StrAppend(line, std::get<uint64_t>(value.get()));
  }
}

std::string Rfc3339(std::chrono::system_clock::time_point time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto unix_seconds = static_cast<std::time_t>(seconds.count());
  std::tm utc{};
  gmtime_r(&unix_seconds, &utc);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> milliseconds{};
  std::snprintf(milliseconds.data(), milliseconds.size(), ".%03dZ", static_cast<int>((since_epoch - seconds).count()));
  return absl::StrCat(date.data(), milliseconds.data());
}

std::string_view LevelName(LogFormat format, LogLevel level) {
  constexpr std::array<std::string_view, 4> kText = {"DEBUG", "INFO", "WARNING", "ERROR"};
  constexpr std::array<std::string_view, 4> kJson = {"debug", "info", "warning", "error"};
  return (format == LogFormat::kJson ? kJson : kText)[static_cast<size_t>(level)];
}

}  // namespace

std::string FormatLogLine(LogFormat format, std::chrono::system_clock::time_point time, LogLevel level,
                          std::string_view message, std::span<const LogField> fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    line.append("{\"time\":\"").append(Rfc3339(time)).append("\",\"level\":\"").append(LevelName(format, level));
    line.append("\",\"message\":");
    AppendQuoted(&line, message);
  } else {
    line.append(Rfc3339(time)).append(" ").append(LevelName(format, level)).append(" ");
    AppendEscaped(&line, message, /*quotes=*/false);
  }
  for (const LogField& field : fields) {
    if (format == LogFormat::kJson) {
      line.append(",\"").append(field.key).append("\":");
    } else {
      line.append(" ").append(field.key).append("=");
    }
    AppendValue(&line, format, field.value);
  }
  if (format == LogFormat::kJson) line.push_back('}');
  return line;
}

}  // namespace ganserve
