#include "tests/integration/image_caller.h"

#include <atomic>
#include <thread>

namespace ganserve {
namespace {

std::shared_ptr<grpc::Channel> OwnChannel(const std::string& address,
                                          const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  // What a stalled reader has buffered is then a matter of constants, not of the measured bandwidth.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

void TakeTrailers(const grpc::ClientContext& context, Answer* answer) {
  for (const auto& [name, value] : context.GetServerTrailingMetadata()) {
    answer->trailing.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
}

}  // namespace

void Apply(const CallSettings& settings, grpc::ClientContext* context) {
  for (const auto& [name, value] : settings.metadata) context->AddMetadata(name, value);
  context->set_deadline(std::chrono::system_clock::now() + settings.deadline.value_or(std::chrono::minutes(5)));
}

std::vector<std::string> Answer::images() const {
  std::vector<std::string> images;
  for (const v1::GeneratedImage& image : response.images()) images.push_back(image.data());
  return images;
}

std::string Answer::trailer(const std::string& name) const {
  for (const auto& [key, value] : trailing) {
    if (key == name) return value;
  }
  return "";
}

v1::GenerateRequest ImageRequest(uint64_t seed, uint32_t count, uint64_t first_index, v1::ImageFormat format) {
  v1::GenerateRequest request;
  request.set_seed(seed);
  request.set_count(count);
  request.set_first_index(first_index);
  request.set_format(format);
  return request;
}

ImageCaller::ImageCaller(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : channel_(OwnChannel(address, credentials)), stub_(v1::ImageService::NewStub(channel_)) {}

Answer ImageCaller::Generate(const v1::GenerateRequest& request, const CallSettings& settings) const {
  grpc::ClientContext context;
  Apply(settings, &context);
  Answer answer;
  answer.status = stub_->Generate(&context, request, &answer.response);
  TakeTrailers(context, &answer);
  return answer;
}

Answer ImageCaller::Stream(const v1::GenerateRequest& request, const CallSettings& settings) const {
  grpc::ClientContext context;
  Apply(settings, &context);
  Answer answer;
  const auto reader = stub_->GenerateStream(&context, request);
  for (v1::GeneratedImage image; reader->Read(&image);) {
    if (image.has_info()) answer.response.mutable_info()->Swap(image.mutable_info());
    answer.response.add_images()->Swap(&image);
  }
  answer.status = reader->Finish();
  TakeTrailers(context, &answer);
  return answer;
}

struct Callers::State {
  std::vector<Answer> answers;
  std::vector<grpc::ClientContext> contexts;
  std::atomic<size_t> over = 0;
  std::vector<std::jthread> threads;
};

Callers::Callers(const ImageCaller& caller, const std::vector<v1::GenerateRequest>& requests,
                 const CallSettings& settings)
    : state_(std::make_unique<State>()) {
  state_->answers.resize(requests.size());
  state_->contexts = std::vector<grpc::ClientContext>(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    Apply(settings, &state_->contexts[i]);
    state_->threads.emplace_back([&caller, request = requests[i], i, state = state_.get()] {
      state->answers[i].status = caller.stub().Generate(&state->contexts[i], request, &state->answers[i].response);
      TakeTrailers(state->contexts[i], &state->answers[i]);
      ++state->over;
    });
  }
}

Callers::~Callers() { Cancel(); }

size_t Callers::over() const { return state_->over; }

void Callers::Cancel() {
  for (grpc::ClientContext& context : state_->contexts) context.TryCancel();
}

std::vector<Answer> Callers::Answers() {
  state_->threads.clear();
  return std::move(state_->answers);
}

bool Eventually(const std::function<bool()>& condition) {
  constexpr int kAttempts = 20'000;
  for (int i = 0; i < kAttempts; ++i) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace ganserve
