#include "server/jobs/trainer_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

// glibc 2.36's header declares C functions without saying so.
extern "C" {
#include <sys/pidfd.h>
}

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

constexpr size_t kOutputBytes = 4096;
constexpr size_t kErrorBytes = 4096;
constexpr size_t kBlockBytes = 4096;
constexpr int kPipeBlocks = 16;  // a full pipe, see pipe(7)

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

absl::StatusOr<Pipe> MakePipe(int flags) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | flags) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// What the child does between fork and exec: system calls alone, as other threads may have held any lock.
struct ChildSetUp {
  pid_t parent;
  int output;
  int errors;
  int exec_error;
  int niceness;
  uint64_t memory_limit_bytes;
  char* const* arguments;

  [[noreturn]] void Run() const {
    // Not setsid: in a session of its own the process would be in a scheduling group of its own (sched_autogroup), in
    // which a niceness counts for nothing against the server.
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // the server died before the line above
    ResetSignals();
    if (::nice(niceness) == -1) errno = 0;  // it may be at the end of its range
    RaiseOomScore();
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    // Last, as this process still has the server's memory, and a sanitizer's run-time may want more.
    if (memory_limit_bytes > 0) {
      const rlimit limit{memory_limit_bytes, memory_limit_bytes};
      ::setrlimit(RLIMIT_DATA, &limit);
    }
    ::execv(arguments[0], arguments);
    const int error = errno;
    if (::write(exec_error, &error, sizeof(error)) < 0) ::_exit(126);
    ::_exit(127);
  }

  static void ResetSignals() {
    for (const int ignored : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) ::signal(ignored, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  // So that the kernel, short of memory, ends training and not serving.
  static void RaiseOomScore() {
    const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0 && ::write(score, "1000", 4) < 0) errno = 0;
    if (score >= 0) ::close(score);
  }
};

// 0, or why exec failed.
int ReadExecError(const UniqueFd& pipe) {
  int error = 0;
  ssize_t bytes;
  do {
    bytes = ::read(pipe.get(), &error, sizeof(error));
  } while (bytes < 0 && errno == EINTR);
  return bytes == sizeof(error) ? error : 0;
}

// Appends what there is to read; false at the end of the stream.
bool ReadSome(const UniqueFd& pipe, std::string* text) {
  std::array<char, kBlockBytes> buffer;
  while (true) {
    const ssize_t bytes = ::read(pipe.get(), buffer.data(), buffer.size());
    if (bytes > 0) {
      text->append(buffer.data(), static_cast<size_t>(bytes));
      return true;
    }
    if (bytes == 0) return false;
    if (errno != EINTR) return errno == EAGAIN;
  }
}

void KeepFirst(size_t bytes, std::string* text) {
  if (text->size() > bytes) text->resize(bytes);
}

void KeepLast(size_t bytes, std::string* text) {
  if (text->size() > bytes) text->erase(0, text->size() - bytes);
}

}  // namespace

uint64_t SmallerLimit(uint64_t bytes, uint64_t others) {
  if (bytes == 0 || others == 0) return std::max(bytes, others);
  return std::min(bytes, others);
}

std::string TrainerExit::Describe() const {
  if (signal != 0) return absl::StrCat("signal ", signal, " (", ::strsignal(signal), ")");
  if (code == kUnknown) return "an unknown exit code (killed, or its machine is lost)";
  return absl::StrCat("exit code ", code);
}

absl::StatusOr<std::unique_ptr<TrainerProcess>> TrainerProcess::Start(const TrainerCommand& command,
                                                                      std::function<void(const TrainerExit&)> on_exit) {
  GANSERVE_ASSIGN_OR_RETURN(Pipe output, MakePipe(0));
  GANSERVE_ASSIGN_OR_RETURN(Pipe errors, MakePipe(0));
  GANSERVE_ASSIGN_OR_RETURN(Pipe exec_error, MakePipe(0));
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const ChildSetUp child{::getpid(),       output.write.get(),         errors.write.get(), exec_error.write.get(),
                         command.niceness, command.memory_limit_bytes, arguments.data()};
  const pid_t pid = ::fork();
  if (pid == 0) child.Run();
  if (pid < 0) return absl::ErrnoToStatus(errno, absl::StrCat(command.arguments[0], ": cannot start"));
  output.write.Reset();
  errors.write.Reset();
  exec_error.write.Reset();
  UniqueFd pidfd(::pidfd_open(pid, 0));
  const int pidfd_error = pidfd.valid() ? 0 : errno;
  const int error = ReadExecError(exec_error.read);
  if (error != 0 || pidfd_error != 0) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return absl::ErrnoToStatus(error != 0 ? error : pidfd_error, absl::StrCat(command.arguments[0], ": cannot start"));
  }
  ::fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(errors.read.get(), F_SETFL, O_NONBLOCK);
  auto process = std::unique_ptr<TrainerProcess>(new TrainerProcess(pid, std::move(pidfd)));
  process->thread_ =
      std::jthread([raw = process.get(), output = std::move(output.read), errors = std::move(errors.read),
                    on_exit = std::move(on_exit)] { on_exit(raw->Wait(output, errors)); });
  return process;
}

TrainerProcess::~TrainerProcess() {
  Signal(SIGKILL);
  if (thread_.joinable()) thread_.join();
}

void TrainerProcess::Signal(int signal) const { ::pidfd_send_signal(pidfd_.get(), signal, nullptr, 0); }

// The pipes can outlive the process, in the hands of its children, so it is the process that is waited for.
TrainerExit TrainerProcess::Wait(const UniqueFd& output, const UniqueFd& errors) const {
  TrainerExit exit;
  pollfd waits[] = {{pidfd_.get(), POLLIN, 0}, {output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}};
  while (waits[0].revents == 0) {
    if (::poll(waits, 3, -1) < 0) continue;
    if (waits[1].revents != 0 && !ReadSome(output, &exit.output)) waits[1].fd = -1;
    if (waits[2].revents != 0 && !ReadSome(errors, &exit.last_errors)) waits[2].fd = -1;
    KeepFirst(kOutputBytes, &exit.output);
    KeepLast(kErrorBytes, &exit.last_errors);
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ::kill(-pid_, SIGKILL);
  for (int block = 0; block < kPipeBlocks; ++block) {
    ReadSome(output, &exit.output);
    ReadSome(errors, &exit.last_errors);
  }
  KeepFirst(kOutputBytes, &exit.output);
  KeepLast(kErrorBytes, &exit.last_errors);
  if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
  if (WIFEXITED(status)) exit.code = WEXITSTATUS(status);
  return exit;
}

}  // namespace ganserve
