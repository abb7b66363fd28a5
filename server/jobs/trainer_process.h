// A trainer as a child process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"

namespace ganserve {

struct TrainerCommand {
  std::vector<std::string> arguments;  // the first is the executable's path
  int niceness = 0;                    // added to the server's, see nice(2)
  uint64_t memory_limit_bytes = 0;     // RLIMIT_DATA; 0: none
};

// Of two limits of memory the one that counts; 0: none.
uint64_t SmallerLimit(uint64_t bytes, uint64_t others);

struct TrainerExit {
  static constexpr int kUnknown = -1;  // a code: one in another pod ended and told nothing

  int code = 0;             // if it exited
  int signal = 0;           // if a signal ended it, else 0
  std::string output;       // what it printed to standard output, its first kilobytes
  std::string last_errors;  // the last kilobytes of its standard error

  bool ExitedWith(int exit_code) const { return signal == 0 && code == exit_code; }

  // "exit code 1" or "signal 9 (Killed)".
  std::string Describe() const;
};

// The process has a process group of its own, a high out-of-memory score, and none of the server's open files; it is
// killed when the thread that started it ends, so also when the server dies. It is always reaped.
class TrainerProcess {
 public:
  // Starts it, from a thread that lives at least as long as it. `on_exit` is called once, from the process's own
  // thread, when it has been reaped and what was left of its process group killed; that can be before Start returns.
  // Errors: those of the operating system, naming the executable.
  static absl::StatusOr<std::unique_ptr<TrainerProcess>> Start(const TrainerCommand& command,
                                                               std::function<void(const TrainerExit&)> on_exit);

  // Kills the process if it still runs and waits for it. Not from `on_exit`.
  ~TrainerProcess();

  // Does nothing to a process that has ended.
  void Signal(int signal) const;

  pid_t pid() const { return pid_; }

 private:
  TrainerProcess(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  TrainerExit Wait(const UniqueFd& output, const UniqueFd& errors) const;

  const pid_t pid_;
  const UniqueFd pidfd_;  // names the process also when its number has been given to another
  std::jthread thread_;
};

}  // namespace ganserve
