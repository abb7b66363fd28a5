// Unary calls, answered at once or later.
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

// Answers a call with what `answer` (absl::Status(const Call&)) returns; it authorises the call and fills the response.
template <typename Answer>
grpc::ServerUnaryReactor* AnswerNow(const CallEnvironment& environment, grpc::CallbackServerContext* context,
                                    std::string_view method, const Answer& answer) {
  UnaryAnswer unary(environment, context, method);
  unary.Finish(answer(unary.call()));
  return unary.reactor();
}

// If `admit` (absl::Status(const Call&)) lets the call go on, `start` is given what answers it: a copyable
// void(const absl::Status&), to be called once, from any thread, with the response filled.
template <typename Admit, typename Start>
grpc::ServerUnaryReactor* AnswerLater(const CallEnvironment& environment, grpc::CallbackServerContext* context,
                                      std::string_view method, const Admit& admit, const Start& start) {
  auto unary = std::make_shared<UnaryAnswer>(environment, context, method);
  grpc::ServerUnaryReactor* const reactor = unary->reactor();  // whoever answers may let go of `unary`
  if (const absl::Status status = admit(unary->call()); status.ok()) {
    start([unary](const absl::Status& answer) { unary->Finish(answer); });
  } else {
    unary->Finish(status);
  }
  return reactor;
}

}  // namespace ganserve
