#include "server/serving/memory_plan.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

std::string InMib(uint64_t bytes) { return absl::StrCat((bytes + (1 << 20) - 1) >> 20, " MiB"); }

// What is there once the process, all workers and the largest answer have been served.
class Room {
 public:
  explicit Room(const MemoryNeeds& needs) : needs_(needs) {}

  uint64_t usable() const { return needs_.limit.bytes - needs_.limit.bytes / kSpareParts; }
  uint64_t Taken(uint64_t worker_bytes) const { return needs_.resident_bytes + needs_.workers * worker_bytes; }
  bool Fits(uint64_t worker_bytes) const { return Taken(worker_bytes) + needs_.answer_bytes <= usable(); }

  // `worker_bytes` for a single image; 0: not measured, as the rest does not fit already.
  absl::Status TooSmall(uint64_t worker_bytes) const {
    const uint64_t total = Taken(worker_bytes) + needs_.answer_bytes;
    const std::string workers = worker_bytes == 0 ? ""
                                                  : absl::StrCat("each of ", needs_.workers, " workers ",
                                                                 InMib(worker_bytes), " for a single image, ");
    return absl::FailedPreconditionError(
        absl::StrCat("the memory limit of ", InMib(needs_.limit.bytes), " (", needs_.limit.source,
                     ") is too small: the process with its models takes ", InMib(needs_.resident_bytes), ", ", workers,
                     "the largest answer ", InMib(needs_.answer_bytes), ", and a tenth stays spare; give at least ",
                     InMib(total + total / (kSpareParts - 1) + 1),
                     ", or lower --workers, --versions-per-model, --max-response-bytes or --stream-window-images"));
  }

 private:
  const MemoryNeeds& needs_;
};

}  // namespace

absl::StatusOr<MemoryPlan> PlanMemory(const MemoryNeeds& needs,
                                      const std::function<uint64_t(size_t images)>& batch_bytes) {
  const Room room(needs);
  if (!room.Fits(0)) return room.TooSmall(0);
  MemoryPlan plan{1, batch_bytes(1), 0};
  if (!room.Fits(plan.worker_bytes)) return room.TooSmall(plan.worker_bytes);
  while (plan.max_batch_images < needs.max_batch_images) {
    const size_t images = std::min(2 * plan.max_batch_images, needs.max_batch_images);
    if (!room.Fits(plan.worker_bytes * images / plan.max_batch_images)) break;
    const uint64_t bytes = std::max(plan.worker_bytes, batch_bytes(images));
    if (!room.Fits(bytes)) break;
    plan = {images, bytes, 0};
  }
  plan.answer_bytes = room.usable() - room.Taken(plan.worker_bytes);
  return plan;
}

}  // namespace ganserve
