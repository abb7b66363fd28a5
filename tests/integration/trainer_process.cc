#include "tests/integration/trainer_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/spec/train_spec_defaults.h"
#include "server/jobs/train_spec.h"
#include "tests/support/read_event_log.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

constexpr int kImages = 40;
constexpr int kSide = 28;
constexpr int kPipeBytes = 4096;

}  // namespace

TrainerRun::TrainerRun(const std::vector<std::string>& arguments, const std::string& errors) {
  std::string path = TRAINER_PATH;
  std::vector<char*> argv = {path.data()};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0 || ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes) < 0) {
    ADD_FAILURE() << "no pipe: " << std::strerror(errno);
    return;
  }
  pipe_ = UniqueFd(ends[0]);
  const UniqueFd write_end(ends[1]);
  pid_ = ::fork();
  if (pid_ != 0) return;
  const int file = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || ::dup2(ends[1], STDOUT_FILENO) < 0 || ::dup2(file, STDERR_FILENO) < 0) ::_exit(126);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

TrainerRun::~TrainerRun() {
  if (pid_ <= 0) return;
  Signal(SIGKILL);
  Wait();
}

void TrainerRun::ReadLines(int lines) {
  char byte = 0;
  while (lines > 0 && ::read(pipe_.get(), &byte, 1) == 1) {
    output_ += byte;
    lines -= byte == '\n' ? 1 : 0;
  }
}

void TrainerRun::Signal(int signal) const { ::kill(pid_, signal); }

void TrainerRun::KillAfter(int lines, std::chrono::milliseconds time) {
  ReadLines(lines);
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  ASSERT_TRUE(handle.valid()) << std::strerror(errno);
  pollfd ended{handle.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(time.count())) == 0) Signal(SIGKILL);
}

int TrainerRun::Wait() {
  char bytes[4096];
  while (true) {
    const ssize_t count = ::read(pipe_.get(), bytes, sizeof(bytes));
    if (count <= 0) break;
    output_.append(bytes, static_cast<size_t>(count));
  }
  int status = 0;
  const pid_t pid = std::exchange(pid_, -1);
  if (::waitpid(pid, &status, 0) != pid) return 128;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TrainerJobs::TrainerJobs() {
  fs::create_directories(folder_.File("data/squares"));
  WriteData(IdxImages());
}

void TrainerJobs::WriteData(const std::string& idx_file) const {
  folder_.Write("data/squares/images-idx3-ubyte", idx_file);
}

v1::TrainSpec TrainerJobs::Spec() {
  v1::TrainSpec spec;
  spec.set_data("squares");
  spec.set_steps(60);
  spec.set_batch_size(4);
  spec.set_width(2);
  spec.set_latent_size(4);
  spec.set_report_every_steps(3);
  spec.set_sample_every_steps(20);
  spec.set_checkpoint_every_steps(1);
  return spec;
}

v1::TrainSpec TrainerJobs::LongSpec() {
  v1::TrainSpec spec = Spec();
  spec.set_steps(200);
  spec.set_report_every_steps(1);
  spec.set_checkpoint_every_steps(5);
  spec.set_sample_every_steps(100);
  return spec;
}

std::string TrainerJobs::Create(const std::string& name, const v1::TrainSpec& spec) const {
  WriteSpec(folder_.File(name), spec);
  return folder_.File(name);
}

void TrainerJobs::WriteSpec(const std::string& job, const v1::TrainSpec& spec) {
  fs::create_directories(job);
  std::ofstream(job + "/spec") << TrainSpecToJson(ResolveTrainSpec(spec)).value();
}

std::vector<std::string> TrainerJobs::RunArguments(const std::string& job, const std::vector<std::string>& more) const {
  std::vector<std::string> arguments = {"run", "--job-dir", job, "--data-root", data_root()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

int TrainerJobs::Execute(const std::vector<std::string>& arguments) {
  TrainerRun process(arguments, errors_file());
  const int code = process.Wait();
  output_ = process.output();
  return code;
}

std::string IdxImages() {
  const auto big_endian = [](uint32_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
    return out;
  };
  std::string file = big_endian(0x803) + big_endian(kImages) + big_endian(kSide) + big_endian(kSide);
  for (int i = 0; i < kImages * kSide * kSide; ++i) file.push_back(static_cast<char>(i * 7 + i / 784 * 31));
  return file;
}

std::vector<v1::TrainEvent> Events(const std::string& job) {
  const auto contents = ReadEventLog(job + "/events");
  EXPECT_TRUE(contents.ok()) << contents.status();
  return contents.ok() ? contents->events : std::vector<v1::TrainEvent>();
}

std::vector<std::string> History(const std::string& job) {
  std::vector<std::string> history;
  for (v1::TrainEvent& event : Events(job)) {
    if (event.has_log_line() || event.has_state_change() || event.has_terminal()) continue;
    event.clear_sequence();
    event.clear_unix_time_ms();
    if (event.has_losses()) {
      event.mutable_losses()->clear_images_per_second();
      event.mutable_losses()->clear_eta_seconds();
    }
    if (event.has_checkpoint()) event.mutable_checkpoint()->clear_seconds();
    if (event.has_evaluation()) event.mutable_evaluation()->clear_seconds();
    history.push_back(event.ShortDebugString());
  }
  return history;
}

std::vector<v1::TrainJobState> States(const std::string& job) {
  std::vector<v1::TrainJobState> states;
  for (const v1::TrainEvent& event : Events(job)) {
    if (event.has_state_change()) states.push_back(event.state_change().state());
    if (event.has_terminal()) states.push_back(event.terminal().state());
  }
  return states;
}

std::vector<std::string> Files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace ganserve
