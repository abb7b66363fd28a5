// How much memory this process may use before the kernel kills it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace ganserve {

// The least that a trainer can be limited to: LibTorch itself needs about as much.
inline constexpr uint64_t kMinTrainerMemoryBytes = uint64_t{256} << 20;

struct MemoryLimit {
  uint64_t bytes = UINT64_MAX;  // UINT64_MAX: none is known
  std::string source;           // for the operator: "the cgroup's limit", "the machine's memory"
};

// The smallest of: the limits of the process's own cgroup and of all above it (v2 memory.max, and memory.high, beyond
// which the kernel slows the process down to give memory back; v1 memory.limit_in_bytes), and the machine's memory.
// The files are read below `root`, "/" but in tests; what cannot be read limits nothing. A limit is shared with the
// other processes of the group, trainers among them.
MemoryLimit ReadMemoryLimit(const std::filesystem::path& root = "/");

}  // namespace ganserve
