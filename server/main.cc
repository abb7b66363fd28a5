// ganserve: the server's executable.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/memory.h"
#include "server/log/log.h"
#include "server/options.h"
#include "server/rpc/grpc_server.h"
#include "server/server.h"

namespace {

constexpr int kUsageExit = 2;
constexpr int kFailureExit = 1;

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Waits for SIGTERM or SIGINT, which every thread blocks.
std::string WaitForStop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  return signal == SIGTERM ? "SIGTERM" : "SIGINT";
}

// The default action would do, but the kernel spares process 1 of a container from it.
extern "C" void ExitAtOnce(int signal) { _exit(128 + signal); }

// From here on a signal ends the process at once, if it reaches this thread.
void LetSignalsEndTheProcess(const sigset_t& signals) { pthread_sigmask(SIG_UNBLOCK, &signals, nullptr); }

// Loading may take minutes with large models, and nothing is lost when it is interrupted: a thread is there for the
// signals meanwhile. It is gone when this returns, so that whoever sees the server answer can also have it drain.
absl::StatusOr<std::unique_ptr<ganserve::Server>> LoadUnlessSignalled(const ganserve::ServerOptions& options,
                                                                      const sigset_t& signals) {
  std::promise<void> loaded;
  std::jthread open_to_signals([&signals, over = loaded.get_future()] {
    LetSignalsEndTheProcess(signals);
    over.wait();
  });
  auto server = ganserve::Server::Load(options);
  loaded.set_value();
  return server;
}

absl::StatusOr<std::unique_ptr<ganserve::Server>> StartUnlessSignalled(const ganserve::ServerOptions& options,
                                                                       const sigset_t& signals) {
  auto server = LoadUnlessSignalled(options, signals);
  if (!server.ok()) return server;
  if (const absl::Status status = (*server)->Open(); !status.ok()) return status;
  return server;
}

void LogConfiguration(const ganserve::ServerOptions& options) {
  const auto description = ganserve::DescribeOptions(options);
  std::vector<ganserve::LogField> fields;
  for (const auto& [name, value] : description) fields.push_back({name, value});
  ganserve::LogFields(ganserve::LogLevel::kInfo, "configuration", fields);
}

void SleepFor(std::chrono::milliseconds time) {
  const timespec duration{time.count() / 1000, time.count() % 1000 * 1'000'000};
  nanosleep(&duration, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  ganserve::TuneMalloc(ganserve::kServingMemory);
  // Before the first thread starts, so that all inherit the mask and only sigwait sees the signals.
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, ExitAtOnce);

  const auto command_line = ganserve::ParseServerOptions(argc, argv);
  if (!command_line.ok()) {
    std::fprintf(stderr, "ganserve: %s\n", std::string(command_line.status().message()).c_str());
    return kUsageExit;
  }
  if (!command_line->answer.empty()) {
    std::fputs(command_line->answer.c_str(), stdout);
    return 0;
  }
  const ganserve::ServerOptions& options = command_line->options;
  ganserve::ConfigureLog(options.log_level, options.log_format);
  ganserve::RedirectGrpcLog();
  LogConfiguration(options);

  auto server = StartUnlessSignalled(options, signals);
  if (!server.ok()) {
    ganserve::Log(ganserve::LogLevel::kError, "cannot start", {{"error", std::string(server.status().message())}});
    return kFailureExit;
  }

  const std::string signal = WaitForStop(signals);
  LetSignalsEndTheProcess(signals);
  ganserve::Log(
      ganserve::LogLevel::kInfo, "stopping",
      {{"signal", signal}, {"drain_grace_seconds", std::chrono::duration<double>(options.drain_grace).count()}});
  (*server)->AnnounceStop();
  SleepFor(options.drain_grace);
  (*server)->Stop();
  ganserve::Log(ganserve::LogLevel::kInfo, "stopped");
  return 0;
}
