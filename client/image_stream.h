// The images of one GenerateStream call, as if it were never interrupted.
//
// A stream that breaks with UNAVAILABLE goes on where it stopped: image i of a seed is the same whoever makes it, so
// the rest is asked for from the next index. Model and version are pinned to those of the first answer, and the stream
// ends with ABORTED rather than mix the images of two models. Not thread-safe; CallOptions::stop may be requested from
// any thread.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "client/call_options.h"
#include "ganserve/v1/images.pb.h"

namespace ganserve::client {

class Session;

class ImageStream {
 public:
  // Made by ImageClient::GenerateStream. Nothing is sent before the first Next.
  ImageStream(std::shared_ptr<const Session> session, const v1::GenerateRequest& request, const CallOptions& call);
  // Cancels what is still to come.
  ~ImageStream();

  // Waits for the next image, in order of index. `info` stands in the first image only. False at the end, good or bad.
  [[nodiscard]] bool Next(v1::GeneratedImage* image);

  // How the stream ended, after Next returned false; before that, cancels it: CANCELLED. DATA_LOSS if the server ended
  // it before the last image.
  absl::Status Finish();

  // Images delivered so far.
  uint64_t delivered() const;

  // Attempts made and the request id, known once the stream has ended.
  const CallInfo& call() const;

 private:
  class State;

  const std::unique_ptr<State> state_;
};

}  // namespace ganserve::client
