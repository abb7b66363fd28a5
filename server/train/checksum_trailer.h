// A trailer that tells whether a file is the one that was written: the contents are followed by 4 bytes "GSV1", the
// contents' length as a little-endian uint64 and the CRC-32 (as zlib computes it) of contents and length,
// little-endian.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ganserve {

std::string WithChecksum(absl::string_view contents);

// The contents of what WithChecksum() made. DATA_LOSS, with the reason, when any byte differs or is missing.
absl::StatusOr<std::string> WithoutChecksum(absl::string_view file);

}  // namespace ganserve
