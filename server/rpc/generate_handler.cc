#include "server/rpc/generate_handler.h"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "server/base/status_macros.h"

namespace ganserve {
namespace {

// One unary call. gRPC owns the message `response` until OnDone; the job writes its elements from the workers and
// finishes the call, after which neither touches the other: the reactor may be gone.
class GenerateReactor final : public grpc::ServerUnaryReactor {
 public:
  GenerateReactor(const ServingEnvironment& environment, grpc::CallbackServerContext& context,
                  const v1::GenerateRequest& request, v1::GenerateResponse& response)
      : batcher_(environment.batcher),
        call_(environment.call, context, "/ganserve.v1.ImageService/Generate"),
        response_(response) {
    if (const absl::Status status = Start(environment, request); !status.ok()) Finish(call_.Finish(status, 0));
  }

 private:
  class Job final : public GenerateJob {
   public:
    Job(const CheckedRequest& request, GenerateReactor& reactor)
        : GenerateJob(request.generator, request.spec), reactor_(reactor) {}

    // Elements of the repeated field are distinct objects, so workers may fill different ones at once.
    void OnImages(uint64_t offset, std::vector<EncodedImage> images) override {
      // Not on arrival: a call that is refused should cost nothing.
      std::call_once(elements_made_, [this] { reactor_.MakeElements(); });
      for (size_t i = 0; i < images.size(); ++i) {
        v1::GeneratedImage& image = *reactor_.response_.mutable_images(static_cast<int>(offset + i));
        image.set_data(std::move(images[i].data));
        image.set_seed(spec().seed);
        image.set_index(spec().first_index + offset + i);
        if (images[i].label) image.set_label(static_cast<uint32_t>(*images[i].label));
      }
    }

    void OnDone(absl::Status status) override {
      reactor_.Finish(reactor_.call_.Finish(status, status.ok() ? spec().count : 0));
    }

   private:
    GenerateReactor& reactor_;
    std::once_flag elements_made_;
  };

  absl::Status Start(const ServingEnvironment& environment, const v1::GenerateRequest& request) {
    GANSERVE_RETURN_IF_ERROR(call_.Authorize());
    GANSERVE_ASSIGN_OR_RETURN(CheckedRequest checked,
                              CheckRequest(request, CallKind::kUnary, environment.models, environment.limits));
    checked.spec.deadline = call_.deadline();
    FillInfo(checked, response_.mutable_info());
    job_ = std::make_shared<Job>(checked, *this);
    return batcher_.Submit(job_);
  }

  void MakeElements() {
    const uint64_t count = job_->spec().count;
    response_.mutable_images()->Reserve(static_cast<int>(count));
    for (uint64_t i = 0; i < count; ++i) response_.add_images();
  }

  void OnCancel() override {
    if (job_ != nullptr) batcher_.Cancel(*job_);
  }

  void OnDone() override { delete this; }

  Batcher& batcher_;
  Call call_;
  v1::GenerateResponse& response_;
  std::shared_ptr<Job> job_;
};

}  // namespace

grpc::ServerUnaryReactor* HandleGenerate(const ServingEnvironment& environment, grpc::CallbackServerContext* context,
                                         const v1::GenerateRequest* request, v1::GenerateResponse* response) {
  return new GenerateReactor(environment, *context, *request, *response);
}

}  // namespace ganserve
