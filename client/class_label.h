// Classes by the names that people know them by.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "ganserve/v1/images.pb.h"

namespace ganserve::client {

// The number of the class called `name`, in upper or lower case, for a request with that model and version, which may
// be empty as in a GenerateRequest. NOT_FOUND when `info` has no such version; INVALID_ARGUMENT, saying what there is,
// when the version has no classes, no names, or none or several of that name.
absl::StatusOr<uint32_t> FindClass(const v1::GetServerInfoResponse& info, const std::string& model,
                                   const std::string& version, const std::string& name);

}  // namespace ganserve::client
