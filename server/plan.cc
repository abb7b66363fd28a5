#include "server/plan.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "server/base/status_macros.h"
#include "server/log/log.h"
#include "server/serving/memory_plan.h"
#include "server/serving/trial_run.h"

namespace ganserve {
namespace {

// On a CPU an image costs the same in a batch of 1 as in one of 16. Eight callers of one image each see a p99 of twice
// the p50 with 4, and of 2.3 times with full batches; with more, batches of hundreds of callers would shrink, and with
// them the work that a batch shares (wake-ups, one lock).
constexpr size_t kPartsPerWorker = 4;

Batcher::Options BatcherOptionsOf(const ServerOptions& options, const Plan& plan) {
  const bool cuda = plan.device.cuda;
  // On a CPU a worker per core, with one thread each; on CUDA one feeds the device, and the cores encode.
  const size_t cores = static_cast<size_t>(plan.quota.cores);
  const size_t workers = options.workers > 0 ? static_cast<size_t>(options.workers) : cuda ? 1 : cores;
  return {.workers = workers,
          .max_batch_images = static_cast<size_t>(BatchImages(options, cuda)),
          .parts = cuda ? 1 : kPartsPerWorker * workers,
          .max_queue_images = static_cast<size_t>(options.max_queue_images),
          .encoders = cuda ? std::max<size_t>(1, cores - 1) : 0};
}

RequestLimits LimitsOf(const ServerOptions& options, const Device& device) {
  return {.max_images_per_call = static_cast<uint32_t>(options.max_images_per_call),
          .max_response_bytes = static_cast<uint64_t>(options.max_response_bytes),
          .max_images_per_stream = static_cast<uint32_t>(options.max_images_per_stream),
          .stream_window_images = static_cast<uint64_t>(StreamWindowImages(options, device.cuda))};
}

MemoryLimit MemoryLimitOf(const ServerOptions& options) {
  if (options.memory_limit == 0) return ReadMemoryLimit();
  return {static_cast<uint64_t>(options.memory_limit), "--memory-limit"};
}

// The largest call that is to be accepted by a server with nothing else to do.
uint64_t LargestCallBytes(const RequestLimits& limits, const std::vector<ModelVersion>& versions) {
  uint64_t bytes = LargestAnswerMemoryBytes(limits);
  for (const ModelVersion& version : versions) {
    bytes = std::max(bytes, AnswerMemoryBytes(version.generator->info().shape, limits.stream_window_images));
  }
  return bytes;
}

void LogPlan(const Plan& plan, size_t wished_batch_images, const MemoryPlan& memory) {
  const Batcher::Options& batcher = plan.batcher;
  Log(LogLevel::kInfo, "plan",
      {{"device", plan.device.name()},
       {"cores", plan.quota.Describe()},
       {"workers", batcher.workers},
       {"threads_per_worker", 1},
       {"encoders", batcher.encoders},
       {"max_batch_images", batcher.max_batch_images},
       {"max_queue_images", batcher.max_queue_images},
       {"memory_limit_bytes", plan.memory.bytes},
       {"memory_limit_is", plan.memory.source},
       {"worker_bytes", memory.worker_bytes},
       {"answer_bytes", memory.answer_bytes}});
  if (batcher.max_batch_images == wished_batch_images) return;
  Log(LogLevel::kWarning, "batches made smaller to fit into memory",
      {{"max_batch_images", batcher.max_batch_images}, {"wished", wished_batch_images}});
}

}  // namespace

absl::StatusOr<Plan> MakePlan(const ServerOptions& options) {
  Plan plan;
  GANSERVE_ASSIGN_OR_RETURN(plan.device, SelectDevice(options.device));
  if (options.device == "auto") {
    Log(LogLevel::kInfo, "device chosen", {{"device", plan.device.name()}, {"CUDA", DescribeCuda()}});
  }
  plan.quota = ReadCpuQuota();
  plan.memory = MemoryLimitOf(options);
  plan.limits = LimitsOf(options, plan.device);
  plan.batcher = BatcherOptionsOf(options, plan);
  return plan;
}

absl::Status FitIntoMemory(const std::vector<ModelVersion>& versions, Plan* plan) {
  const PassMemory passes;
  const size_t wished_batch_images = plan->batcher.max_batch_images;
  const MemoryNeeds needs{.limit = plan->memory,
                          .resident_bytes = passes.resident_bytes(),
                          .workers = plan->batcher.workers,
                          .max_batch_images = wished_batch_images,
                          .answer_bytes = LargestCallBytes(plan->limits, versions)};
  GANSERVE_ASSIGN_OR_RETURN(const MemoryPlan memory, PlanMemory(needs, [&](size_t images) {
                              uint64_t most = 0;
                              for (const ModelVersion& version : versions)
                                most = std::max(most, passes.Measure(*version.generator, images));
                              return most;
                            }));
  plan->batcher.max_batch_images = memory.max_batch_images;
  plan->batcher.answers = std::make_shared<AnswerMemory>(memory.answer_bytes);
  LogPlan(*plan, wished_batch_images, memory);
  return absl::OkStatus();
}

}  // namespace ganserve
