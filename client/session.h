// What all calls of a client share. For the files of client/ only.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "client/channel.h"
#include "client/client_options.h"
#include "ganserve/v1/images.grpc.pb.h"
#include "ganserve/v1/models.grpc.pb.h"
#include "ganserve/v1/training.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace ganserve::client {

// Immutable, so thread-safe.
class Session {
 public:
  // Connects at the first call. INVALID_ARGUMENT or NOT_FOUND names the option or the file that is of no use.
  static absl::StatusOr<std::shared_ptr<const Session>> Create(const ClientOptions& options);

  const ClientOptions& options() const { return options_; }
  const Channel& channel() const { return channel_; }
  v1::ImageService::Stub& images() const { return *images_; }
  v1::TrainingService::Stub& training() const { return *training_; }
  v1::ModelService::Stub& models() const { return *models_; }
  grpc::health::v1::Health::Stub& health() const { return *health_; }

 private:
  Session(ClientOptions options, Channel channel);

  const ClientOptions options_;
  const Channel channel_;
  const std::unique_ptr<v1::ImageService::Stub> images_;
  const std::unique_ptr<v1::TrainingService::Stub> training_;
  const std::unique_ptr<v1::ModelService::Stub> models_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

}  // namespace ganserve::client
