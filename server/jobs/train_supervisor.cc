#include "server/jobs/train_supervisor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/jobs/job_id.h"
#include "server/jobs/job_state.h"
#include "server/log/log.h"

namespace ganserve {

absl::Status TrainSupervisor::Stopping() { return absl::UnavailableError("the server is stopping"); }

absl::StatusOr<std::unique_ptr<TrainSupervisor>> TrainSupervisor::Create(Options options, TrainMetrics& metrics,
                                                                         const Clock& clock) {
  GANSERVE_ASSIGN_OR_RETURN(JobStore store, JobStore::Open(options.jobs));
  GANSERVE_ASSIGN_OR_RETURN(auto files, FileWatcher::Create());
  auto supervisor = std::unique_ptr<TrainSupervisor>(
      new TrainSupervisor(std::move(options), std::move(store), std::move(files), metrics, clock));
  GANSERVE_RETURN_IF_ERROR(supervisor->Load());
  return supervisor;
}

TrainSupervisor::TrainSupervisor(Options options, JobStore store, std::unique_ptr<FileWatcher> files,
                                 TrainMetrics& metrics, const Clock& clock)
    : options_(std::move(options)),
      store_(std::move(store)),
      metrics_(metrics),
      clock_(clock),
      files_(std::move(files)),
      intake_(kMaxIntake) {}

TrainSupervisor::~TrainSupervisor() { Close(); }

void TrainSupervisor::Start() {
  thread_ = std::jthread([this] { Run(); });
}

absl::Status TrainSupervisor::Load() {
  std::vector<absl::Status> unreadable;
  GANSERVE_ASSIGN_OR_RETURN(const std::vector<StoredJob> stored, store_.Load(&unreadable));
  for (const StoredJob& job : stored) {
    if (const absl::Status status = Add(job); !status.ok()) unreadable.push_back(status);
  }
  for (const absl::Status& status : unreadable) {
    Log(LogLevel::kError, "a job can't be read and is left alone", {{"error", status.message()}});
  }
  for (const auto& [id, job] : jobs_) last_ticket_ = std::max(last_ticket_, job->record().ticket());
  for (const auto& [id, job] : jobs_) {
    job->Recover();
    const bool never_queued = job->record().state() == v1::TRAIN_JOB_STATE_QUEUED && job->record().ticket() == 0;
    if (never_queued) GANSERVE_RETURN_IF_ERROR(job->Queue(++last_ticket_, ""));
  }
  Publish();
  return absl::OkStatus();
}

absl::Status TrainSupervisor::Add(const StoredJob& job) {
  auto record = JobRecord::Open(job, store_.EventsPath(job.id));
  if (!record.ok()) return record.status();
  const std::string& id = job.id;
  jobs_[id] = JobRunner::Create(*std::move(record), store_.JobPath(id), options_.runner, metrics_, clock_,
                                [this](std::function<void()> task) { Post(std::move(task)); });
  if (!job.request_id.empty()) ids_by_request_[job.request_id] = id;
  file_watches_[id] = files_->Add(store_.EventsPath(id), [this, id] {
    Post([this, id] {
      if (const auto found = jobs_.find(id); found != jobs_.end()) found->second->ReadNews();
    });
  });
  return absl::OkStatus();
}

void TrainSupervisor::Run() {
  bool stopped = false;
  Clock::TimePoint next_tick = clock_.Now();
  while (true) {
    std::deque<std::function<void()>> tasks;
    {
      const MutexLock lock(mutex_);
      while (tasks_.empty() && clock_.Now() < next_tick && stopping_ == stopped) {
        if (next_tick == Clock::TimePoint::max()) {
          work_.Wait(mutex_);
        } else {
          work_.WaitUntil(mutex_, next_tick);
        }
      }
      tasks.swap(tasks_);
    }
    for (const auto& task : tasks) task();
    if (stopping_ && !stopped) {
      for (const auto& [id, job] : jobs_) job->Stop();
      stopped = true;
    }
    if (!stopped) StartQueued();
    next_tick = TickAll();
    Publish();
    const bool idle =
        std::none_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job.second->has_process(); });
    if (stopped && idle) {
      const MutexLock lock(mutex_);
      if (!tasks_.empty()) continue;
      ended_ = true;
      return;
    }
  }
}

void TrainSupervisor::StartQueued() {
  size_t active = 0;
  std::vector<JobRunner*> queued;
  for (const auto& [id, job] : jobs_) {
    if (job->active()) ++active;
    if (job->record().state() == v1::TRAIN_JOB_STATE_QUEUED) queued.push_back(job.get());
  }
  std::sort(queued.begin(), queued.end(),
            [](const JobRunner* a, const JobRunner* b) { return a->record().ticket() < b->record().ticket(); });
  for (JobRunner* job : queued) {
    if (active >= options_.max_running) return;
    job->Start();
    ++active;
  }
}

Clock::TimePoint TrainSupervisor::TickAll() {
  Clock::TimePoint next = Clock::TimePoint::max();
  for (const auto& [id, job] : jobs_) next = std::min(next, job->Tick());
  return next;
}

void TrainSupervisor::Publish() {
  std::map<std::string, size_t> by_state;
  for (int state = v1::TRAIN_JOB_STATE_QUEUED; state <= v1::TRAIN_JOB_STATE_FAILED; ++state) {
    by_state[TrainJobStateName(static_cast<v1::TrainJobState>(state))] = 0;
  }
  for (const auto& [id, job] : jobs_) {
    ++by_state[TrainJobStateName(job->record().state())];
    if (!job->TakeChanged()) continue;
    metrics_.SetJob(id, job->record().Figures());
    table_.Put(job->record().info());
  }
  metrics_.SetJobs(by_state);
}

bool TrainSupervisor::Post(std::function<void()> task) {
  const MutexLock lock(mutex_);
  if (ended_) return false;
  tasks_.push_back(std::move(task));
  work_.NotifyOne();
  return true;
}

void TrainSupervisor::PostOrAnswer(const Done& done, std::function<void()> task) {
  if (!Post(std::move(task))) done(Stopping());
}

void TrainSupervisor::Forget(const std::string& id) {
  if (const auto watch = file_watches_.find(id); watch != file_watches_.end()) {
    files_->Remove(watch->second);
    file_watches_.erase(watch);
  }
  jobs_.erase(id);
  std::erase_if(ids_by_request_, [&](const auto& entry) { return entry.second == id; });
  metrics_.RemoveJob(id);
  table_.Remove(id);
}

void TrainSupervisor::Answer(JobRunner& job, absl::Status status, const Done& done) {
  if (status.ok()) status = job.CheckOnDisk();
  Publish();  // whoever asks after the answer finds the change
  if (status.ok()) {
    done(job.record().info());
  } else {
    done(std::move(status));
  }
}

void TrainSupervisor::Change(const std::string& id, const Done& done, std::function<void(JobRunner& job)> change) {
  if (stopping_) return done(Stopping());
  PostOrAnswer(done, [this, id, done, change = std::move(change)] {
    const auto job = jobs_.find(id);
    if (job == jobs_.end()) return done(UnknownJob(id));
    change(*job->second);
  });
}

void TrainSupervisor::Cancel(const std::string& id, const Done& done) {
  Change(id, done, [this, done](JobRunner& job) { Answer(job, job.Cancel(), done); });
}

void TrainSupervisor::Pause(const std::string& id, const Done& done) {
  Change(id, done, [this, done](JobRunner& job) {
    job.Pause([this, &job, done](absl::Status status) { Answer(job, std::move(status), done); });
  });
}

void TrainSupervisor::Resume(const std::string& id, const Done& done) {
  Change(id, done, [this, done](JobRunner& job) {
    bool queue = false;
    absl::Status status = job.CheckResume(&queue);
    if (queue) status = CheckQueue();
    if (queue && status.ok()) status = job.Queue(++last_ticket_, "");
    Answer(job, std::move(status), done);
  });
}

void TrainSupervisor::Delete(const std::string& id, const Done& done) {
  Change(id, done, [this, id, done](JobRunner& job) {
    const v1::TrainJobInfo info = job.record().info();
    if (absl::Status status = job.CheckDelete(); !status.ok()) return done(std::move(status));
    if (absl::Status status = store_.Delete(id); !status.ok()) return done(std::move(status));
    Forget(id);
    done(info);
  });
}

absl::StatusOr<std::unique_ptr<JobWatch>> TrainSupervisor::Watch(const std::string& id, uint64_t after_sequence,
                                                                 std::function<void()> on_change) {
  if (const auto info = table_.Get(id); !info.ok()) return info.status();
  auto watch = JobWatch::Open(store_.JobPath(id), after_sequence, stopping_, *files_, std::move(on_change));
  // It may have been deleted before its events were opened, and those that are not there might only not be written yet.
  if (const auto info = table_.Get(id); !info.ok()) return info.status();
  if (!watch.ok()) return watch;
  CountWatchers(1);
  (*watch)->Hold(std::shared_ptr<void>(this, [this](void*) { CountWatchers(-1); }));
  return watch;
}

void TrainSupervisor::CountWatchers(int change) {
  const MutexLock lock(watchers_mutex_);
  watchers_ += change;
  metrics_.SetWatchers(static_cast<size_t>(watchers_));
}

void TrainSupervisor::BeginStop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    work_.NotifyOne();
  }
  checks_stop_.request_stop();
  files_->Poke();
}

void TrainSupervisor::Close() {
  BeginStop();
  intake_.Close();
  if (thread_.joinable()) thread_.join();
  files_->Close();
}

}  // namespace ganserve
