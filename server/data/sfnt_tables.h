// The tables of a font file (OpenType 1.9, "Organization of an OpenType font"). FreeType leaves out tables that are cut
// off or don't make sense, so whether a file is intact is checked here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ganserve {

struct SfntTable {
  std::string tag;  // four characters
  uint32_t checksum = 0;
  std::span<const uint8_t> bytes;  // of the file
  size_t offset = 0;
};

// All within the file, or else DATA_LOSS with `name`, which is the file, and the byte offset.
absl::StatusOr<std::vector<SfntTable>> ReadSfntTables(const std::string& name, std::span<const uint8_t> file);

// DATA_LOSS, in the same way, unless every table has the checksum that the file gives.
absl::Status CheckSfntChecksums(const std::string& name, std::span<const SfntTable> tables);

}  // namespace ganserve
