// The ganserve executable that was built, run as an operator would run it.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/base/mutex.h"

namespace ganserve {

// One run on free ports of 127.0.0.1 with logs as JSON, unless `arguments` say otherwise. For one test thread; Metric
// and log may be called by any.
class ServerProcess {
 public:
  // Until when the constructor waits. kHealthPort: for --health-listen, while models are still being loaded; kNoModel:
  // answers calls, but the repository is empty.
  enum class Until { kReady, kHealthPort, kNoModel };

  // Returns when the server has come so far, or has ended.
  explicit ServerProcess(const std::vector<std::string>& arguments = {}, Until until = Until::kReady);
  // Kills the process if it still runs.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Waits until the server says that it is ready, or has ended: then false.
  bool WaitUntilReady();

  // From the line that says ready, or no model yet; empty before, and if the server ended instead.
  const std::string& address() const { return address_; }
  const std::string& metrics_address() const { return metrics_address_; }
  // Of --health-listen.
  const std::string& health_address() const { return health_address_; }
  bool ready() const { return !address_.empty(); }

  void Signal(int signal);

  // Waits for the end: the exit code, or minus the signal that ended it.
  int Wait();

  // Waits for a line of the log that contains `text`; false if the process ends without one.
  bool WaitForLine(std::string_view text);

  // What it has written to stdout and stderr so far, line by line.
  std::vector<std::string> log() const;

  // The samples of /metrics now, by series as written, such as `ganserve_images_dropped_total{reason="expired"}`.
  std::map<std::string, double> Metrics() const;
  // One of them; fails the test and is -1 if there is no such series.
  double Metric(const std::string& series) const;

 private:
  void Spawn(const std::vector<std::string>& arguments, int output);
  void ReadOutput(int fd);
  // Takes the addresses from this line.
  void WaitForAddresses(const std::string& message);
  // A field of the first line with this message; waits for it. Empty if the server ends without one.
  std::string WaitForField(const std::string& message, const std::string& field);

  pid_t pid_ = -1;
  bool waited_ = false;
  std::string address_;
  std::string metrics_address_;
  std::string health_address_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;

  std::jthread reader_;
};

}  // namespace ganserve
