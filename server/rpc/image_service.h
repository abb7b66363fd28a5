// ganserve.v1.ImageService: hands each call to its handler.
#pragma once

#include "ganserve/v1/images.grpc.pb.h"
#include "server/rpc/serving_environment.h"

namespace ganserve {

class ImageService final : public v1::ImageService::CallbackService {
 public:
  // What `environment` refers to outlives the service.
  explicit ImageService(ServingEnvironment environment) : environment_(std::move(environment)) {}

  grpc::ServerUnaryReactor* Generate(grpc::CallbackServerContext* context, const v1::GenerateRequest* request,
                                     v1::GenerateResponse* response) override;
  grpc::ServerWriteReactor<v1::GeneratedImage>* GenerateStream(grpc::CallbackServerContext* context,
                                                               const v1::GenerateRequest* request) override;
  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context, const v1::GetServerInfoRequest* request,
                                          v1::GetServerInfoResponse* response) override;

 private:
  const ServingEnvironment environment_;
};

}  // namespace ganserve
