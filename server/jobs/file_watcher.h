// Says when files have grown.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/base/unique_fd.h"

namespace ganserve {

// One thread for all files, told by inotify(7). What another machine writes to a network volume inotify does not see,
// so sizes are compared every two seconds as well.
class FileWatcher {
 public:
  static absl::StatusOr<std::unique_ptr<FileWatcher>> Create();

  // As Close.
  ~FileWatcher();

  // Calls `on_change` from the watcher's thread after every change of the file, which need not exist yet; its folder
  // does. Several changes may share a call, and a call may come without one. `on_change` may read files
  // but must not wait for anything else, because all wait for it, nor call Remove.
  uint64_t Add(const std::string& path, std::function<void()> on_change);

  // Ends the calls of Add's answer; when it returns, none is running. Not from `on_change`.
  void Remove(uint64_t id);

  // Calls every `on_change` once, although nothing need have changed.
  void Poke();

  // No calls any more. Idempotent; not from `on_change`.
  void Close();

 private:
  struct Watch {
    std::string folder;
    std::string name;
    std::function<void()> on_change;
    int64_t size = -1;
    bool changed = false;
  };

  FileWatcher(UniqueFd inotify, UniqueFd wake) : inotify_(std::move(inotify)), wake_(std::move(wake)) {}

  void Run();
  void ReadEvents();
  void CompareSizes();
  void CallChanged();
  void Wake() const;

  const UniqueFd inotify_;
  const UniqueFd wake_;  // an eventfd

  Mutex mutex_;
  CondVar idle_;  // no call is running
  std::map<uint64_t, std::shared_ptr<Watch>> watches_ ABSL_GUARDED_BY(mutex_);
  std::map<int, std::string> folders_ ABSL_GUARDED_BY(mutex_);  // by inotify's number
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t calling_ ABSL_GUARDED_BY(mutex_) = 0;  // whose call is running; 0: none
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  std::jthread thread_;
};

}  // namespace ganserve
