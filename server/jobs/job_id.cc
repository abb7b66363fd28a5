#include "server/jobs/job_id.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace ganserve {
namespace {

constexpr size_t kMaxBytes = 64;

}  // namespace

std::string NewJobId(int64_t unix_time_ms) {
  const std::time_t seconds = unix_time_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  const size_t length = std::strftime(text, sizeof(text), "%Y%m%d-%H%M%S-", &utc);
  std::snprintf(text + length, sizeof(text) - length, "%06x", std::random_device()() & 0xffffff);
  return text;
}

bool IsJobId(const std::string& text) {
  return !text.empty() && text.size() <= kMaxBytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-'; });
}

absl::Status UnknownJob(const std::string& id) {
  return absl::NotFoundError(absl::StrCat("there is no job \"", id.substr(0, kMaxBytes), "\""));
}

}  // namespace ganserve
