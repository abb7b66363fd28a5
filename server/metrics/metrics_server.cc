#include "server/metrics/metrics_server.h"

#include <netdb.h>
#include <prometheus/exposer.h>
#include <sys/socket.h>

#include <exception>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/base/unique_fd.h"

namespace ganserve {

struct MetricsServer::Http {
  explicit Http(std::vector<std::string> options) : exposer(std::move(options)) {}
  prometheus::Exposer exposer;
};

namespace {

constexpr int kMaxPort = 65535;

// civetweb reads more into an address than host and port (lists, "s" for TLS, "r" for redirects): none of that here.
absl::Status CheckAddress(const std::string& address, const std::string& host, const std::string& port) {
  int number = 0;
  if (port.empty() || port.find_first_not_of("0123456789") != std::string::npos || !absl::SimpleAtoi(port, &number) ||
      number > kMaxPort) {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics address '", address, "' needs a port between 0 and ", kMaxPort, ": host:port"));
  }
  if (host.find_first_of(", \t:[]") != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics address '", address, "' is not host:port with one IPv4 address or name as its host"));
  }
  return absl::OkStatus();
}

// Connects and waits until the other side hangs up, at most 2 s. False: nobody listens there.
bool ConnectAndWait(const addrinfo& address) {
  const UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return false;
  const timeval timeout = {.tv_sec = 2, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ::shutdown(fd.get(), SHUT_WR);
  char unused = 0;
  recv(fd.get(), &unused, sizeof(unused), 0);
  return true;
}

// Wakes the listener up, at whichever of the host's addresses it is. False: at none.
bool WakeListener(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const char* node = host.empty() ? nullptr : host.c_str();  // null: loopback
  if (getaddrinfo(node, std::to_string(port).c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    if (ConnectAndWait(*address)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Create(const std::string& address,
                                                                     const PrometheusMetrics& metrics) {
  const size_t colon = address.rfind(':');
  const std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  const std::string port = colon == std::string::npos ? address : address.substr(colon + 1);
  GANSERVE_RETURN_IF_ERROR(CheckAddress(address, host, colon == std::string::npos ? "" : port));
  // Two threads: a scrape that hangs does not hide the server from the next one.
  const std::vector<std::string> options = {
      "listening_ports", host.empty() ? port : address, "num_threads", "2", "request_timeout_ms", "10000"};
  try {
    auto http = std::make_unique<Http>(options);
    http->exposer.RegisterCollectable(metrics.collectable());
    const std::vector<int> ports = http->exposer.GetListeningPorts();
    if (ports.empty()) return absl::UnavailableError(absl::StrCat("metrics don't listen on ", address));
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(http), host, ports.front()));
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("metrics cannot listen on ", address,
                                               ": the port is taken or the host is not this machine's (", error.what(),
                                               ")"));
  }
}

MetricsServer::MetricsServer(std::unique_ptr<Http> http, std::string host, int port)
    : http_(std::move(http)), host_(std::move(host)), address_(absl::StrCat(host_, ":", port)), port_(port) {}

MetricsServer::~MetricsServer() {
  // civetweb sees that it shall stop when a connection comes in, or else after two seconds.
  std::jthread waker([this](const std::stop_token& stop) {
    while (!stop.stop_requested() && WakeListener(host_, port_)) {
    }
  });
  http_.reset();
}

}  // namespace ganserve
