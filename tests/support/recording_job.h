// A job that keeps what it gets, and lets a test wait for it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "server/base/mutex.h"
#include "server/serving/generate_job.h"

namespace ganserve {

class RecordingJob final : public GenerateJob {
 public:
  using GenerateJob::GenerateJob;

  void OnImages(uint64_t offset, std::vector<EncodedImage> images) override;
  void OnDone(absl::Status status) override;

  // Runs at the start of every OnImages, with the number of its images. Set before the job is submitted.
  void BeforeImages(std::function<void(size_t)> hook) { hook_ = std::move(hook); }

  // Waits for OnDone and returns its status.
  absl::Status WaitDone();
  // Waits until at least `images` images have come.
  void WaitForImages(size_t images);

  // By offset.
  std::map<uint64_t, EncodedImage> images() const;
  size_t image_count() const { return images().size(); }
  int done_calls() const;
  // Images that came twice, after OnDone, or outside the job.
  size_t wrong_images() const;

 private:
  std::function<void(size_t)> hook_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<uint64_t, EncodedImage> images_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  int done_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t wrong_images_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ganserve
