// What one call of the client may set, and what it learns besides the answer.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

namespace ganserve::client {

struct CallOptions {
  // The longest the call may take, retries included, instead of the client's own timeout; 0: for ever.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  // Sent as x-request-id: 1 to 128 visible ASCII characters. Empty: the server makes one.
  std::string request_id = {};
  // Requesting stop from any thread cancels the call, also while it waits to try again.
  std::stop_token stop = {};
};

struct CallInfo {
  // The id under which the server logs the last attempt, at the level that images.proto says; empty if the call set
  // none and never reached the server.
  std::string request_id = {};
  // Attempts made, 1 or more.
  int attempts = 0;
};

}  // namespace ganserve::client
