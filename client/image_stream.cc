#include "client/image_stream.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/call.h"
#include "client/session.h"
#include "client/stream_attempt.h"

namespace ganserve::client {

class ImageStream::State {
 public:
  State(std::shared_ptr<const Session> session, const v1::GenerateRequest& request, const CallOptions& options)
      : session_(std::move(session)),
        request_(request),
        call_(session_->channel(), session_->options().retry, options, kNoTimeout) {}

  ~State() {
    if (!result_) Cancel();
  }

  bool Next(v1::GeneratedImage* image);
  absl::Status Finish();

  uint64_t delivered() const { return delivered_; }
  const CallInfo& call() const { return call_.info(); }

 private:
  void Open();
  // Closes a stream that gave no more images: true if another attempt is to go on with the rest.
  bool CloseAndWaitToResume();
  // Whether an image is the one that is due; else says what is wrong with it.
  absl::Status Accept(v1::GeneratedImage* image);
  absl::Status AcceptInfo(v1::GeneratedImage* image);
  void Cancel();
  void End(const absl::Status& status) { result_ = Annotated(status, call_.info()); }

  const std::shared_ptr<const Session> session_;
  // Asks for what is still to come; model and version are pinned once known.
  v1::GenerateRequest request_;
  Call call_;
  uint64_t delivered_ = 0;
  std::string model_digest_;
  // Set once the stream has ended.
  std::optional<absl::Status> result_;
  // The attempt under way.
  std::optional<StreamAttempt<v1::GeneratedImage>> attempt_;
};

bool ImageStream::State::Next(v1::GeneratedImage* image) {
  if (!result_ && call_.info().attempts == 0) {
    if (absl::Status status = call_.Check(); !status.ok()) result_ = status;
  }
  while (!result_) {
    if (!attempt_) Open();
    if (!attempt_->Read(image)) {
      if (CloseAndWaitToResume()) continue;
      return false;
    }
    if (absl::Status status = Accept(image); !status.ok()) {
      Cancel();
      End(status);
      return false;
    }
    return true;
  }
  return false;
}

absl::Status ImageStream::State::Finish() {
  if (!result_) {
    Cancel();
    End(absl::CancelledError(absl::StrCat("the stream was given up after ", delivered_, " images")));
  }
  return *result_;
}

void ImageStream::State::Open() {
  attempt_.emplace(
      call_, [this](grpc::ClientContext* context) { return session_->images().GenerateStream(context, request_); });
}

bool ImageStream::State::CloseAndWaitToResume() {
  const CallOutcome outcome = attempt_->Finish();
  attempt_.reset();
  if (outcome.status.ok()) {
    End(request_.count() == 0
            ? absl::OkStatus()
            : absl::DataLossError(absl::StrCat("the server ended the stream with ", request_.count(), " of ",
                                               delivered_ + request_.count(), " images missing")));
    return false;
  }
  // All images are here: how the connection ended after that makes no difference.
  if (request_.count() == 0 && delivered_ > 0) {
    End(absl::OkStatus());
    return false;
  }
  if (call_.WaitToRetry(outcome)) return true;
  End(call_.stop().stop_requested() ? absl::CancelledError("interrupted") : outcome.status);
  return false;
}

absl::Status ImageStream::State::Accept(v1::GeneratedImage* image) {
  if (request_.count() == 0) {
    return absl::InternalError(absl::StrCat("the server sent more than the ", delivered_, " images asked for"));
  }
  if (image->seed() != request_.seed() || image->index() != request_.first_index()) {
    return absl::InternalError(absl::StrCat("the server sent image ", image->index(), " of seed ", image->seed(),
                                            " where image ", request_.first_index(), " of seed ", request_.seed(),
                                            " was due"));
  }
  if (absl::Status status = AcceptInfo(image); !status.ok()) return status;
  ++delivered_;
  request_.set_count(request_.count() - 1);
  request_.set_first_index(request_.first_index() + 1);
  call_.OnProgress();
  return absl::OkStatus();
}

absl::Status ImageStream::State::AcceptInfo(v1::GeneratedImage* image) {
  if (!image->has_info()) return absl::OkStatus();
  const v1::GenerationInfo& info = image->info();
  if (model_digest_.empty()) {
    model_digest_ = info.model_digest();
    request_.set_model(info.model());
    request_.set_version(absl::StrCat(info.version()));
    return absl::OkStatus();
  }
  if (info.model_digest() != model_digest_) {
    return absl::AbortedError(absl::StrCat("the stream broke after ", delivered_, " images of model ", model_digest_,
                                           " and could only go on with model ", info.model_digest()));
  }
  image->clear_info();
  return absl::OkStatus();
}

void ImageStream::State::Cancel() {
  if (!attempt_) return;
  attempt_->Cancel();
  attempt_.reset();
}

ImageStream::ImageStream(std::shared_ptr<const Session> session, const v1::GenerateRequest& request,
                         const CallOptions& call)
    : state_(std::make_unique<State>(std::move(session), request, call)) {}

ImageStream::~ImageStream() = default;

bool ImageStream::Next(v1::GeneratedImage* image) { return state_->Next(image); }

absl::Status ImageStream::Finish() { return state_->Finish(); }

uint64_t ImageStream::delivered() const { return state_->delivered(); }

const CallInfo& ImageStream::call() const { return state_->call(); }

}  // namespace ganserve::client
