// Tells whether a file was replaced or written to, without reading it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace ganserve {

// What a write, a rename over it or a switched symbolic link changes. A file that is not there has a stamp of its own.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

// Of what a symbolic link leads to. A stamp taken before the contents are read can only be too old, never too new, so a
// change in between is seen by the next comparison.
FileStamp StampOf(const std::string& path);

}  // namespace ganserve
