// What all calls of a client share. For the files of client/ only.
#pragma once

#include <memory>
#include <utility>

#include "client/channel.h"
#include "client/client_options.h"
#include "ganserve/v1/images.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace ganserve::client {

// Immutable, so thread-safe.
class Session {
 public:
  Session(ClientOptions options, Channel channel)
      : options_(std::move(options)),
        channel_(std::move(channel)),
        images_(v1::ImageService::NewStub(channel_.grpc())),
        health_(grpc::health::v1::Health::NewStub(channel_.grpc())) {}

  const ClientOptions& options() const { return options_; }
  const Channel& channel() const { return channel_; }
  v1::ImageService::Stub& images() const { return *images_; }
  grpc::health::v1::Health::Stub& health() const { return *health_; }

 private:
  const ClientOptions options_;
  const Channel channel_;
  const std::unique_ptr<v1::ImageService::Stub> images_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

}  // namespace ganserve::client
