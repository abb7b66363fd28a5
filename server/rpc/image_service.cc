#include "server/rpc/image_service.h"

#include "server/rpc/generate_handler.h"
#include "server/rpc/generate_stream_handler.h"
#include "server/rpc/server_info_handler.h"

namespace ganserve {

grpc::ServerUnaryReactor* ImageService::Generate(grpc::CallbackServerContext* context,
                                                 const v1::GenerateRequest* request, v1::GenerateResponse* response) {
  return HandleGenerate(environment_, context, request, response);
}

grpc::ServerWriteReactor<v1::GeneratedImage>* ImageService::GenerateStream(grpc::CallbackServerContext* context,
                                                                           const v1::GenerateRequest* request) {
  return HandleGenerateStream(environment_, context, request);
}

grpc::ServerUnaryReactor* ImageService::GetServerInfo(grpc::CallbackServerContext* context,
                                                      const v1::GetServerInfoRequest* /*request*/,
                                                      v1::GetServerInfoResponse* response) {
  return HandleGetServerInfo(environment_, context, response);
}

}  // namespace ganserve
