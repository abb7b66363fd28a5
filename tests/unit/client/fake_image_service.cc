#include "tests/unit/client/fake_image_service.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <utility>

#include "client/ganctl/pixels.h"

namespace ganserve::client {
namespace {

std::string Metadata(const grpc::ServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return "";
  return std::string(found->second.data(), found->second.size());
}

v1::GeneratedImage MakeImage(const v1::GenerateRequest& request, uint64_t index) {
  ganctl::Pixels pixels{2, 2, 3, std::vector<uint8_t>(12, static_cast<uint8_t>(request.seed() + index))};
  v1::GeneratedImage image;
  image.set_seed(request.seed());
  image.set_index(index);
  if (request.format() == v1::IMAGE_FORMAT_RAW) {
    image.set_data(pixels.samples.data(), pixels.samples.size());
  } else {
    image.set_data(*ganctl::EncodePng(pixels));
  }
  return image;
}

v1::GenerationInfo MakeInfo(const v1::GenerateRequest& request, const Reply& reply) {
  v1::GenerationInfo info;
  info.set_width(2);
  info.set_height(2);
  info.set_channels(3);
  info.set_format(request.format() == v1::IMAGE_FORMAT_RAW ? v1::IMAGE_FORMAT_RAW : v1::IMAGE_FORMAT_PNG);
  info.set_model("fake");
  info.set_version(7);
  info.set_model_digest(reply.model_digest);
  return info;
}

}  // namespace

void FakeImageService::Script(std::vector<Reply> replies) {
  MutexLock lock(mutex_);
  script_ = std::move(replies);
}

void FakeImageService::RefuseInfo(const grpc::Status& status) {
  MutexLock lock(mutex_);
  info_status_ = status;
}

std::vector<SeenCall> FakeImageService::seen() const {
  MutexLock lock(mutex_);
  return seen_;
}

void FakeImageService::WaitForImagesSent(uint64_t images) const {
  MutexLock lock(mutex_);
  while (images_sent_ < images) image_sent_.Wait(mutex_);
}

Reply FakeImageService::Begin(grpc::ServerContext& context, const v1::GenerateRequest& request) {
  MutexLock lock(mutex_);
  const bool has_deadline = context.deadline() < std::chrono::system_clock::now() + std::chrono::hours(24);
  const std::string request_id = Metadata(context, "x-request-id");
  seen_.push_back({request, request_id, Metadata(context, "authorization"), has_deadline});
  context.AddTrailingMetadata("x-request-id", request_id.empty() ? "made-by-server" : request_id);
  Reply reply;
  if (!script_.empty()) {
    reply = script_.front();
    script_.erase(script_.begin());
  }
  if (!reply.pushback_ms.empty()) context.AddTrailingMetadata("grpc-retry-pushback-ms", reply.pushback_ms);
  return reply;
}

grpc::Status FakeImageService::Generate(grpc::ServerContext* context, const v1::GenerateRequest* request,
                                        v1::GenerateResponse* response) {
  const Reply reply = Begin(*context, *request);
  reply.before_end();
  for (uint32_t i = 0; i < request->count(); ++i) {
    *response->add_images() = MakeImage(*request, request->first_index() + i);
  }
  *response->mutable_info() = MakeInfo(*request, reply);
  return reply.status;
}

grpc::Status FakeImageService::GenerateStream(grpc::ServerContext* context, const v1::GenerateRequest* request,
                                              grpc::ServerWriter<v1::GeneratedImage>* writer) {
  const Reply reply = Begin(*context, *request);
  for (uint32_t i = 0; i < request->count() && i < reply.images; ++i) {
    v1::GeneratedImage image = MakeImage(*request, request->first_index() + i);
    if (i == 0) *image.mutable_info() = MakeInfo(*request, reply);
    if (!writer->Write(image)) return grpc::Status::CANCELLED;
    MutexLock lock(mutex_);
    ++images_sent_;
    image_sent_.NotifyAll();
  }
  reply.before_end();
  return reply.status;
}

grpc::Status FakeImageService::GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                                             v1::GetServerInfoResponse* response) {
  response->set_server_version("1.2.3");
  response->set_device("cpu");
  response->set_default_model("fake");
  v1::ModelVersionInfo* model = response->add_models();
  model->set_model("fake");
  model->set_version(7);
  model->add_aliases("stable");
  model->set_on_duty(true);
  model->set_classes(3);
  for (const char* name : {"shoe", "bag", "Ankle boot"}) model->add_class_names(name);
  MutexLock lock(mutex_);
  return info_status_;
}

FakeServer::FakeServer(std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", std::move(credentials), &port_);
  builder.RegisterService(&service_);
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() { server_->Shutdown(std::chrono::system_clock::now()); }

std::string FakeServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

void FakeServer::SetServing(bool serving) { server_->GetHealthCheckService()->SetServingStatus(serving); }

}  // namespace ganserve::client
