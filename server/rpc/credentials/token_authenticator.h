// Bearer tokens: which callers may call which methods.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/file_stamp.h"
#include "server/base/mutex.h"

namespace ganserve {

// A file of tokens, one a line; blank lines and those that start with '#' are skipped. A token has 16 to 4096 visible
// ASCII characters; a file has 1 to 1024 tokens.
struct TokenFile {
  std::string group;  // "generate" (Generate, GenerateStream), "info" (GetServerInfo) or "admin" (training, models)
  std::string path;
};

// Safe from any thread. Holds digests of the tokens only.
//
// A group with files is open to callers with a token of one of them, a group without is open to all, except admin: its
// methods use up processors and disks and change what is served, so without files of its own it is closed once there is
// any file, or if `open_admin` is false. Health is open, so that probes need no secret. Once there is any file, a
// method of no group is refused: a new method must be given one.
//
// Changed files are read by the next call, at most once per reload interval. A file that is then faulty changes
// nothing: the tokens read last stay, and one warning is logged for each state of the files.
class TokenAuthenticator {
 public:
  // FAILED_PRECONDITION, naming file and line, if a file is unreadable or holds anything but tokens; INVALID_ARGUMENT
  // for an unknown group. A reload interval of 0 looks at every call. `clock` outlives the authenticator.
  static absl::StatusOr<std::unique_ptr<TokenAuthenticator>> Create(std::vector<TokenFile> files, bool open_admin,
                                                                    std::chrono::milliseconds reload_interval,
                                                                    const Clock& clock = Clock::Real());

  // `method` as gRPC has it, "/ganserve.v1.ImageService/Generate"; `authorization` is the metadata's value, "" if there
  // is none. UNAUTHENTICATED without an accepted token, PERMISSION_DENIED for a closed group or none. Messages never
  // hold what the caller sent. Takes the same time whichever tokens do not match.
  absl::Status Authorize(std::string_view method, std::string_view authorization);

 private:
  static constexpr size_t kGroups = 3;
  using Digest = std::array<uint8_t, 32>;  // SHA-256
  using Tokens = std::array<std::vector<Digest>, kGroups>;

  TokenAuthenticator(std::vector<TokenFile> files, bool open_admin, std::chrono::milliseconds reload_interval,
                     const Clock& clock)
      : files_(std::move(files)), open_admin_(open_admin), reload_interval_(reload_interval), clock_(clock) {}

  std::vector<FileStamp> StampsOfFiles() const;
  absl::StatusOr<std::shared_ptr<const Tokens>> ReadTokens() const;
  std::shared_ptr<const Tokens> CurrentTokens();
  absl::Status LookAtFiles() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::vector<TokenFile> files_;
  const bool open_admin_;
  const std::chrono::milliseconds reload_interval_;
  const Clock& clock_;

  Mutex mutex_;
  std::shared_ptr<const Tokens> tokens_ ABSL_GUARDED_BY(mutex_);
  std::vector<FileStamp> seen_ ABSL_GUARDED_BY(mutex_);
  Clock::TimePoint next_look_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ganserve
