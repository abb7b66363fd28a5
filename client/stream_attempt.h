// One attempt at a stream of messages from the server. For the files of client/ only.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <memory>

#include "client/call.h"
#include "client/call_outcome.h"

namespace ganserve::client {

// Not thread-safe. gRPC wants every stream read to its end and finished: call Finish or Cancel before this goes.
template <typename Message>
class StreamAttempt {
 public:
  // `open` makes the reader on a context; `call` outlives this.
  template <typename Open>
  StreamAttempt(Call& call, Open open) : call_(call), attempt_(call.stop()) {
    call_.Prepare(attempt_.context());
    reader_ = open(&attempt_.context());
  }

  bool Read(Message* message) { return reader_->Read(message); }

  // After Read returned false.
  CallOutcome Finish() {
    const grpc::Status status = reader_->Finish();
    CallOutcome outcome = OutcomeOf(status, attempt_.context());
    call_.Learn(outcome);
    return outcome;
  }

  void Cancel() {
    attempt_.context().TryCancel();
    Message ignored;
    while (reader_->Read(&ignored)) {
    }
    Finish();
  }

 private:
  Call& call_;
  Attempt attempt_;
  // Goes before its context.
  std::unique_ptr<grpc::ClientReader<Message>> reader_;
};

}  // namespace ganserve::client
