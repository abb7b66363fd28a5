// Stands in for ganserve-trainer: `fake_trainer run --job-dir DIR --data-root ROOT --device DEVICE --supervised`
// behaves as the name of the data in its job's spec says, see kBehaviours. DIR/starts has a byte for each time that it
// was started.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "server/jobs/event_log.h"
#include "server/jobs/train_spec.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

constexpr int kStopped = 3;
constexpr int kPermanentFailure = 4;
constexpr int kOutOfDisk = 5;

struct Job {
  std::string path;
  std::string device;
  size_t starts = 0;
  EventLog log;

  void Append(const std::function<void(v1::TrainEvent&)>& fill, uint64_t step) {
    v1::TrainEvent event;
    event.set_step(step);
    event.set_epoch(1);
    fill(event);
    if (!log.Append(event).ok()) std::abort();
  }
  void Loss(uint64_t step) {
    Append([](auto& event) { event.mutable_losses()->set_generator_loss(1.5); }, step);
  }
  void Checkpoint(uint64_t step) {
    Append(
        [&](auto& event) {
          event.mutable_checkpoint()->set_step(step);
          event.mutable_checkpoint()->set_seconds(0.25);
        },
        step);
  }
};

// SIGTERM and SIGINT are blocked from the start, so none is missed.
void WaitForSigterm() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  int signal = 0;
  sigwait(&set, &signal);
}

int Finish(Job& job) {
  for (uint64_t step = 1; step <= 3; ++step) job.Loss(step);
  job.Checkpoint(3);
  return 0;
}

int Crash(Job& job) {
  job.Loss(1);
  std::cerr << "boom\n";
  std::abort();
}

int WaitToBeStopped(Job& job) {
  job.Loss(1);
  WaitForSigterm();
  job.Checkpoint(1);
  return kStopped;
}

// A new checkpoint at every start, and a sudden death.
int CrashWithProgress(Job& job) {
  if (job.starts == 8) return Finish(job);
  job.Checkpoint(job.starts);
  ::kill(::getpid(), SIGKILL);
  return 1;
}

int IgnoreSigterm(Job& job) {
  job.Loss(1);
  while (true) WaitForSigterm();
}

int WriteGarbage(Job& job) {
  std::ofstream(job.path + "/events", std::ios::binary | std::ios::app) << std::string(100'000, '\xff');
  return 0;
}

int SayMuch(Job&) {
  std::cerr << std::string(1'000'000, 'x') << "\nthe last line\n" << std::flush;
  return kPermanentFailure;
}

// Leaves a process behind that holds its standard error.
int LeaveAChild(Job& job) {
  if (const pid_t child = ::fork(); child == 0) {
    while (true) ::pause();
  } else {
    std::ofstream(job.path + "/child") << child;
  }
  return Finish(job);
}

int TellItsLimit(Job& job) {
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  job.Append([&](auto& event) { event.mutable_log_line()->set_text(std::to_string(limit.rlim_cur)); }, 0);
  return Finish(job);
}

int TellItsDevice(Job& job) {
  job.Append([&](auto& event) { event.mutable_log_line()->set_text(job.device); }, 0);
  return Finish(job);
}

int Fail(int code, const char* why) {
  std::cerr << why << "\n";
  return code;
}

const std::map<std::string, std::function<int(Job&)>> kBehaviours = {
    {"finish", Finish},
    {"silent", [](Job&) { return 0; }},
    {"crash", Crash},
    {"crash-twice", [](Job& job) { return job.starts <= 2 ? Crash(job) : Finish(job); }},
    {"crash-with-progress", CrashWithProgress},
    {"wait", WaitToBeStopped},
    {"wait-once", [](Job& job) { return job.starts == 1 ? WaitToBeStopped(job) : Finish(job); }},
    {"ignore-sigterm", IgnoreSigterm},
    {"garbage", WriteGarbage},
    {"chatty", SayMuch},
    {"child", LeaveAChild},
    {"limit", TellItsLimit},
    {"device", TellItsDevice},
    {"bad-data", [](Job&) { return Fail(kPermanentFailure, "the data is bad"); }},
    {"latin-1", [](Job&) { return Fail(kPermanentFailure, "caf\xe9 is no class"); }},
    {"full-disk-once",
     [](Job& job) { return job.starts == 1 ? Fail(kOutOfDisk, "no space left on device") : Finish(job); }},
};

int Main(const std::string& job_path, const std::string& device) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  std::ofstream(job_path + "/starts", std::ios::app) << "x" << std::flush;
  const auto spec = TrainSpecFromJson(ReadWhole(job_path + "/spec"));
  auto log = EventLog::Open(job_path + "/events");
  if (!spec.ok() || !log.ok()) return Fail(kPermanentFailure, "cannot read the job");
  Job job{job_path, device, ReadWhole(job_path + "/starts").size(), *std::move(log)};
  const auto behaviour = kBehaviours.find(spec->data());
  return behaviour == kBehaviours.end() ? Fail(kPermanentFailure, "unknown behaviour") : behaviour->second(job);
}

}  // namespace
}  // namespace ganserve

int main(int argc, char** argv) { return argc > 7 ? ganserve::Main(argv[3], argv[7]) : 2; }
