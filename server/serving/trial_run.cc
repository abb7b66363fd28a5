#include "server/serving/trial_run.h"

#include <thread>
#include <vector>

#include "server/base/resident_memory.h"
#include "server/serving/latents.h"

namespace ganserve {

absl::Status RunOnce(Generator& generator, size_t images) {
  const GeneratorInfo& info = generator.info();
  const size_t latent_size = static_cast<size_t>(info.latent_size);
  std::vector<float> latents(images * latent_size);
  FillLatents(0, 0, latent_size, latents);
  const std::vector<int64_t> labels(info.classes > 0 ? images : 0);
  std::vector<uint8_t> pixels(images * info.shape.bytes());
  return generator.Generate(latents, labels, pixels);
}

PassMemory::PassMemory() : resident_bytes_(ResidentBytes()) {}

uint64_t PassMemory::Measure(Generator& generator, size_t images) const {
  uint64_t peak = 0;
  std::jthread([&] {
    ResetResidentPeak();
    if (RunOnce(generator, images).ok()) peak = ResidentPeakBytes();
  }).join();
  return peak > resident_bytes_ ? peak - resident_bytes_ : 0;
}

}  // namespace ganserve
