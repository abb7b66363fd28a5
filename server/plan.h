// How the machine is used: cores, batches and memory, decided once at the start and logged.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/cpu_quota.h"
#include "server/base/memory_limit.h"
#include "server/device/device.h"
#include "server/options.h"
#include "server/rpc/request_check.h"
#include "server/serving/batcher.h"
#include "server/serving/model_directory.h"

namespace ganserve {

struct Plan {
  Device device;
  CpuQuota quota;
  MemoryLimit memory;
  RequestLimits limits;
  Batcher::Options batcher;
};

// What the options and the machine say. The error names the device.
absl::StatusOr<Plan> MakePlan(const ServerOptions& options);

// Makes batches of these models fit into the memory limit, sets what answers may take, and logs the plan. Runs every
// model. FAILED_PRECONDITION: not even single images fit; says what to change.
absl::Status FitIntoMemory(const std::vector<ModelVersion>& versions, Plan* plan);

}  // namespace ganserve
