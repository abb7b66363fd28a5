#include "server/base/resident_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace ganserve {

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");  // in pages: total, resident, ...
  uint64_t total = 0;
  uint64_t resident = 0;
  if (!(file >> total >> resident)) return 0;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t ResidentPeakBytes() {
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word && word != "VmHWM:") file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  uint64_t kib = 0;
  file >> kib;
  return std::max(kib << 10, ResidentBytes());
}

bool ResetResidentPeak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;  // proc(5): "Reset the peak resident set size"
  return file.good();
}

}  // namespace ganserve
