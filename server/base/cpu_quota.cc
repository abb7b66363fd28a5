#include "server/base/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/base/cgroup.h"

namespace ganserve {
namespace {

// cpu.max holds "max 100000" or "150000 100000"; v1 has a file for each number and -1 for no quota.
std::optional<double> QuotaOfGroup(const Cgroup& group) {
  std::ifstream quota_file(group.folder / (group.v2 ? "cpu.max" : "cpu.cfs_quota_us"));
  std::ifstream v1_period_file;
  if (!group.v2) v1_period_file.open(group.folder / "cpu.cfs_period_us");
  int64_t quota_us = 0;
  int64_t period_us = 0;
  if (!(quota_file >> quota_us) || !((group.v2 ? quota_file : v1_period_file) >> period_us)) return std::nullopt;
  if (quota_us <= 0 || period_us <= 0) return std::nullopt;
  return static_cast<double>(quota_us) / static_cast<double>(period_us);
}

std::optional<double> Tighter(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
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
  for (const Cgroup& group : ReadCgroups(source.root, "cpu")) tightest = Tighter(tightest, QuotaOfGroup(group));
  quota.quota_cores = tightest.value_or(0);
  quota.cores = quota.affinity_cores;
  if (tightest) quota.cores = std::clamp(static_cast<int>(std::min(*tightest, 1e6)), 1, quota.affinity_cores);
  return quota;
}

}  // namespace ganserve
