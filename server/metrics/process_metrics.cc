#include "server/metrics/process_metrics.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <system_error>

#include "server/base/resident_memory.h"
#include "server/metrics/single_series.h"

namespace ganserve {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Field `number` of /proc/self/stat, counted from 1 as proc(5) does. The second, the program's name, may contain blanks
// and parentheses; what follows the last parenthesis starts with field 3.
std::optional<double> StatField(int number) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int i = 3; i < number; ++i) fields >> skipped;
  double value = 0;
  if (!(fields >> value)) return std::nullopt;
  return value;
}

std::optional<double> Resident() {
  const uint64_t bytes = ResidentBytes();
  return bytes == 0 ? std::nullopt : std::optional(static_cast<double>(bytes));
}

std::optional<double> OpenFds() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  double count = -1;  // one of them is the listing's own
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) ++count;
  return count;
}

std::optional<double> MaxFds() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  if (limit.rlim_cur == RLIM_INFINITY) return std::numeric_limits<double>::infinity();
  return static_cast<double>(limit.rlim_cur);
}

// Seconds since 1970: when the machine started plus when, in ticks after that, the process did.
std::optional<double> StartTime() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word && word != "btime") file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  double boot = 0;
  const std::optional<double> ticks = StatField(22);
  if (!(file >> boot) || !ticks.has_value()) return std::nullopt;
  return boot + *ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void Add(std::vector<MetricFamily>& families, MetricType type, const char* name, const char* help,
         std::optional<double> value) {
  if (value.has_value()) families.push_back(SingleSeries(type, name, help, *value));
}

}  // namespace

ProcessMetrics::ProcessMetrics() : start_time_(StartTime()) {}

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  std::vector<MetricFamily> families;
  Add(families, MetricType::Counter, "process_cpu_seconds_total", "User and system CPU time.", CpuSeconds());
  Add(families, MetricType::Gauge, "process_resident_memory_bytes", "Resident memory.", Resident());
  Add(families, MetricType::Gauge, "process_open_fds", "Open file descriptors.", OpenFds());
  Add(families, MetricType::Gauge, "process_max_fds", "Limit of open file descriptors.", MaxFds());
  Add(families, MetricType::Gauge, "process_threads", "Threads.", StatField(20));
  Add(families, MetricType::Gauge, "process_start_time_seconds", "Start, in seconds since 1970.", start_time_);
  return families;
}

}  // namespace ganserve
