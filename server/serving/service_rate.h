// How long one worker takes for an image, learnt from the batches that were run; admission predicts waiting times with
// it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace ganserve {

// Not thread-safe: the batcher's mutex guards it.
class ServiceRate {
 public:
  using Seconds = std::chrono::duration<double>;

  // A batch of `images` took `elapsed` on one worker, encoding included.
  void Observe(size_t images, Seconds elapsed) {
    const double sample = elapsed.count() / static_cast<double>(images);
    // Larger batches say more. After about kMemoryImages images an old value has faded to a third.
    constexpr double kMemoryImages = 256.0;
    const double weight = per_image_ > 0.0 ? std::min(0.5, static_cast<double>(images) / kMemoryImages) : 1.0;
    per_image_ += weight * (sample - per_image_);
  }

  // Expected time until `workers` workers have computed `images` images; 0 before the first observation.
  Seconds TimeFor(size_t images, size_t workers) const {
    return Seconds(per_image_ * static_cast<double>(images) / static_cast<double>(workers));
  }

 private:
  double per_image_ = 0.0;  // seconds of one worker
};

}  // namespace ganserve
