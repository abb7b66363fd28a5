#include "server/jobs/job_watch.h"

#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/read_file.h"
#include "server/base/status_macros.h"

namespace ganserve {
namespace {

constexpr uint64_t kMaxLagBytes = 64 * 1024;
// A client takes messages of 4 MiB (gRPC's default), the rest of the event included.
constexpr uintmax_t kMaxPictureBytes = (4 << 20) - (64 << 10);

}  // namespace

JobWatch::JobWatch(std::string job_path, const std::atomic<bool>& stopping, FileWatcher& files)
    : job_path_(std::move(job_path)), stopping_(stopping), files_(files), reader_(job_path_ + "/events") {}

absl::StatusOr<std::unique_ptr<JobWatch>> JobWatch::Open(const std::string& job_path, uint64_t after_sequence,
                                                         const std::atomic<bool>& stopping, FileWatcher& files,
                                                         std::function<void()> on_change) {
  auto watch = std::unique_ptr<JobWatch>(new JobWatch(job_path, stopping, files));
  GANSERVE_RETURN_IF_ERROR(watch->reader_.Skip(after_sequence));
  watch->history_end_ = watch->reader_.offset() + watch->reader_.BytesLeft();
  watch->file_watch_ = files.Add(job_path + "/events", std::move(on_change));
  return watch;
}

JobWatch::~JobWatch() {
  if (file_watch_ != 0) files_.Remove(file_watch_);
}

absl::StatusOr<std::optional<v1::TrainEvent>> JobWatch::Next() {
  if (stopping_) return absl::UnavailableError("the server is stopping; the job goes on when it is back");
  if (held_) return std::exchange(held_, std::nullopt);
  while (true) {
    auto event = reader_.Next();
    if (absl::IsNotFound(event.status())) return absl::NotFoundError("the job has been deleted");
    if (!event.ok()) return event;
    if (*event && (*event)->has_losses() && Lags()) {
      AddToGap((*event)->sequence());
      continue;
    }
    if (*event && (*event)->has_sample()) AddPicture((*event)->mutable_sample());
    if (!gap_) return event;
    held_ = *std::move(event);
    return TakeGap();
  }
}

bool JobWatch::Lags() const { return reader_.offset() > history_end_ && reader_.BytesLeft() > kMaxLagBytes; }

void JobWatch::AddToGap(uint64_t sequence) {
  if (!gap_) {
    gap_.emplace();
    gap_->mutable_gap()->set_first_sequence(sequence);
  }
  gap_->set_sequence(sequence);
  gap_->mutable_gap()->set_last_sequence(sequence);
}

v1::TrainEvent JobWatch::TakeGap() {
  v1::TrainEvent gap = *std::move(gap_);
  gap_.reset();
  return gap;
}

// A trainer's event names a file of its job's samples and nothing else.
void JobWatch::AddPicture(v1::TrainSample* sample) const {
  if (!absl::StartsWith(sample->path(), "samples/") || absl::StrContains(sample->path(), "..")) return;
  const std::string path = absl::StrCat(job_path_, "/", sample->path());
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error || bytes > kMaxPictureBytes) return;
  if (auto png = ReadFile(path); png.ok()) sample->set_png(*std::move(png));
}

}  // namespace ganserve
