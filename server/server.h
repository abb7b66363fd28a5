// The whole server: reads the options, owns every part, starts and stops them in order. The only place that knows all
// parts.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/options.h"

namespace ganserve {

class Server {
 public:
  // Loads and warms the models, which may take minutes; --health-listen answers meanwhile. Nothing is lost when the
  // process is ended until Open. The error is one line for the operator.
  static absl::StatusOr<std::unique_ptr<Server>> Load(const ServerOptions& options);

  // Listens and lets interrupted jobs go on: when it returns, health says SERVING and the log "ready", with addresses;
  // with an empty repository that comes with its first model. Once. The error is one line for the operator.
  absl::Status Open();

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
