#include "server/rpc/generate_stream_handler.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "server/base/mutex.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

// A window is granted anew in this many parts: one image at a time would break batches up, the whole at once would let
// the workers run dry.
constexpr uint64_t kGrantsPerWindow = 4;

// One streaming call. Workers deliver out of order; images wait in `ready_` for their turn, and no more than the window
// can be there, since the window moves on only as the client takes images. One write is under way at a time; gRPC may
// hold message_ until OnWriteDone.
class GenerateStreamReactor final : public grpc::ServerWriteReactor<v1::GeneratedImage> {
 public:
  GenerateStreamReactor(const ServingEnvironment& environment, grpc::CallbackServerContext& context,
                        const v1::GenerateRequest& request)
      : batcher_(environment.batcher), call_(environment.call, context, "/ganserve.v1.ImageService/GenerateStream") {
    if (const absl::Status status = Start(environment, request); !status.ok()) Finish(call_.Finish(status, 0));
  }

 private:
  class Job final : public GenerateJob {
   public:
    Job(const CheckedRequest& request, GenerateStreamReactor& reactor)
        : GenerateJob(request.generator, request.spec), reactor_(reactor) {}

    void OnImages(uint64_t offset, std::vector<EncodedImage> images) override {
      reactor_.Deliver(offset, std::move(images));
    }
    void OnDone(absl::Status status) override { reactor_.End(std::move(status)); }

   private:
    GenerateStreamReactor& reactor_;
  };

  enum class Step { kNone, kWrite, kFinish };

  absl::Status Start(const ServingEnvironment& environment, const v1::GenerateRequest& request) {
    GANSERVE_RETURN_IF_ERROR(call_.Authorize());
    GANSERVE_ASSIGN_OR_RETURN(CheckedRequest checked,
                              CheckRequest(request, CallKind::kStream, environment.models, environment.limits));
    checked.spec.deadline = call_.deadline();
    FillInfo(checked, &info_);
    grant_images_ = std::max<uint64_t>(1, checked.spec.window / kGrantsPerWindow);
    job_ = std::make_shared<Job>(checked, *this);
    return batcher_.Submit(job_);
  }

  void Deliver(uint64_t offset, std::vector<EncodedImage> images) {
    Step step;
    {
      MutexLock lock(mutex_);
      for (EncodedImage& image : images) ready_.emplace(offset++, std::move(image));
      step = NextStep();
    }
    Take(step);
  }

  void End(absl::Status status) {
    Step step;
    {
      MutexLock lock(mutex_);
      end_ = std::move(status);
      step = NextStep();
    }
    Take(step);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) batcher_.Cancel(*job_);
    uint64_t granted = 0;
    Step step;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      if (ok && ++taken_ == grant_images_) granted = std::exchange(taken_, 0);
      step = NextStep();
    }
    // gRPC keeps this object until OnWriteDone has returned, even if the step finishes the call.
    if (granted > 0) batcher_.Grant(*job_, granted);
    Take(step);
  }

  // What is to be done next; whoever gets a step other than kNone takes it, once the mutex is released. Until it is
  // done (OnWriteDone, or for ever after kFinish) no other thread gets one, so that message_ needs no lock.
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return Step::kNone;
    const auto image = ready_.find(next_);
    if (end_ && (!end_->ok() || image == ready_.end())) {
      finished_ = true;
      return Step::kFinish;
    }
    if (image == ready_.end()) return Step::kNone;
    FillMessage(std::move(image->second));
    ready_.erase(image);
    ++next_;
    writing_ = true;
    return Step::kWrite;
  }

  void Take(Step step) {
    switch (step) {
      case Step::kNone:
        return;
      case Step::kWrite:
        // Without a buffer hint: OnWriteDone of a hinted write waits for the next flush, which nothing else would
        // cause.
        return StartWrite(&message_);
      case Step::kFinish:
        return Finish(call_.Finish(*end_, next_));
    }
  }

  void FillMessage(EncodedImage image) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    message_.Clear();
    message_.set_data(std::move(image.data));
    message_.set_seed(job_->spec().seed);
    message_.set_index(job_->spec().first_index + next_);
    if (image.label) message_.set_label(static_cast<uint32_t>(*image.label));
    if (next_ == 0) message_.mutable_info()->Swap(&info_);
  }

  void OnCancel() override {
    if (job_ != nullptr) batcher_.Cancel(*job_);
  }

  void OnDone() override { delete this; }

  Batcher& batcher_;
  Call call_;
  v1::GenerationInfo info_;
  uint64_t grant_images_ = 1;
  std::shared_ptr<Job> job_;

  Mutex mutex_;
  std::map<uint64_t, EncodedImage> ready_ ABSL_GUARDED_BY(mutex_);  // by offset
  uint64_t next_ = 0;  // offset of the next image to write; changed with the step, like message_
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;  // images written since the last grant
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_;  // set once, before any kFinish
  v1::GeneratedImage message_;
};

}  // namespace

grpc::ServerWriteReactor<v1::GeneratedImage>* HandleGenerateStream(const ServingEnvironment& environment,
                                                                   grpc::CallbackServerContext* context,
                                                                   const v1::GenerateRequest* request) {
  return new GenerateStreamReactor(environment, *context, *request);
}

}  // namespace ganserve
