#include "server/rpc/credentials/token_authenticator.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "server/base/status_macros.h"
#include "server/log/log.h"
#include "server/rpc/credentials/text_file.h"

namespace ganserve {
namespace {

constexpr size_t kMinTokenChars = 16;
constexpr size_t kMaxTokenChars = 4096;    // gRPC refuses metadata of more than 8 KiB anyway
constexpr size_t kMaxTokensOfFile = 1024;  // all are compared at every call, some 20 ns each

enum class Access { kGenerate, kInfo, kAdmin, kOpen, kOfNoGroup };  // the groups first, in the order of their names
constexpr std::array<std::string_view, 3> kGroupNames = {"generate", "info", "admin"};

struct MethodAccess {
  std::string_view name;  // a method, or a service with its trailing '/'
  Access access;
};
constexpr MethodAccess kMethods[] = {
    {"/ganserve.v1.ImageService/Generate", Access::kGenerate},
    {"/ganserve.v1.ImageService/GenerateStream", Access::kGenerate},
    {"/ganserve.v1.ImageService/GetServerInfo", Access::kInfo},
    {"/ganserve.v1.TrainingService/", Access::kAdmin},
    {"/ganserve.v1.ModelService/", Access::kAdmin},
    {"/grpc.health.v1.Health/", Access::kOpen},
};

Access AccessOf(std::string_view method) {
  for (const MethodAccess& known : kMethods) {
    const bool service = known.name.back() == '/';
    if (service ? method.starts_with(known.name) : method == known.name) return known.access;
  }
  return Access::kOfNoGroup;
}

std::optional<size_t> GroupIndex(std::string_view name) {
  const auto found = std::find(kGroupNames.begin(), kGroupNames.end(), name);
  if (found == kGroupNames.end()) return std::nullopt;
  return static_cast<size_t>(found - kGroupNames.begin());
}

std::array<uint8_t, SHA256_DIGEST_LENGTH> DigestOf(absl::string_view token) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(token.data()), token.size(), digest.data());
  return digest;
}

// "" if it is one, else what is wrong with it. Never quotes it.
std::string TokenFault(absl::string_view token) {
  if (token.size() < kMinTokenChars || token.size() > kMaxTokenChars) {
    return absl::StrCat("a token of ", token.size(), " characters, must have ", kMinTokenChars, " to ", kMaxTokenChars);
  }
  const bool visible = std::all_of(token.begin(), token.end(), absl::ascii_isgraph);
  return visible ? "" : "a token with spaces or characters that are not ASCII";
}

// What follows "Bearer ", whose case does not matter (RFC 7235); "" if the value has another form.
absl::string_view BearerToken(absl::string_view authorization) {
  constexpr absl::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return "";
  return absl::StripAsciiWhitespace(authorization.substr(kScheme.size()));
}

// The digests of a file's tokens.
template <typename Digest>
absl::Status AppendTokens(const std::string& path, std::vector<Digest>* digests) {
  GANSERVE_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  size_t line_number = 0;
  size_t tokens = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    const absl::string_view token = absl::StripAsciiWhitespace(line);
    if (token.empty() || token.front() == '#') continue;
    if (const std::string fault = TokenFault(token); !fault.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(path, ":", line_number, ": ", fault));
    }
    digests->push_back(DigestOf(token));
    ++tokens;
  }
  if (tokens > 0 && tokens <= kMaxTokensOfFile) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": holds ", tokens, " tokens, must hold 1 to ", kMaxTokensOfFile));
}

// Looks at every digest, so that the time tells nothing about which one was close.
template <typename Digest>
bool Contains(const std::vector<Digest>& digests, const Digest& wanted) {
  bool found = false;
  for (const Digest& digest : digests) found |= CRYPTO_memcmp(digest.data(), wanted.data(), digest.size()) == 0;
  return found;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokenAuthenticator>> TokenAuthenticator::Create(
    std::vector<TokenFile> files, bool open_admin, std::chrono::milliseconds reload_interval, const Clock& clock) {
  for (const TokenFile& file : files) {
    if (GroupIndex(file.group)) continue;
    return absl::InvalidArgumentError(absl::StrCat("\"", file.group, "\": unknown group of methods for the tokens in ",
                                                   file.path, ", must be generate, info or admin"));
  }
  std::unique_ptr<TokenAuthenticator> made(
      new TokenAuthenticator(std::move(files), open_admin, reload_interval, clock));
  MutexLock lock(made->mutex_);
  made->seen_ = made->StampsOfFiles();
  made->next_look_ = clock.Now() + reload_interval;
  GANSERVE_ASSIGN_OR_RETURN(made->tokens_, made->ReadTokens());
  return made;
}

absl::Status TokenAuthenticator::Authorize(std::string_view method, std::string_view authorization) {
  const Access access = AccessOf(method);
  if (access == Access::kOpen || (files_.empty() && access != Access::kAdmin)) return absl::OkStatus();
  if (access == Access::kOfNoGroup) {
    return absl::PermissionDeniedError("this method belongs to no group of methods that tokens open");
  }
  const auto group = static_cast<size_t>(access);
  const std::shared_ptr<const Tokens> tokens = CurrentTokens();
  const std::vector<Digest>& accepted = (*tokens)[group];
  if (accepted.empty() && access == Access::kAdmin && (!open_admin_ || !files_.empty())) {
    return absl::PermissionDeniedError(
        "training and changes of models are closed on this server; its operator opens them with --token-file "
        "admin=FILE");
  }
  if (accepted.empty()) return absl::OkStatus();
  if (authorization.empty()) return absl::UnauthenticatedError("metadata 'authorization: Bearer <token>' is missing");
  const absl::string_view token = BearerToken({authorization.data(), authorization.size()});
  if (token.empty()) return absl::UnauthenticatedError("metadata 'authorization' is not of the form 'Bearer <token>'");
  if (!Contains(accepted, DigestOf(token))) {
    return absl::UnauthenticatedError("the bearer token in 'authorization' is not accepted for this method");
  }
  return absl::OkStatus();
}

std::vector<FileStamp> TokenAuthenticator::StampsOfFiles() const {
  std::vector<FileStamp> stamps;
  for (const TokenFile& file : files_) stamps.push_back(StampOf(file.path));
  return stamps;
}

absl::StatusOr<std::shared_ptr<const TokenAuthenticator::Tokens>> TokenAuthenticator::ReadTokens() const {
  auto tokens = std::make_shared<Tokens>();
  for (const TokenFile& file : files_) {
    GANSERVE_RETURN_IF_ERROR(AppendTokens(file.path, &(*tokens)[*GroupIndex(file.group)]));
  }
  return tokens;
}

std::shared_ptr<const TokenAuthenticator::Tokens> TokenAuthenticator::CurrentTokens() {
  absl::Status fault;
  std::shared_ptr<const Tokens> before;
  std::shared_ptr<const Tokens> tokens;
  {
    MutexLock lock(mutex_);
    before = tokens_;
    fault = LookAtFiles();
    tokens = tokens_;
  }
  if (tokens != before) Log(LogLevel::kInfo, "token files loaded");
  if (!fault.ok()) {
    Log(LogLevel::kWarning, "changed token files refused, the old tokens stay in use", {{"reason", fault.message()}});
  }
  return tokens;
}

// OK if there is nothing new. A refused state of the files is looked at once.
absl::Status TokenAuthenticator::LookAtFiles() {
  if (clock_.Now() < next_look_) return absl::OkStatus();
  next_look_ = clock_.Now() + reload_interval_;
  std::vector<FileStamp> stamps = StampsOfFiles();
  if (stamps == seen_) return absl::OkStatus();
  seen_ = std::move(stamps);
  GANSERVE_ASSIGN_OR_RETURN(tokens_, ReadTokens());
  return absl::OkStatus();
}

}  // namespace ganserve
