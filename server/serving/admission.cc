#include "server/serving/admission.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/serving/retry_hint.h"

namespace ganserve {
namespace {

using Seconds = ServiceRate::Seconds;

// A refused caller should come back when there is room, but neither at once nor minutes later.
std::chrono::milliseconds RetryDelay(Seconds wait) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait);
  return std::clamp(milliseconds, std::chrono::milliseconds(10), std::chrono::milliseconds(10'000));
}

int64_t Milliseconds(Seconds duration) { return std::chrono::ceil<std::chrono::milliseconds>(duration).count(); }

// From now until the last of `images` images that have `before` queued images in front.
Seconds ExpectedTime(const Load& load, size_t before, size_t images) {
  const size_t ahead = before + images;
  // All workers share what is ahead; the last image is ready when its own batch is.
  return load.rate.TimeFor(load.in_flight_images + ahead, load.workers) +
         load.rate.TimeFor(std::min(ahead, load.max_batch_images), 1);
}

// A bound for what accepted calls hold until they have been sent: callers that are slow to read fill it, too.
absl::Status CheckAnswerMemory(const Load& load, const GenerateSpec& spec, size_t images) {
  if (load.answers == nullptr) return absl::OkStatus();
  const uint64_t held = load.answers->held_bytes();
  if (held + spec.answer_bytes <= load.answers->budget_bytes()) return absl::OkStatus();
  return WithRetryAfter(absl::ResourceExhaustedError(absl::StrCat(
                            "the memory for answers is full: accepted calls may take ", held, " bytes, ",
                            spec.answer_bytes, " more would exceed the limit of ", load.answers->budget_bytes())),
                        RetryDelay(load.rate.TimeFor(images, load.workers)));
}

}  // namespace

absl::Status Admit(const Load& load, const GenerateSpec& spec, Clock::TimePoint now) {
  const size_t queued = load.queue.images();
  const size_t images = std::min(spec.count, spec.window);
  if (queued + images > load.max_queue_images) {
    return WithRetryAfter(
        absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", queued, " images wait, ", images,
                                                  " more would exceed the limit of ", load.max_queue_images)),
        RetryDelay(load.rate.TimeFor(images, load.workers)));
  }
  GANSERVE_RETURN_IF_ERROR(CheckAnswerMemory(load, spec, images));
  if (spec.deadline == Clock::TimePoint::max()) return absl::OkStatus();
  if (spec.deadline <= now) return absl::DeadlineExceededError("the deadline had passed on arrival");
  // The rate is learnt from work, so work is never refused while there is none.
  if (queued == 0) return absl::OkStatus();
  const Seconds left = spec.deadline - now;
  // The whole queue is an upper bound that costs nothing; what fair queueing puts in front is the closer look.
  if (ExpectedTime(load, queued, images) <= left) return absl::OkStatus();
  const Seconds wait = ExpectedTime(load, load.queue.ImagesBefore(images), images);
  if (wait <= left) return absl::OkStatus();
  return WithRetryAfter(absl::ResourceExhaustedError(absl::StrCat(
                            "the deadline cannot be met: ", queued, " images wait, so the answer is expected after ",
                            Milliseconds(wait), " ms and the deadline is in ", Milliseconds(left), " ms")),
                        RetryDelay(wait - left));
}

}  // namespace ganserve
