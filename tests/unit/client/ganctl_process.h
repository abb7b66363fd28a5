// Runs the ganctl that was built, as a shell would.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace ganserve::ganctl {

// One run, with nothing in the environment but `environment`. Its output goes to files in a folder of its own.
class GanctlProcess {
 public:
  explicit GanctlProcess(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});

  void Signal(int signal);
  // Waits for the end: the exit code, or -1 if a signal ended it.
  int Wait();

  // After Wait.
  std::string out() const;
  std::string err() const;

 private:
  const TemporaryFolder temporary_folder_;
  const std::string& folder_ = temporary_folder_.path();
  pid_t pid_ = -1;
};

}  // namespace ganserve::ganctl
