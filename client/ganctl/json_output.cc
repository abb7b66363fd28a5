#include "client/ganctl/json_output.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"

namespace ganserve::ganctl {
namespace {

absl::Status Print(const google::protobuf::Message& message, bool indent, const char* end) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = indent;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return absl::InternalError(absl::StrCat("the answer cannot be written as JSON: ", status.ToString()));
  }
  std::printf("%s%s", json.c_str(), end);
  std::fflush(stdout);
  return absl::OkStatus();
}

}  // namespace

absl::Status PrintJson(const google::protobuf::Message& message) { return Print(message, true, ""); }

absl::Status PrintJsonLine(const google::protobuf::Message& message) { return Print(message, false, "\n"); }

}  // namespace ganserve::ganctl
