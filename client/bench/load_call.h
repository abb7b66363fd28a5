// One call of a load, on a completion queue: no thread waits for it. For the files of client/bench only.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "client/bench/load_plan.h"
#include "client/channel.h"
#include "ganserve/v1/images.grpc.pb.h"

namespace ganserve::bench {

// A connection with its stub; thread-safe.
struct LoadTarget {
  client::Channel channel;
  std::unique_ptr<v1::ImageService::Stub> stub;
};

// Its own tag in the queue, with one event under way at any time. Can be started again when it is over.
class LoadCall {
 public:
  // All outlive the call.
  LoadCall(const LoadPlan& plan, const LoadTarget& target, grpc::CompletionQueue& queue)
      : plan_(plan), target_(target), queue_(queue) {}

  // `due` is when the call should have started; `number` gives it its seed. `counted`: after the warm-up. The last
  // thing it does is to hand the call to the queue: another thread may have its event, and be done with it, before this
  // returns.
  void Start(std::chrono::steady_clock::time_point due, uint64_t number, bool counted);

  // Takes an event of the queue; true if the call is over with it.
  bool OnEvent(bool ok);

  // Of a call that is over.
  std::chrono::steady_clock::time_point due() const { return due_; }
  bool counted() const { return counted_; }
  const grpc::Status& status() const { return status_; }
  uint64_t images() const { return images_; }
  uint64_t bytes() const { return bytes_; }

 private:
  void Count(const v1::GeneratedImage& image);

  const LoadPlan& plan_;
  const LoadTarget& target_;
  grpc::CompletionQueue& queue_;
  std::chrono::steady_clock::time_point due_;
  bool counted_ = false;
  uint64_t images_ = 0;
  uint64_t bytes_ = 0;
  grpc::Status status_;
  v1::GenerateRequest request_;
  // The context goes after the reader that uses it.
  std::optional<grpc::ClientContext> context_;
  v1::GenerateResponse response_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GenerateResponse>> unary_;
  v1::GeneratedImage image_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::GeneratedImage>> stream_;
  // What the next event tells.
  enum class Step { kStart, kRead, kFinish } step_ = Step::kStart;
};

}  // namespace ganserve::bench
