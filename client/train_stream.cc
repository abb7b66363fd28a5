#include "client/train_stream.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/call.h"
#include "client/session.h"
#include "client/stream_attempt.h"

namespace ganserve::client {
namespace {

// A job outlives its server, which may take minutes to come back.
constexpr int kReconnectAttempts = 120;

}  // namespace

class TrainStream::State {
 public:
  State(std::shared_ptr<const Session> session, v1::TrainJobRequest start, v1::WatchTrainJobRequest watch,
        const CallOptions& options)
      : session_(std::move(session)),
        start_(std::move(start)),
        watch_(std::move(watch)),
        retry_(session_->options().retry),
        call_(session_->channel(), retry_, options, kNoTimeout) {
    // Only the retry policy knows that there is to be another attempt.
    retry_.wait = [this, wait = std::move(retry_.wait)](std::chrono::nanoseconds delay, std::stop_token stop) {
      TellOfBreak();
      return wait(delay, std::move(stop));
    };
  }

  ~State() {
    if (attempt_) attempt_->Cancel();
  }

  bool Next(v1::TrainEvent* event);
  absl::Status Finish();
  void OnBreak(std::function<void()> told) { on_break_ = std::move(told); }

  const std::string& job_id() const { return watch_.job_id(); }
  const std::string& request_id() const { return start_.request_id(); }
  bool may_have_started() const { return !start_.request_id().empty() && sent_; }
  uint64_t last_sequence() const { return watch_.after_sequence(); }
  const std::optional<v1::TrainTerminal>& terminal() const { return terminal_; }
  const CallInfo& call() const { return call_.info(); }

 private:
  void Open();
  // Closes a stream that gave no more events: true if another attempt is to go on after the last one.
  bool CloseAndWaitToResume();
  void TellOfBreak();
  // Whether an event is the one that is due; else says what is wrong with it.
  absl::Status Accept(const v1::TrainEvent& event);
  absl::Status CheckSequence(const v1::TrainEvent& event) const;
  void End(const absl::Status& status) { result_ = Annotated(status, call_.info()); }

  const std::shared_ptr<const Session> session_;
  const v1::TrainJobRequest start_;
  // Asks for what is still to come; has no job id until the first event of a job that is started.
  v1::WatchTrainJobRequest watch_;
  // Grows more patient with the first event.
  RetryPolicy retry_;
  Call call_;
  std::optional<v1::TrainTerminal> terminal_;
  // Set once the stream has ended.
  std::optional<absl::Status> result_;
  // The attempt under way, and whether an event has come on it.
  std::optional<StreamAttempt<v1::TrainEvent>> attempt_;
  bool heard_ = false;
  // Whether a request of any attempt that has ended may have reached the server.
  bool sent_ = false;
  std::function<void()> on_break_;
  // Whether an event has come since on_break_ was last called.
  bool following_ = false;
};

bool TrainStream::State::Next(v1::TrainEvent* event) {
  if (!result_ && call_.info().attempts == 0) {
    if (absl::Status status = call_.Check(); !status.ok()) result_ = status;
  }
  while (!result_) {
    if (!attempt_) Open();
    if (!attempt_->Read(event)) {
      if (CloseAndWaitToResume()) continue;
      return false;
    }
    heard_ = true;
    // Nothing is expected after the terminal event, nor what was delivered before.
    if (terminal_ || event->sequence() <= watch_.after_sequence()) continue;
    if (absl::Status status = Accept(*event); !status.ok()) {
      attempt_->Cancel();
      attempt_.reset();
      End(status);
      return false;
    }
    return true;
  }
  return false;
}

absl::Status TrainStream::State::Finish() {
  if (!result_) {
    if (attempt_) attempt_->Cancel();
    sent_ = sent_ || attempt_;
    attempt_.reset();
    End(terminal_ ? absl::OkStatus()
                  : absl::CancelledError(absl::StrCat("no longer followed after event ", watch_.after_sequence())));
  }
  return *result_;
}

void TrainStream::State::Open() {
  heard_ = false;
  attempt_.emplace(call_, [this](grpc::ClientContext* context) {
    // Before the first event a job may have been started or not. The request id makes the same call right for both.
    if (watch_.job_id().empty()) return session_->training().TrainJob(context, start_);
    return session_->training().WatchTrainJob(context, watch_);
  });
}

bool TrainStream::State::CloseAndWaitToResume() {
  CallOutcome outcome = attempt_->Finish();
  attempt_.reset();
  sent_ = sent_ || outcome.sent;
  // A stream that ends well without an event has none to give: the caller had the terminal one already.
  if (terminal_ || (outcome.status.ok() && !heard_)) {
    End(absl::OkStatus());
    return false;
  }
  if (outcome.status.ok()) outcome.status = absl::UnavailableError("the server ended the stream before the job ended");
  if (call_.WaitToRetry(outcome)) return true;
  End(call_.stop().stop_requested() ? absl::CancelledError("interrupted") : outcome.status);
  return false;
}

void TrainStream::State::TellOfBreak() {
  if (std::exchange(following_, false) && on_break_) on_break_();
}

absl::Status TrainStream::State::Accept(const v1::TrainEvent& event) {
  if (absl::Status status = CheckSequence(event); !status.ok()) return status;
  if (watch_.job_id().empty()) {
    if (event.job_id().empty()) return absl::InternalError("the server did not name the job that it started");
    watch_.set_job_id(event.job_id());
  }
  watch_.set_after_sequence(event.sequence());
  if (event.has_terminal()) terminal_ = event.terminal();
  retry_.max_attempts = kReconnectAttempts;
  call_.OnProgress();
  following_ = true;
  return absl::OkStatus();
}

absl::Status TrainStream::State::CheckSequence(const v1::TrainEvent& event) const {
  const uint64_t due = watch_.after_sequence() + 1;
  const uint64_t first = event.has_gap() ? event.gap().first_sequence() : event.sequence();
  if (first <= due) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the server sent event ", first, " where event ", due, " was due"));
}

TrainStream::TrainStream(std::shared_ptr<const Session> session, v1::TrainJobRequest request, const CallOptions& call)
    : state_(std::make_unique<State>(std::move(session), std::move(request), v1::WatchTrainJobRequest(), call)) {}

TrainStream::TrainStream(std::shared_ptr<const Session> session, v1::WatchTrainJobRequest request,
                         const CallOptions& call)
    : state_(std::make_unique<State>(std::move(session), v1::TrainJobRequest(), std::move(request), call)) {}

TrainStream::~TrainStream() = default;

bool TrainStream::Next(v1::TrainEvent* event) { return state_->Next(event); }

void TrainStream::OnBreak(std::function<void()> told) { state_->OnBreak(std::move(told)); }

absl::Status TrainStream::Finish() { return state_->Finish(); }

const std::string& TrainStream::job_id() const { return state_->job_id(); }

const std::string& TrainStream::request_id() const { return state_->request_id(); }

bool TrainStream::may_have_started() const { return state_->may_have_started(); }

uint64_t TrainStream::last_sequence() const { return state_->last_sequence(); }

const std::optional<v1::TrainTerminal>& TrainStream::terminal() const { return state_->terminal(); }

const CallInfo& TrainStream::call() const { return state_->call(); }

}  // namespace ganserve::client
