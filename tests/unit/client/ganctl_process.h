// Runs the ganctl that was built, as a shell would.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace ganserve::ganctl {

// Devices for standard input, output and error. By default the input is empty and the others are files that out() and
// err() read.
struct Streams {
  std::string in = {};
  std::string out = {};
  std::string err = {};
};

// One run, with nothing in the environment but `environment` and LSAN_OPTIONS. Its files are in a folder of its own.
class GanctlProcess {
 public:
  explicit GanctlProcess(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {},
                         const Streams& streams = {});

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
