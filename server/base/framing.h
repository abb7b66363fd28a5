// What the records and files of a job directory are framed with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace ganserve {

// The lowest `bytes` bytes of a number, the lowest first.
std::string LittleEndian(uint64_t value, size_t bytes);

// The CRC-32 of the parts one after the other, as zlib and PNG compute it.
uint32_t Crc32(std::initializer_list<absl::string_view> parts);

// Writes everything to `fd`, which is the file `path` for the message. After an error some may have been written.
absl::Status WriteAll(int fd, absl::string_view path, absl::string_view bytes);

}  // namespace ganserve
