// Prometheus's scrape target: HTTP GET /metrics.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/metrics/prometheus_metrics.h"

namespace ganserve {

class MetricsServer {
 public:
  // Serves `metrics` on `address`, "host:port" or ":port" (every interface), IPv4 only: Debian's civetweb, on which
  // prometheus-cpp stands, is built without IPv6. Port 0 takes a free one. When `metrics` goes first, what it counted
  // is no longer served. INVALID_ARGUMENT: not such an address. UNAVAILABLE: the port is taken, or the host is none of
  // this machine's.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Create(const std::string& address,
                                                               const PrometheusMetrics& metrics);

  // Stops listening and waits for scrapes in progress.
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Where it listens: the address asked for, with the port that was bound.
  const std::string& address() const { return address_; }
  int port() const { return port_; }

 private:
  struct Http;
  MetricsServer(std::unique_ptr<Http> http, std::string host, int port);

  std::unique_ptr<Http> http_;
  const std::string host_;  // empty: every interface
  const std::string address_;
  const int port_;
};

}  // namespace ganserve
