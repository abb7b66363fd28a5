#include "tests/support/recording_job.h"

#include <utility>

namespace ganserve {

void RecordingJob::OnImages(uint64_t offset, std::vector<EncodedImage> images) {
  if (hook_) hook_(images.size());
  MutexLock lock(mutex_);
  for (EncodedImage& image : images) {
    const bool expected = done_calls_ == 0 && offset < spec().count;
    if (!images_.emplace(offset++, std::move(image)).second || !expected) ++wrong_images_;
  }
  changed_.NotifyAll();
}

void RecordingJob::OnDone(absl::Status status) {
  MutexLock lock(mutex_);
  status_ = std::move(status);
  ++done_calls_;
  changed_.NotifyAll();
}

absl::Status RecordingJob::WaitDone() {
  MutexLock lock(mutex_);
  while (done_calls_ == 0) changed_.Wait(mutex_);
  return status_;
}

void RecordingJob::WaitForImages(size_t images) {
  MutexLock lock(mutex_);
  while (images_.size() < images) changed_.Wait(mutex_);
}

std::map<uint64_t, EncodedImage> RecordingJob::images() const {
  MutexLock lock(mutex_);
  return images_;
}

int RecordingJob::done_calls() const {
  MutexLock lock(mutex_);
  return done_calls_;
}

size_t RecordingJob::wrong_images() const {
  MutexLock lock(mutex_);
  return wrong_images_;
}

}  // namespace ganserve
