#include "server/train/checkpoint_files.h"

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/read_file.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/train/checksum_trailer.h"

namespace ganserve {
namespace {

namespace fs = std::filesystem;

constexpr char kSuffix[] = ".ckpt";

// A trainer that writes checkpoints faster than this reads them would be needed to exceed it.
constexpr int kMaxListings = 8;

std::string Steps(const std::map<uint64_t, std::string>& checkpoints) {
  if (checkpoints.empty()) return "none";
  return absl::StrJoin(checkpoints, ", ",
                       [](std::string* out, const auto& entry) { absl::StrAppend(out, entry.first); });
}

// The newest intact one of a listing. NOT_FOUND when all are gone or damaged.
absl::StatusOr<Checkpoint> NewestOf(const std::map<uint64_t, std::string>& checkpoints, const std::string& job) {
  for (auto newest = checkpoints.rbegin(); newest != checkpoints.rend(); ++newest) {
    absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(newest->first, newest->second);
    if (checkpoint.ok() || !(absl::IsDataLoss(checkpoint.status()) || absl::IsNotFound(checkpoint.status()))) {
      return checkpoint;
    }
  }
  if (checkpoints.empty()) return absl::NotFoundError(absl::StrCat(job, ": has no checkpoint"));
  return absl::NotFoundError(absl::StrCat(job, ": has no intact checkpoint; there are: ", Steps(checkpoints)));
}

}  // namespace

std::string CheckpointName(uint64_t step) { return absl::StrCat("checkpoints/", step, kSuffix); }

std::map<uint64_t, std::string> ListCheckpoints(const std::string& job) {
  std::map<uint64_t, std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(job) / "checkpoints", error)) {
    uint64_t step = 0;
    const fs::path& path = entry.path();
    if (path.extension() == kSuffix && absl::SimpleAtoi(path.stem().string(), &step)) found[step] = path.string();
  }
  return found;
}

absl::StatusOr<Checkpoint> ReadCheckpoint(uint64_t step, const std::string& path) {
  GANSERVE_ASSIGN_OR_RETURN(const std::string file, ReadFile(path));
  absl::StatusOr<std::string> contents = WithoutChecksum(file);
  if (!contents.ok()) return absl::DataLossError(absl::StrCat(path, ": ", contents.status().message()));
  return Checkpoint{step, path, *std::move(contents), Sha256Hex(file)};
}

absl::StatusOr<Checkpoint> FindCheckpoint(const std::string& job, std::optional<uint64_t> step) {
  auto checkpoints = ListCheckpoints(job);
  if (step) {
    const auto found = checkpoints.find(*step);
    if (found != checkpoints.end()) return ReadCheckpoint(*step, found->second);
    return absl::NotFoundError(
        absl::StrCat(job, ": has no checkpoint of step ", *step, "; there are: ", Steps(checkpoints)));
  }
  absl::StatusOr<Checkpoint> newest = NewestOf(checkpoints, job);
  for (int listing = 1; absl::IsNotFound(newest.status()) && listing < kMaxListings; ++listing) {
    auto now = ListCheckpoints(job);
    if (now == checkpoints) break;  // nothing was replaced meanwhile
    checkpoints = std::move(now);
    newest = NewestOf(checkpoints, job);
  }
  return newest;
}

}  // namespace ganserve
