// A caller of the image service, with what tests ask of an answer.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ganserve/v1/images.grpc.pb.h"

namespace ganserve {

// What goes with a call besides its request.
struct CallSettings {
  std::vector<std::pair<std::string, std::string>> metadata;
  std::optional<std::chrono::milliseconds> deadline;  // absent: five minutes, so that a hanging test ends
};

void Apply(const CallSettings& settings, grpc::ClientContext* context);

// How a call ended. A stream's images are gathered as a unary answer has them.
struct Answer {
  grpc::Status status;
  v1::GenerateResponse response;
  std::vector<std::pair<std::string, std::string>> trailing;

  // The images' bytes.
  std::vector<std::string> images() const;
  // The trailing metadata of this name, or "".
  std::string trailer(const std::string& name) const;
};

v1::GenerateRequest ImageRequest(uint64_t seed, uint32_t count, uint64_t first_index = 0,
                                 v1::ImageFormat format = v1::IMAGE_FORMAT_PNG);

// Has a connection of its own. Any thread.
class ImageCaller {
 public:
  explicit ImageCaller(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials =
                                                       grpc::InsecureChannelCredentials());

  Answer Generate(const v1::GenerateRequest& request, const CallSettings& settings = {}) const;
  Answer Stream(const v1::GenerateRequest& request, const CallSettings& settings = {}) const;

  v1::ImageService::Stub& stub() const { return *stub_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::ImageService::Stub> stub_;
};

// Many calls of Generate in flight at once, each on its own thread.
class Callers {
 public:
  Callers(const ImageCaller& caller, const std::vector<v1::GenerateRequest>& requests,
          const CallSettings& settings = {});
  ~Callers();
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  // How many are over.
  size_t over() const;
  void Cancel();
  // Waits for all; in the order of the requests.
  std::vector<Answer> Answers();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// Asks `condition` until it holds, at most some thousand times: false if it never did. Only for what gives no event to
// wait for; every question costs a scrape or a call.
bool Eventually(const std::function<bool()>& condition);

}  // namespace ganserve
