#include "client/session.h"

#include <utility>

namespace ganserve::client {

absl::StatusOr<std::shared_ptr<const Session>> Session::Create(const ClientOptions& options) {
  absl::StatusOr<Channel> channel = Channel::Create(options);
  if (!channel.ok()) return channel.status();
  return std::shared_ptr<const Session>(new Session(options, *std::move(channel)));
}

Session::Session(ClientOptions options, Channel channel)
    : options_(std::move(options)),
      channel_(std::move(channel)),
      images_(v1::ImageService::NewStub(channel_.grpc())),
      training_(v1::TrainingService::NewStub(channel_.grpc())),
      models_(v1::ModelService::NewStub(channel_.grpc())),
      health_(grpc::health::v1::Health::NewStub(channel_.grpc())) {}

}  // namespace ganserve::client
