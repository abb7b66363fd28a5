#include "server/base/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

// A hierarchy that may limit CPU time: where it is mounted and which of its groups is seen there.
struct CpuHierarchy {
  bool v2 = false;
  fs::path mount_point;
  fs::path mount_root;
};

// "cpu,cpuacct" has "cpu".
bool HasController(const std::string& list, const std::string& controller) {
  return absl::StrCat(",", list, ",").find(absl::StrCat(",", controller, ",")) != std::string::npos;
}

// proc(5): "36 35 98:0 /root /mount/point rw,noatime master:1 - cgroup2 source rw,options".
std::vector<CpuHierarchy> ReadHierarchies(const fs::path& root) {
  std::vector<CpuHierarchy> hierarchies;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string skipped, mount_root, mount_point, type, source, options;
    fields >> skipped >> skipped >> skipped >> mount_root >> mount_point;
    while (fields >> skipped && skipped != "-") {
    }
    fields >> type >> source >> options;
    const bool v2 = type == "cgroup2";
    if (v2 || (type == "cgroup" && HasController(options, "cpu"))) hierarchies.push_back({v2, mount_point, mount_root});
  }
  return hierarchies;
}

// cgroups(7): "0::/path" for v2, "4:cpu,cpuacct:/path" for v1. A path may have colons.
std::optional<std::string> OwnGroup(const fs::path& root, bool v2) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : HasController(controllers, "cpu")) return line.substr(second + 1);
  }
  return std::nullopt;
}

// cpu.max holds "max 100000" or "150000 100000"; v1 has a file for each number and -1 for no quota.
std::optional<double> QuotaOfGroup(const fs::path& group, bool v2) {
  std::ifstream quota_file(group / (v2 ? "cpu.max" : "cpu.cfs_quota_us"));
  std::ifstream v1_period_file;
  if (!v2) v1_period_file.open(group / "cpu.cfs_period_us");
  int64_t quota_us = 0;
  int64_t period_us = 0;
  if (!(quota_file >> quota_us) || !((v2 ? quota_file : v1_period_file) >> period_us)) return std::nullopt;
  if (quota_us <= 0 || period_us <= 0) return std::nullopt;
  return static_cast<double>(quota_us) / static_cast<double>(period_us);
}

// Where a group is found below the mount point. In a container without a cgroup namespace the group's path starts with
// the mount's root; a path that leads elsewhere is not visible here, and the mount point is the closest group that is.
fs::path VisiblePath(const std::string& group, const fs::path& mount_root) {
  const fs::path relative = fs::path(group).lexically_relative(mount_root);
  const bool visible = !relative.empty() && *relative.begin() != "..";
  return visible ? relative : fs::path(".");
}

std::optional<double> Tighter(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// The tightest quota from the process's group up to the mount point.
std::optional<double> QuotaOfHierarchy(const fs::path& root, const CpuHierarchy& hierarchy) {
  const std::optional<std::string> group = OwnGroup(root, hierarchy.v2);
  if (!group) return std::nullopt;
  const fs::path mount_point = root / hierarchy.mount_point.relative_path();
  fs::path path = mount_point;
  std::optional<double> quota = QuotaOfGroup(path, hierarchy.v2);
  for (const fs::path& name : VisiblePath(*group, hierarchy.mount_root)) {
    path /= name;
    quota = Tighter(quota, QuotaOfGroup(path, hierarchy.v2));
  }
  return quota;
}

// CPU_COUNT's fixed set ends at 1024 CPUs; beyond, the call fails and the number of CPUs online is not known to be
// usable.
int AffinityCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

}  // namespace

std::string CpuQuota::Describe() const {
  const std::string limit = quota_cores > 0 ? absl::StrCat("cgroup quota ", quota_cores) : "no cgroup quota";
  return absl::StrCat(cores, cores == 1 ? " core (" : " cores (", affinity_cores,
                      affinity_cores == 1 ? " CPU, " : " CPUs, ", limit, ")");
}

CpuQuota ReadCpuQuota(const CpuQuotaSource& source) {
  CpuQuota quota;
  quota.affinity_cores = source.affinity_cores > 0 ? source.affinity_cores : AffinityCores();
  std::optional<double> tightest;
  for (const CpuHierarchy& hierarchy : ReadHierarchies(source.root)) {
    tightest = Tighter(tightest, QuotaOfHierarchy(source.root, hierarchy));
  }
  quota.quota_cores = tightest.value_or(0);
  quota.cores = quota.affinity_cores;
  if (tightest) quota.cores = std::clamp(static_cast<int>(std::min(*tightest, 1e6)), 1, quota.affinity_cores);
  return quota;
}

}  // namespace ganserve
