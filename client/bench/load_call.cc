#include "client/bench/load_call.h"

namespace ganserve::bench {

void LoadCall::Start(std::chrono::steady_clock::time_point due, uint64_t number, bool counted) {
  due_ = due;
  counted_ = counted;
  images_ = 0;
  bytes_ = 0;
  unary_.reset();
  stream_.reset();
  context_.emplace();
  target_.channel.Authorize(*context_);
  if (plan_.deadline.count() > 0) context_->set_deadline(std::chrono::system_clock::now() + plan_.deadline);
  request_ = plan_.request;
  request_.set_seed(plan_.request.seed() + number);
  if (plan_.stream) {
    step_ = Step::kStart;
    stream_ = target_.stub->PrepareAsyncGenerateStream(&*context_, request_, &queue_);
    stream_->StartCall(this);
  } else {
    step_ = Step::kFinish;
    unary_ = target_.stub->AsyncGenerate(&*context_, request_, &queue_);
    unary_->Finish(&response_, &status_, this);
  }
}

bool LoadCall::OnEvent(bool ok) {
  if (step_ == Step::kFinish) {
    if (!plan_.stream && status_.ok()) {
      for (const v1::GeneratedImage& image : response_.images()) Count(image);
    }
    return true;
  }
  if (!ok) {
    step_ = Step::kFinish;
    stream_->Finish(&status_, this);
    return false;
  }
  if (step_ == Step::kRead) Count(image_);
  step_ = Step::kRead;
  stream_->Read(&image_, this);
  return false;
}

void LoadCall::Count(const v1::GeneratedImage& image) {
  ++images_;
  bytes_ += image.data().size();
}

}  // namespace ganserve::bench
