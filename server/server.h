// The whole server: reads the options, owns every part, starts and stops them in order. The only place that knows all
// parts.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace ganserve {

class Server {
 public:
  // Loads and warms the models, then listens: when it returns, health says SERVING. The error is one line for the
  // operator.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // As Stop.
  ~Server();

  // Where gRPC, /metrics and the port for health are bound, as host:port; the last two are empty when they are off.
  const std::string& address() const;
  const std::string& metrics_address() const;
  std::string health_address() const;

  // Health says NOT_SERVING from here on, so that load balancers turn away; calls are still accepted.
  void AnnounceStop();

  // Accepts no more calls, lets the accepted ones finish for at most drain_timeout, cancels the rest and stops every
  // thread. Idempotent; from one thread.
  void Stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace ganserve
