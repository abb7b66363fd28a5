// What training jobs report about themselves. server/metrics implements it for Prometheus; the default does nothing.
// Called from any thread; cheap.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace ganserve {

// The latest of one job.
struct TrainJobFigures {
  uint64_t step = 0;
  double discriminator_loss = 0;  // these three are NaN before the first report
  double generator_loss = 0;
  double images_per_second = 0;
  int64_t checkpoint_time_ms = 0;  // since 1970; 0: none yet
  int64_t last_event_time_ms = 0;  // since 1970, of the newest event while the job is RUNNING; 0: it is not
};

class TrainMetrics {
 public:
  using Seconds = std::chrono::duration<double>;

  virtual ~TrainMetrics() = default;

  // Jobs by the name of their state, all states ("QUEUED", ...) every time.
  virtual void SetJobs(const std::map<std::string, size_t>& /*by_state*/) {}
  virtual void SetJob(const std::string& /*job*/, const TrainJobFigures&) {}
  // The job is deleted: its series go.
  virtual void RemoveJob(const std::string& /*job*/) {}
  virtual void ObserveCheckpoint(Seconds /*writing*/) {}
  // A trainer died and is started again.
  virtual void CountRestart() {}
  virtual void SetWatchers(size_t) {}
};

}  // namespace ganserve
