#include "server/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "server/log/log_line.h"

namespace ganserve {
namespace {

// The one process-wide state of the server: a log line must be possible from anywhere, also before and after `main` has
// a server. Both settings are independent of each other, so relaxed atomics do.
std::atomic<LogLevel> log_level{LogLevel::kInfo};
std::atomic<LogFormat> log_format{LogFormat::kText};

// Never destroyed: threads of libraries may still log while static objects go.
spdlog::logger& StderrLogger() {
  static spdlog::logger* const logger = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto* made = new spdlog::logger("ganserve", std::move(sink));
    made->set_pattern("%v");  // FormatLogLine makes the whole line
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

void ConfigureLog(LogLevel level, LogFormat format) {
  log_level.store(level, std::memory_order_relaxed);
  log_format.store(format, std::memory_order_relaxed);
}

bool LogEnabled(LogLevel level) { return level >= log_level.load(std::memory_order_relaxed); }

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  LogFields(level, message, {fields.begin(), fields.size()});
}

void LogFields(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  if (!LogEnabled(level)) return;
  const std::string line = FormatLogLine(log_format.load(std::memory_order_relaxed), std::chrono::system_clock::now(),
                                         level, message, fields);
  StderrLogger().log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace ganserve
