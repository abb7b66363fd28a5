// An ImageService that does what a test's script says, on a free port of the loopback interface.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ganserve/v1/images.grpc.pb.h"
#include "server/base/mutex.h"

namespace ganserve::client {

// What happens to one call. By default it succeeds.
struct Reply {
  grpc::Status status = grpc::Status::OK;
  // Images of a stream before it ends with the status.
  uint32_t images = std::numeric_limits<uint32_t>::max();
  // Sent as grpc-retry-pushback-ms.
  std::string pushback_ms = {};
  std::string model_digest = "digest-a";
  // Called in the middle of a call, after the images of a stream, before the status.
  std::function<void()> before_end = [] {};
};

// What a call brought.
struct SeenCall {
  v1::GenerateRequest request;
  // Metadata; empty if absent.
  std::string request_id;
  std::string authorization;
  bool has_deadline = false;
};

// Images are 2x2x3, model "fake" version 7. Thread-safe.
class FakeImageService final : public v1::ImageService::Service {
 public:
  // Replies to the next calls, in order; calls after them succeed.
  void Script(std::vector<Reply> replies);
  // Replies to GetServerInfo, from now on. By default it succeeds.
  void RefuseInfo(const grpc::Status& status);
  std::vector<SeenCall> seen() const;

  // Waits until that many images of streams were taken by the transport.
  void WaitForImagesSent(uint64_t images) const;

  grpc::Status Generate(grpc::ServerContext* context, const v1::GenerateRequest* request,
                        v1::GenerateResponse* response) override;
  grpc::Status GenerateStream(grpc::ServerContext* context, const v1::GenerateRequest* request,
                              grpc::ServerWriter<v1::GeneratedImage>* writer) override;
  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest* request,
                             v1::GetServerInfoResponse* response) override;

 private:
  Reply Begin(grpc::ServerContext& context, const v1::GenerateRequest& request);

  mutable Mutex mutex_;
  mutable CondVar image_sent_;
  std::vector<Reply> script_ GUARDED_BY(mutex_);
  grpc::Status info_status_ GUARDED_BY(mutex_);
  std::vector<SeenCall> seen_ GUARDED_BY(mutex_);
  uint64_t images_sent_ GUARDED_BY(mutex_) = 0;
};

// The service on a port, with the standard health service. Stops with the object.
class FakeServer {
 public:
  explicit FakeServer(std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
  ~FakeServer();

  FakeImageService& service() { return service_; }
  std::string address() const;
  void SetServing(bool serving);

 private:
  FakeImageService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace ganserve::client
