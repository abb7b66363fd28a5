// Whether a job is accepted: a refusal at once is worth more to its caller than a failure after the wait.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/serving/answer_memory.h"
#include "server/serving/fair_queue.h"
#include "server/serving/generate_job.h"
#include "server/serving/service_rate.h"

namespace ganserve {

// What the batcher has to do already, and with what.
struct Load {
  const FairQueue& queue;
  const ServiceRate& rate;
  size_t in_flight_images = 0;  // with the workers
  size_t workers = 1;
  size_t max_batch_images = 1;
  size_t max_queue_images = 1;
  const AnswerMemory* answers = nullptr;  // null: answers may take any memory
};

// OK, or why a job of this kind that arrives now is refused:
//   RESOURCE_EXHAUSTED  the queue or the memory for answers has no room for it, or its deadline is out of reach; with a
//                       RetryAfter hint
//   DEADLINE_EXCEEDED   its deadline has passed
// A stream counts with its window: the rest waits for its reader.
absl::Status Admit(const Load& load, const GenerateSpec& spec, Clock::TimePoint now);

}  // namespace ganserve
