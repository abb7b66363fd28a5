#include "server/jobs/file_watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

constexpr std::chrono::seconds kCompareEvery{2};

int64_t SizeOf(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? int64_t{status.st_size} : -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileWatcher>> FileWatcher::Create() {
  UniqueFd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid()) return absl::ErrnoToStatus(errno, "cannot watch files (inotify)");
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  auto watcher = std::unique_ptr<FileWatcher>(new FileWatcher(std::move(inotify), std::move(wake)));
  watcher->thread_ = std::jthread([raw = watcher.get()] { raw->Run(); });
  return watcher;
}

FileWatcher::~FileWatcher() { Close(); }

uint64_t FileWatcher::Add(const std::string& path, std::function<void()> on_change) {
  const std::filesystem::path file(path);
  auto watch = std::make_shared<Watch>();
  watch->folder = file.parent_path().string();
  watch->name = file.filename().string();
  watch->on_change = std::move(on_change);
  watch->changed = true;  // for what was written before
  // The folder, not the file: that need not exist yet. Where inotify fails (its limits are per user), sizes tell.
  const int folder = ::inotify_add_watch(inotify_.get(), watch->folder.c_str(), IN_MODIFY | IN_CREATE | IN_DELETE);
  const MutexLock lock(mutex_);
  if (folder >= 0) folders_[folder] = watch->folder;
  watches_[++last_id_] = std::move(watch);
  Wake();
  return last_id_;
}

void FileWatcher::Remove(uint64_t id) {
  const MutexLock lock(mutex_);
  while (calling_ == id) idle_.Wait(mutex_);
  const auto watch = watches_.find(id);
  if (watch == watches_.end()) return;
  const std::string folder = watch->second->folder;
  watches_.erase(watch);
  for (const auto& [other_id, other] : watches_) {
    if (other->folder == folder) return;
  }
  std::erase_if(folders_, [&](const auto& entry) {
    if (entry.second != folder) return false;
    ::inotify_rm_watch(inotify_.get(), entry.first);
    return true;
  });
}

void FileWatcher::Poke() {
  const MutexLock lock(mutex_);
  for (const auto& [id, watch] : watches_) watch->changed = true;
  Wake();
}

void FileWatcher::Close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    Wake();
  }
  if (thread_.joinable()) thread_.join();
}

void FileWatcher::Wake() const {
  const uint64_t one = 1;
  // It can only fail when a wake-up is waiting already.
  if (::write(wake_.get(), &one, sizeof(one)) < 0) return;
}

void FileWatcher::Run() {
  using SteadyClock = std::chrono::steady_clock;
  SteadyClock::time_point compare_at = SteadyClock::now() + kCompareEvery;
  while (true) {
    pollfd waits[] = {{inotify_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(compare_at - SteadyClock::now());
    ::poll(waits, 2, static_cast<int>(std::max<int64_t>(0, left.count())));
    uint64_t count = 0;
    if (::read(wake_.get(), &count, sizeof(count)) < 0) count = 0;
    {
      const MutexLock lock(mutex_);
      if (closed_) return;
    }
    if (waits[0].revents != 0) ReadEvents();
    if (SteadyClock::now() >= compare_at) {
      CompareSizes();
      compare_at = SteadyClock::now() + kCompareEvery;
    }
    CallChanged();
  }
}

void FileWatcher::ReadEvents() {
  alignas(inotify_event) char buffer[4096];
  while (true) {
    const ssize_t bytes = ::read(inotify_.get(), buffer, sizeof(buffer));
    if (bytes <= 0) return;
    const MutexLock lock(mutex_);
    for (const char* next = buffer; next < buffer + bytes;) {
      inotify_event event;
      std::memcpy(&event, next, sizeof(event));
      const std::string name = event.len > 0 ? next + sizeof(event) : "";
      const auto folder = folders_.find(event.wd);
      for (const auto& [id, watch] : watches_) {
        const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
        if (lost || (folder != folders_.end() && watch->folder == folder->second && watch->name == name)) {
          watch->changed = true;
        }
      }
      next += sizeof(event) + event.len;
    }
  }
}

void FileWatcher::CompareSizes() {
  const MutexLock lock(mutex_);
  for (const auto& [id, watch] : watches_) {
    const int64_t size = SizeOf(absl::StrCat(watch->folder, "/", watch->name));
    if (size != watch->size) watch->changed = true;
    watch->size = size;
  }
}

void FileWatcher::CallChanged() {
  uint64_t last = 0;
  while (true) {
    std::shared_ptr<Watch> watch;
    {
      const MutexLock lock(mutex_);
      auto next = watches_.upper_bound(last);
      while (next != watches_.end() && !next->second->changed) ++next;
      if (next == watches_.end() || closed_) return;
      last = next->first;
      watch = next->second;
      watch->changed = false;
      calling_ = last;
    }
    watch->on_change();
    const MutexLock lock(mutex_);
    calling_ = 0;
    idle_.NotifyAll();
  }
}

}  // namespace ganserve
