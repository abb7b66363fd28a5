// The whole server: reads the options, owns every part, starts and stops them in order. The only place that knows all
// parts.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace ganserve {

class Server {
 public:
  // Loads and warms the models, then listens: when it returns, health says SERVING and the log "ready", with addresses;
  // with an empty repository that comes with its first model. The error is one line for the operator.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // As Stop.
  ~Server();

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
