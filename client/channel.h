// The gRPC channel of a client. For the files of client/ only: the library's own interface is image_client.h.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/client_options.h"

namespace ganserve::client {

// A channel and what every call on it carries. Thread-safe.
class Channel {
 public:
  // Validates the options and reads their files; connects at the first call. INVALID_ARGUMENT or NOT_FOUND names the
  // option or the file.
  static absl::StatusOr<Channel> Create(const ClientOptions& options);

  const std::shared_ptr<grpc::Channel>& grpc() const { return channel_; }

  // Adds the bearer token, if there is one.
  void Authorize(grpc::ClientContext& context) const;

 private:
  Channel(std::shared_ptr<grpc::Channel> channel, std::string authorization);

  std::shared_ptr<grpc::Channel> channel_;
  std::string authorization_;
};

}  // namespace ganserve::client
