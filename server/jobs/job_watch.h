// What one watcher of a job is sent.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "ganserve/v1/training.pb.h"
#include "server/jobs/event_reader.h"
#include "server/jobs/file_watcher.h"

namespace ganserve {

// A cursor of its own on the job's events, so that a watcher that does not read costs nobody anything. What was written
// before it came is sent whole; of what is written while it watches, losses are left out when it has fallen behind by
// more than some 400 of them, and a gap marker stands for them. Sample events get the bytes of their picture. Used by
// one thread at a time.
class JobWatch {
 public:
  // Events of the job in `job_path` after `after_sequence`. `on_change` is called from the file watcher's thread when
  // there may be more, and at least once; it must not block. Next fails once `stopping` is true. What is borrowed
  // outlives the watch. OUT_OF_RANGE when after_sequence is beyond the last event.
  static absl::StatusOr<std::unique_ptr<JobWatch>> Open(const std::string& job_path, uint64_t after_sequence,
                                                        const std::atomic<bool>& stopping, FileWatcher& files,
                                                        std::function<void()> on_change);

  // Ends the calls of on_change; waits for one that is running.
  ~JobWatch();

  // Keeps `something` as long as the watch.
  void Hold(std::shared_ptr<void> something) { held_object_ = std::move(something); }

  // The next event; none if there is none yet, or none will come. Errors: UNAVAILABLE when the server
  // stops, NOT_FOUND when the job has been deleted; as EventReader::Next.
  absl::StatusOr<std::optional<v1::TrainEvent>> Next();

  // Whether the terminal event has been given, or came before the first that was asked for.
  bool ended() const { return reader_.ended() && !held_; }

 private:
  JobWatch(std::string job_path, const std::atomic<bool>& stopping, FileWatcher& files);

  bool Lags() const;
  void AddToGap(uint64_t sequence);
  v1::TrainEvent TakeGap();
  void AddPicture(v1::TrainSample* sample) const;

  const std::string job_path_;
  const std::atomic<bool>& stopping_;
  FileWatcher& files_;
  EventReader reader_;
  uint64_t history_end_ = 0;            // offset in the file
  std::optional<v1::TrainEvent> gap_;   // to be sent before the next event
  std::optional<v1::TrainEvent> held_;  // the event after a gap that has just been sent
  uint64_t file_watch_ = 0;
  std::shared_ptr<void> held_object_;
};

}  // namespace ganserve
