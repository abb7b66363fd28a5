#include "server/serving/generate_job.h"

#include <algorithm>
#include <utility>

namespace ganserve {

GenerateJob::GenerateJob(std::shared_ptr<Generator> generator, const GenerateSpec& spec)
    : generator_(std::move(generator)), spec_(spec) {
  scheduling_.granted = std::min(spec_.count, spec_.window);
}

}  // namespace ganserve
