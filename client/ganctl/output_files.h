// Writing results to the file system.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace ganserve::ganctl {

// "<seed>-<index>.<extension>", the index with zeros to 7 digits (the default limit of a stream), so that names sort by
// index and an image has one name whatever call made it.
std::string ImageFileName(uint64_t seed, uint64_t index, const std::string& extension);

// Writes a whole file, in place of one of that name. On an error (FileError with path and reason) no partial
// file stays behind.
absl::Status WriteFile(const std::string& path, const std::string& data);

// Creates a folder and those above it where they are missing. FileError with path and reason.
absl::Status CreateFolder(const std::string& path);

// Likewise the folder that a file is to be in.
absl::Status CreateFolderOf(const std::string& path);

}  // namespace ganserve::ganctl
