#include "tests/support/server_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "nlohmann/json.hpp"
#include "server/base/unique_fd.h"

namespace ganserve {
namespace {

// For exec: pointers into the strings, and the null that ends them.
std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Ours, for sanitizers' options among others, but for what would configure the server.
std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, "GANSERVE_", 9) != 0) variables.emplace_back(*variable);
  }
  return variables;
}

// Arguments that name an option again win over these.
std::vector<std::string> CommandLine(const std::vector<std::string>& arguments) {
  std::vector<std::string> line = {GANSERVE_PATH};
  const auto add_default = [&](const std::string& name, const std::string& value) {
    for (const std::string& argument : arguments) {
      if (argument == name) return;
    }
    line.insert(line.end(), {name, value});
  };
  add_default("--listen", "127.0.0.1:0");
  add_default("--metrics-listen", "127.0.0.1:0");
  add_default("--log-format", "json");
  line.insert(line.end(), arguments.begin(), arguments.end());
  return line;
}

// The answer's body to a GET, read until the server closes.
std::string HttpGet(const std::string& address, const std::string& path) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) return "";
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0;) {
    answer.append(buffer.data(), static_cast<size_t>(n));
  }
  const size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& arguments, Until until) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipe: " << std::strerror(errno);
    return;
  }
  {
    const UniqueFd write_end(pipe[1]);
    Spawn(CommandLine(arguments), write_end.get());
  }
  reader_ = std::jthread([this, fd = pipe[0]] { ReadOutput(fd); });
  switch (until) {
    case Until::kReady:
      WaitForAddresses("ready");
      break;
    case Until::kNoModel:
      WaitForAddresses("no model yet");
      break;
    case Until::kHealthPort:
      health_address_ = WaitForField("health", "listen");
  }
}

bool ServerProcess::WaitUntilReady() {
  WaitForAddresses("ready");
  return ready();
}

void ServerProcess::WaitForAddresses(const std::string& message) {
  address_ = WaitForField(message, "listen");
  metrics_address_ = WaitForField(message, "metrics");
  health_address_ = WaitForField(message, "health");
}

std::string ServerProcess::WaitForField(const std::string& message, const std::string& field) {
  const std::string wanted = "\"message\":\"" + message + "\"";
  if (!WaitForLine(wanted)) return "";
  for (const std::string& line : log()) {
    const auto fields = nlohmann::json::parse(line, nullptr, false);
    if (fields.is_object() && fields.value("message", "") == message) return fields.value(field, "");
  }
  return "";
}

ServerProcess::~ServerProcess() {
  if (waited_ || pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  Wait();
}

void ServerProcess::Spawn(const std::vector<std::string>& arguments, int output) {
  std::vector<std::string> argv = arguments;
  std::vector<std::string> environment = Environment();
  const std::vector<char*> argv_pointers = Pointers(argv);
  const std::vector<char*> environment_pointers = Pointers(environment);
  pid_ = ::fork();
  if (pid_ != 0) {
    EXPECT_GT(pid_, 0) << "no process: " << std::strerror(errno);
    return;
  }
  // The child, which may have lost locks to other threads: system calls only. It does not outlive a test that is
  // killed.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execve(GANSERVE_PATH, argv_pointers.data(), environment_pointers.data());
  ::_exit(127);
}

void ServerProcess::ReadOutput(int fd) {
  const UniqueFd owned(fd);
  std::string rest;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    rest.append(buffer.data(), static_cast<size_t>(n));
    MutexLock lock(mutex_);
    for (size_t end = 0; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
      lines_.push_back(rest.substr(0, end));
    }
    changed_.NotifyAll();
  }
  MutexLock lock(mutex_);
  if (!rest.empty()) lines_.push_back(rest);
  ended_ = true;
  changed_.NotifyAll();
}

void ServerProcess::Signal(int signal) { ::kill(pid_, signal); }

int ServerProcess::Wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  waited_ = true;
  if (reader_.joinable()) reader_.join();
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool ServerProcess::WaitForLine(std::string_view text) {
  MutexLock lock(mutex_);
  for (size_t next = 0;;) {
    for (; next < lines_.size(); ++next) {
      if (lines_[next].find(text) != std::string::npos) return true;
    }
    if (ended_) return false;
    changed_.Wait(mutex_);
  }
}

std::vector<std::string> ServerProcess::log() const {
  MutexLock lock(mutex_);
  return lines_;
}

std::map<std::string, double> ServerProcess::Metrics() const {
  std::map<std::string, double> samples;
  std::istringstream lines(HttpGet(metrics_address_, "/metrics"));
  for (std::string line; std::getline(lines, line);) {
    const size_t blank = line.rfind(' ');
    if (line.starts_with('#') || blank == std::string::npos) continue;
    samples[line.substr(0, blank)] = std::stod(line.substr(blank + 1));
  }
  return samples;
}

double ServerProcess::Metric(const std::string& series) const {
  const auto samples = Metrics();
  const auto found = samples.find(series);
  EXPECT_NE(found, samples.end()) << "no series " << series;
  return found == samples.end() ? -1 : found->second;
}

}  // namespace ganserve
