// Messages as JSON on standard output, as protobuf maps them, with the names of the proto.
#pragma once

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace ganserve::ganctl {

// Over several lines, for one answer; or in one, for the messages of a stream. INTERNAL if the message cannot be
// mapped.
absl::Status PrintJson(const google::protobuf::Message& message);
absl::Status PrintJsonLine(const google::protobuf::Message& message);

}  // namespace ganserve::ganctl
