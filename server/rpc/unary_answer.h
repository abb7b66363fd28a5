// Unary calls that are answered later, by another thread.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string_view>

#include "server/rpc/call.h"

namespace ganserve {

// One such call. Finishing is what ends it: a client that goes away before does not, so request and response stay until
// then.
class UnaryAnswer {
 public:
  UnaryAnswer(const CallEnvironment& environment, grpc::CallbackServerContext* context, std::string_view method)
      : call_(environment, *context, method), reactor_(context->DefaultReactor()) {}

  const Call& call() const { return call_; }
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

  // Once, from any thread.
  void Finish(const absl::Status& status) { reactor_->Finish(call_.Finish(status, 0)); }

 private:
  Call call_;
  grpc::ServerUnaryReactor* const reactor_;
};

}  // namespace ganserve
