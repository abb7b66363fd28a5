#include "client/client_options.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/text_file.h"

namespace ganserve::client {
namespace {

constexpr int kMinMessageBytes = 4096;
// Longer than any token in use; HTTP servers commonly bound all headers together at 8 KiB.
constexpr size_t kMaxTokenLength = 4096;

absl::Status ValidateTls(const TlsOptions& tls) {
  const bool any = !tls.ca_file.empty() || !tls.cert_file.empty() || !tls.key_file.empty() || !tls.server_name.empty();
  if (any && !tls.enabled) {
    return absl::InvalidArgumentError(
        "a CA file, certificate, key or server name was given, but TLS is off: turn TLS on");
  }
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("mutual TLS needs a certificate and its key; only the ",
                                                   tls.key_file.empty() ? "certificate " : "key ", tls.cert_file,
                                                   tls.key_file, " was given"));
  }
  return absl::OkStatus();
}

absl::Status ValidateToken(const ClientOptions& options) {
  if (options.token.empty() && options.token_file.empty()) return absl::OkStatus();
  if (!options.token.empty() && !options.token_file.empty()) {
    return absl::InvalidArgumentError("give a token or a token file, not both");
  }
  if (!options.tls.enabled && !IsLoopback(options.server)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a bearer token is not sent to ", options.server,
                     " without TLS, because anyone on the way could read and use it: turn TLS on"));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsLoopback(const std::string& server) {
  absl::string_view address = server;
  if (absl::StartsWith(address, "unix:") || absl::StartsWith(address, "unix-abstract:")) return true;
  for (const absl::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (absl::ConsumePrefix(&address, scheme)) break;
  }
  // A list of addresses ("ipv4:127.0.0.1:1,192.0.2.1:1") may lead anywhere.
  if (absl::StrContains(address, ",")) return false;
  if (absl::StartsWith(address, "[::1]:") || address == "[::1]" || address == "::1") return true;
  const absl::string_view host = address.substr(0, address.find(':'));
  const bool ipv4 =
      std::all_of(host.begin(), host.end(), [](unsigned char c) { return absl::ascii_isdigit(c) || c == '.'; });
  return host == "localhost" || (ipv4 && absl::StartsWith(host, "127."));
}

absl::Status Validate(const ClientOptions& options) {
  if (!IsVisibleAscii(options.server, 1024)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the server's address must be host:port or a gRPC target, got \"", options.server, "\""));
  }
  if (options.timeout.count() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the timeout must not be negative, got ", options.timeout.count(), " ms"));
  }
  if (options.max_message_bytes < kMinMessageBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the largest message must be at least ", kMinMessageBytes,
                                                   " bytes, got ", options.max_message_bytes));
  }
  if (absl::Status status = ValidateTls(options.tls); !status.ok()) return status;
  if (absl::Status status = ValidateToken(options); !status.ok()) return status;
  return Validate(options.retry);
}

absl::StatusOr<std::string> BearerToken(const ClientOptions& options) {
  std::string token = options.token;
  if (!options.token_file.empty()) {
    absl::StatusOr<std::string> text = ReadTextFile(options.token_file, "the token file");
    if (!text.ok()) return text.status();
    token = std::string(absl::StripAsciiWhitespace(*text));
    if (token.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("the token file ", options.token_file, " holds only white space"));
    }
  }
  if (!token.empty() && !IsVisibleAscii(token, kMaxTokenLength)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a bearer token must be 1 to ", kMaxTokenLength, " visible ASCII characters"));
  }
  return token;
}

bool IsVisibleAscii(const std::string& text, size_t max_length) {
  if (text.empty() || text.size() > max_length) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace ganserve::client
