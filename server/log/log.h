// Structured logging: one line per event on stderr, as text for a person or as JSON for a machine.
//
//   Log(LogLevel::kInfo, "model loaded", {{"model", name}, {"version", version}, {"seconds", seconds}});
//
// The message is a constant; what varies, and above all what a caller sent, goes into fields: their values are escaped,
// so that no input can start a second line or forge a field. Safe from any thread. Never log under a lock.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "absl/strings/string_view.h"

namespace ganserve {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// A field's value; text, numbers and bool become one implicitly. Borrows text, for the length of the call.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}
  LogValue(absl::string_view text) : value_(std::string_view(text.data(), text.size())) {}
  LogValue(const std::string& text) : value_(text) {}
  LogValue(const char* text) : value_(text) {}
  template <std::same_as<bool> T>
  LogValue(T value) : value_(value) {}
  template <std::signed_integral T>
  LogValue(T value) : value_(int64_t{value}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogValue(T value) : value_(uint64_t{value}) {}
  template <std::floating_point T>
  LogValue(T value) : value_(double{value}) {}

  using Variant = std::variant<std::string_view, int64_t, uint64_t, double, bool>;
  const Variant& get() const { return value_; }

 private:
  Variant value_;
};

// `key` is a constant of the code: snake_case, unit in the name, none of "time", "level", "message".
struct LogField {
  std::string_view key;
  LogValue value;
};

// What is below `level` is dropped. Until the first call: text, kInfo. May be called again at any time.
void ConfigureLog(LogLevel level, LogFormat format);

// For work that only a log line needs. One relaxed load.
bool LogEnabled(LogLevel level);

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// The same for fields that are computed at run time.
void LogFields(LogLevel level, std::string_view message, std::span<const LogField> fields);

}  // namespace ganserve
