#include "server/option_values.h"

#include <array>
#include <charconv>
#include <limits>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

struct UnitName {
  absl::string_view name;
  int64_t factor;
};

constexpr std::array<UnitName, 4> kDurationUnits = {{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<UnitName, 4> kByteUnits = {{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}};

// Digits only: no sign, no space, no fraction.
absl::StatusOr<int64_t> ParseWholeNumber(absl::string_view digits) {
  int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || error != std::errc() || parsed != end || digits.front() == '-') {
    return absl::InvalidArgumentError("not a whole number");
  }
  return number;
}

// A whole number and one of the units.
template <size_t N>
absl::StatusOr<int64_t> ParseWithUnit(absl::string_view text, const std::array<UnitName, N>& units) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  GANSERVE_ASSIGN_OR_RETURN(const int64_t number, ParseWholeNumber(text.substr(0, digits)));
  const absl::string_view suffix = text.substr(digits);
  for (const UnitName& unit : units) {
    if (suffix != unit.name) continue;
    if (number > std::numeric_limits<int64_t>::max() / unit.factor) return absl::InvalidArgumentError("too large");
    return number * unit.factor;
  }
  return absl::InvalidArgumentError("unknown unit");
}

template <size_t N>
std::string FormatWithUnit(int64_t amount, const std::array<UnitName, N>& units) {
  for (const UnitName& unit : units) {
    if (amount != 0 && amount % unit.factor == 0) return absl::StrCat(amount / unit.factor, unit.name);
  }
  return absl::StrCat(amount);
}

std::string FormatAmount(OptionUnit unit, int64_t amount) {
  return unit == OptionUnit::kBytes ? FormatBytes(amount) : absl::StrCat(amount);
}

template <typename T>
struct Choice {
  absl::string_view name;
  T value;
};

constexpr std::array<Choice<bool>, 6> kSwitch = {
    {{"on", true}, {"off", false}, {"true", true}, {"false", false}, {"1", true}, {"0", false}}};
constexpr std::array<Choice<LogFormat>, 2> kLogFormats = {{{"text", LogFormat::kText}, {"json", LogFormat::kJson}}};
constexpr std::array<Choice<LogLevel>, 4> kLogLevels = {{{"debug", LogLevel::kDebug},
                                                         {"info", LogLevel::kInfo},
                                                         {"warning", LogLevel::kWarning},
                                                         {"error", LogLevel::kError}}};

const auto& ChoicesOf(bool) { return kSwitch; }
const auto& ChoicesOf(LogFormat) { return kLogFormats; }
const auto& ChoicesOf(LogLevel) { return kLogLevels; }

// SetValue: one overload per type of field.

template <typename T>
requires(std::is_enum_v<T> || std::is_same_v<T, bool>) absl::Status
    SetValue(const OptionSpec& spec, absl::string_view text, T* value) {
  for (const auto& choice : ChoicesOf(T{})) {
    if (text != choice.name) continue;
    *value = choice.value;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("must be one of ", spec.placeholder));
}

absl::Status SetValue(const OptionSpec&, absl::string_view text, std::string* value) {
  *value = std::string(text);
  return absl::OkStatus();
}

absl::Status SetValue(const OptionSpec& spec, absl::string_view text, int64_t* value) {
  const bool bytes = spec.unit == OptionUnit::kBytes;
  const absl::StatusOr<int64_t> number = bytes ? ParseBytes(text) : ParseWholeNumber(text);
  if (!number.ok() || *number < spec.min || *number > spec.max) {
    return absl::InvalidArgumentError(absl::StrCat("must be a ", bytes ? "size such as 64KiB or 16MiB" : "whole number",
                                                   " from ", FormatAmount(spec.unit, spec.min), " to ",
                                                   FormatAmount(spec.unit, spec.max)));
  }
  *value = *number;
  return absl::OkStatus();
}

absl::Status SetValue(const OptionSpec& spec, absl::string_view text, std::chrono::milliseconds* value) {
  const absl::StatusOr<std::chrono::milliseconds> duration = ParseDuration(text);
  if (!duration.ok() || duration->count() < spec.min || duration->count() > spec.max) {
    return absl::InvalidArgumentError(absl::StrCat("must be a duration such as 500ms, 30s or 5m from ",
                                                   FormatDuration(std::chrono::milliseconds(spec.min)), " to ",
                                                   FormatDuration(std::chrono::milliseconds(spec.max))));
  }
  *value = *duration;
  return absl::OkStatus();
}

absl::Status SetValue(const OptionSpec&, absl::string_view text, std::vector<TokenFileOption>* value) {
  std::vector<TokenFileOption> files;
  for (const absl::string_view item : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(item, absl::MaxSplits('=', 1));
    const bool known = parts.first == "generate" || parts.first == "info" || parts.first == "admin";
    if (!known || parts.second.empty()) {
      return absl::InvalidArgumentError("must be generate=FILE, info=FILE or admin=FILE");
    }
    files.push_back({std::string(parts.first), std::string(parts.second)});
  }
  value->insert(value->end(), files.begin(), files.end());
  return absl::OkStatus();
}

// FormatValue: likewise.

template <typename T>
requires(std::is_enum_v<T> || std::is_same_v<T, bool>) std::string FormatValue(const OptionSpec&, T value) {
  for (const auto& choice : ChoicesOf(value)) {
    if (choice.value == value) return std::string(choice.name);
  }
  return "";
}

std::string FormatValue(const OptionSpec&, const std::string& value) { return value; }
std::string FormatValue(const OptionSpec& spec, int64_t value) { return FormatAmount(spec.unit, value); }
std::string FormatValue(const OptionSpec&, std::chrono::milliseconds value) { return FormatDuration(value); }
std::string FormatValue(const OptionSpec&, const std::vector<TokenFileOption>& value) {
  return absl::StrJoin(value, ",", [](std::string* out, const TokenFileOption& file) {
    absl::StrAppend(out, file.group, "=", file.path);
  });
}

}  // namespace

absl::StatusOr<std::chrono::milliseconds> ParseDuration(absl::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  GANSERVE_ASSIGN_OR_RETURN(const int64_t milliseconds, ParseWithUnit(text, kDurationUnits));
  return std::chrono::milliseconds(milliseconds);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  return FormatWithUnit(duration.count(), kDurationUnits);
}

absl::StatusOr<int64_t> ParseBytes(absl::string_view text) { return ParseWithUnit(text, kByteUnits); }
std::string FormatBytes(int64_t bytes) { return FormatWithUnit(bytes, kByteUnits); }

absl::StatusOr<HostPort> ParseHostPort(absl::string_view text) {
  const absl::Status malformed = absl::InvalidArgumentError(
      "must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:50051, 0.0.0.0:50051 or [::1]:50051");
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return malformed;
  absl::string_view host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  // An IPv6 address needs its brackets; anything but a host's letters is a slip, such as a scheme or a path.
  constexpr absl::string_view kHostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  const absl::string_view allowed = brackets ? absl::string_view("0123456789abcdefABCDEF:.") : kHostLetters;
  const absl::StatusOr<int64_t> port = ParseWholeNumber(text.substr(colon + 1));
  if (host.empty() || host.find_first_not_of(allowed) != absl::string_view::npos) return malformed;
  if (!port.ok() || *port > 65535) return malformed;
  return HostPort{std::string(host), static_cast<int>(*port)};
}

bool IsLoopback(const HostPort& address) {
  const std::string& host = address.host;
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;  // 127.example.org is a name
  return host == "localhost" || host == "::1" || (numeric && absl::StartsWith(host, "127."));
}

absl::Status SetOption(const OptionSpec& spec, absl::string_view text, ServerOptions* options) {
  return std::visit([&](auto field) { return SetValue(spec, text, &(options->*field)); }, spec.field);
}

std::string FormatOption(const OptionSpec& spec, const ServerOptions& options) {
  return std::visit([&](auto field) { return FormatValue(spec, options.*field); }, spec.field);
}

}  // namespace ganserve
