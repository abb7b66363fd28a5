// Which cgroups this process is in: what limits its processor time and its memory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ganserve {

struct Cgroup {
  bool v2 = false;
  std::filesystem::path folder;  // with the group's files, such as cpu.max or memory.max
};

// The process's own group and all above it that are visible here, in every hierarchy that may limit `controller`
// ("cpu", "memory"): the tightest limit among them is the one that holds. The kernel's files are read below `root`, "/"
// but in tests. What cannot be read is left out.
std::vector<Cgroup> ReadCgroups(const std::filesystem::path& root, const std::string& controller);

}  // namespace ganserve
