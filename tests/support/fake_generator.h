// A generator whose every step a test controls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "server/base/mutex.h"
#include "server/serving/generator.h"

namespace ganserve {

// A model of 5 latent values and 3x2 RGB images; `classes` 0: it takes no labels.
GeneratorInfo SmallModel(int classes = 0);

// Every byte of an image is a hash of its latent, its label and the byte's position, so that no two images are alike
// and an image from a wrong latent, or in a wrong row, is noticed. Any thread.
class FakeGenerator final : public Generator {
 public:
  struct Call {
    size_t images = 0;
    std::thread::id thread;
  };

  explicit FakeGenerator(GeneratorInfo info = SmallModel()) : info_(std::move(info)) {}

  const GeneratorInfo& info() const override { return info_; }
  absl::Status Generate(std::span<const float> latents, std::span<const int64_t> labels,
                        std::span<uint8_t> pixels) override;

  // The pixels of image `index` of `seed`, made for `label` (absent: for a model without classes).
  std::vector<uint8_t> PixelsOf(uint64_t seed, uint64_t index, std::optional<int64_t> label = {}) const;

  // Calls that begin from now on stop before they compute anything.
  void Hold();
  // Waits until `calls` calls stand still.
  void WaitForHeld(size_t calls);
  // Lets one of those that stand still go on.
  void ReleaseOne();
  // Lets all go on, and holds no more.
  void Release();

  // Waits until calls of `images` images in all have begun.
  void WaitForImages(size_t images);

  // A call that has this image in its batch fails with INTERNAL.
  void FailFor(uint64_t seed, uint64_t index);
  // Every call fails so.
  void FailAlways(absl::Status status);
  // Runs in every call, with its number of images. Set before the first call.
  void OnGenerate(std::function<void(size_t)> hook) { hook_ = std::move(hook); }

  // Calls that have begun, failing ones included, and the images in them.
  std::vector<Call> calls() const;
  size_t images() const;

 private:
  void RecordAndWait(size_t images);
  absl::Status StatusOf(std::span<const float> latents) const;
  std::vector<float> LatentOf(uint64_t seed, uint64_t index) const;

  const GeneratorInfo info_;
  std::function<void(size_t)> hook_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Call> calls_ ABSL_GUARDED_BY(mutex_);
  size_t images_ ABSL_GUARDED_BY(mutex_) = 0;  // in all calls
  std::set<std::vector<float>> failing_latents_ ABSL_GUARDED_BY(mutex_);
  absl::Status always_ ABSL_GUARDED_BY(mutex_);
  size_t held_ ABSL_GUARDED_BY(mutex_) = 0;     // calls that stand still
  size_t permits_ ABSL_GUARDED_BY(mutex_) = 0;  // of ReleaseOne, not yet used
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace ganserve
