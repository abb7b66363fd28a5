// How much CPU this process may use: what a thread budget starts from.
#pragma once

#include <filesystem>
#include <string>

namespace ganserve {

// Where the kernel's files are; tests point it to a folder of their own.
struct CpuQuotaSource {
  std::filesystem::path root = "/";  // proc/self/cgroup and proc/self/mountinfo are read below it
  int affinity_cores = 0;            // 0: ask sched_getaffinity
};

struct CpuQuota {
  int cores = 1;           // threads worth running, at least 1
  double quota_cores = 0;  // the tightest cgroup quota, 0: none
  int affinity_cores = 1;  // CPUs the scheduler may use

  // "2 cores (4 CPUs, cgroup quota 2.5)", for the start's log.
  std::string Describe() const;
};

// The affinity mask limited by the quota of the process's own cgroup and of all above it (cgroup v2 cpu.max, v1
// cpu.cfs_quota_us / cpu.cfs_period_us). A fractional quota is rounded down, at least 1: with 2 workers on 1.5 cores
// both run for three quarters of a period and are then frozen together for the rest, which shows up as a p99 of a whole
// period (100 ms); the half core left over is what gRPC's own threads run on. What cannot be read limits nothing.
CpuQuota ReadCpuQuota(const CpuQuotaSource& source = {});

}  // namespace ganserve
