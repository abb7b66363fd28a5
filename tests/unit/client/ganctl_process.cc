#include "tests/unit/client/ganctl_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ganserve::ganctl {
namespace {

// For exec: pointers into the strings, and the null that ends them.
std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

GanctlProcess::GanctlProcess(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                             const Streams& streams) {
  std::vector<std::string> argv = {GANCTL_PATH};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<std::string> env = environment;
  // What LeakSanitizer is to overlook (tests/support/lsan.supp) holds for the child too.
  if (const char* leaks = std::getenv("LSAN_OPTIONS"); leaks != nullptr)
    env.push_back(std::string("LSAN_OPTIONS=") + leaks);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string in = streams.in.empty() ? "/dev/null" : streams.in;
  const std::string out = streams.out.empty() ? folder_ + "/out" : streams.out;
  const std::string err = streams.err.empty() ? folder_ + "/err" : streams.err;
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY | O_NOCTTY, 0);
  const int flags = O_WRONLY | O_CREAT | O_NOCTTY;
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), flags, 0600);
  const int error = ::posix_spawn(&pid_, GANCTL_PATH, &actions, nullptr, Pointers(argv).data(), Pointers(env).data());
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0);
}

void GanctlProcess::Signal(int signal) { ::kill(pid_, signal); }

int GanctlProcess::Wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string GanctlProcess::out() const { return ReadAll(folder_ + "/out"); }

std::string GanctlProcess::err() const { return ReadAll(folder_ + "/err"); }

}  // namespace ganserve::ganctl
