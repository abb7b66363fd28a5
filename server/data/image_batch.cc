#include "server/data/image_batch.h"

#include "server/base/splitmix64.h"

namespace ganserve {

ImageBatch MakeBatch(const ImageSet& data, std::span<const uint32_t> indices, const AugmentationOptions& options,
                     uint64_t seed) {
  const size_t samples = data.shape.samples();
  ImageBatch batch{std::vector<uint8_t>(indices.size() * samples)};
  for (size_t place = 0; place < indices.size(); ++place) {
    const Augmentation augmentation = DrawAugmentation(options, SplitMix64(SplitMix64(seed) ^ place));
    const auto out = std::span(batch.samples).subspan(place * samples, samples);
    Augment(data.image(indices[place]), data.shape, augmentation, out);
    if (!data.labels.empty()) batch.labels.push_back(data.labels[indices[place]]);
  }
  return batch;
}

}  // namespace ganserve
