#include "server/base/memory_limit.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include "server/base/cgroup.h"

namespace ganserve {
namespace {

// The number in a file of a cgroup; v2 says "max" for none, v1 a number beyond any machine's memory.
uint64_t LimitIn(const std::filesystem::path& file) {
  std::ifstream stream(file);
  uint64_t bytes = 0;
  return stream >> bytes && bytes > 0 ? bytes : UINT64_MAX;
}

uint64_t LimitOfGroup(const Cgroup& group) {
  if (!group.v2) return LimitIn(group.folder / "memory.limit_in_bytes");
  return std::min(LimitIn(group.folder / "memory.max"), LimitIn(group.folder / "memory.high"));
}

// proc(5): "MemTotal:       16384256 kB".
uint64_t MachineMemory(const std::filesystem::path& root) {
  std::ifstream file(root / "proc/meminfo");
  std::string word;
  while (file >> word && word != "MemTotal:") file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  uint64_t kib = 0;
  return file >> kib && kib <= UINT64_MAX >> 10 ? kib << 10 : UINT64_MAX;
}

}  // namespace

MemoryLimit ReadMemoryLimit(const std::filesystem::path& root) {
  MemoryLimit limit{MachineMemory(root), "the machine's memory"};
  for (const Cgroup& group : ReadCgroups(root, "memory")) {
    const uint64_t bytes = LimitOfGroup(group);
    if (bytes < limit.bytes) limit = {bytes, "the cgroup's limit"};
  }
  return limit;
}

}  // namespace ganserve
