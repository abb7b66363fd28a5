// Files that are complete or absent, even after a power cut: written beside their place, synced, then renamed into it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace ganserve {

// Replaces `path` by `contents`. RESOURCE_EXHAUSTED when the disk or the quota is full; so below.
absl::Status PublishFile(const std::string& path, absl::string_view contents);

// Lets `write` fill a temporary file and publishes it as `path`. Nothing is left behind when `write` fails.
absl::Status PublishFileWith(const std::string& path, const std::function<absl::Status(const std::string&)>& write);

// The same for a folder with everything that `write` puts into it (files only). ALREADY_EXISTS when `path` exists.
absl::Status PublishFolderWith(const std::string& path, const std::function<absl::Status(const std::string&)>& write);

// What the functions above call `path` while it is not complete; also for what is on its way out.
std::string TemporaryName(const std::string& path);
// Whether a file's name is such a one.
bool IsTemporaryName(absl::string_view name);

// Removes what a killed process left under such names in a folder that has no other writer. What cannot be removed
// stays: it is only a waste of space.
void RemoveTemporaries(const std::string& folder);

// The same for those that have not changed for `age`, where others may be at work on theirs.
void RemoveTemporaries(const std::string& folder, std::chrono::seconds age);

// Renames a file or folder and makes that durable. ALREADY_EXISTS when `to` is a folder that holds something.
absl::Status RenameDurably(const std::string& from, const std::string& to);

// Creates `path` and its parents where missing.
absl::Status MakeFolders(const std::string& path);

}  // namespace ganserve
