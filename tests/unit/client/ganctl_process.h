// Runs the ganctl that was built, as a shell would.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ganserve::ganctl {

// One run, with nothing in the environment but `environment`. Its output goes to files in a folder of its own.
class GanctlProcess {
 public:
  explicit GanctlProcess(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});
  ~GanctlProcess();

  void Signal(int signal);
  // Waits for the end: the exit code, or -1 if a signal ended it.
  int Wait();

  // After Wait.
  std::string out() const;
  std::string err() const;

 private:
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace ganserve::ganctl
