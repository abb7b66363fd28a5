#include "server/rpc/server_info_handler.h"

#include "server/base/status_macros.h"
#include "server/rpc/unary_answer.h"

namespace ganserve {
namespace {

void FillVersion(const ModelVersion& loaded, v1::ModelVersionInfo* version) {
  const GeneratorInfo& info = loaded.generator->info();
  version->set_model(info.model);
  version->set_version(info.version);
  version->set_digest(info.digest);
  version->set_on_duty(loaded.on_duty);
  for (const std::string& alias : loaded.aliases) version->add_aliases(alias);
  version->set_width(static_cast<uint32_t>(info.shape.width));
  version->set_height(static_cast<uint32_t>(info.shape.height));
  version->set_channels(static_cast<uint32_t>(info.shape.channels));
  version->set_latent_size(static_cast<uint32_t>(info.latent_size));
  version->set_classes(static_cast<uint32_t>(info.classes));
  for (const std::string& name : info.class_names) version->add_class_names(name);
}

void FillResponse(const ServingEnvironment& environment, v1::GetServerInfoResponse* response) {
  response->set_server_version(environment.description.version);
  response->set_device(environment.description.device);
  response->set_workers(environment.description.workers);
  response->set_max_images_per_call(environment.limits.max_images_per_call);
  response->set_max_response_bytes(environment.limits.max_response_bytes);
  response->set_max_images_per_stream(environment.limits.max_images_per_stream);
  response->set_default_model(environment.models.default_model());
  for (const ModelVersion& loaded : environment.models.List()) FillVersion(loaded, response->add_models());
}

}  // namespace

grpc::ServerUnaryReactor* HandleGetServerInfo(const ServingEnvironment& environment,
                                              grpc::CallbackServerContext* context,
                                              v1::GetServerInfoResponse* response) {
  return AnswerNow(environment.call, context, "/ganserve.v1.ImageService/GetServerInfo",
                   [&](const Call& call) -> absl::Status {
                     GANSERVE_RETURN_IF_ERROR(call.Authorize());
                     FillResponse(environment, response);
                     return absl::OkStatus();
                   });
}

}  // namespace ganserve
