// One record of an event log: a little-endian uint32 length of the message, a little-endian uint32 CRC-32 (as zlib and
// PNG compute it) of the four length bytes and the message, and the message: one TrainEvent.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ganserve/v1/training.pb.h"

namespace ganserve {

// Longest message in bytes. Log lines and messages are a few kilobytes at most; a length beyond this is a torn or
// foreign header.
inline constexpr size_t kMaxEventBytes = size_t{1} << 20;
inline constexpr size_t kMaxRecordBytes = kMaxEventBytes + 8;

// DATA_LOSS, naming the log's path and the offset of the record, unless an event has the number that is due.
absl::Status CheckSequence(uint64_t sequence, uint64_t due, uint64_t offset, absl::string_view path);

std::string EncodeRecord(const v1::TrainEvent& event);

// Bytes of the intact record at the start of `bytes`, which `event` then holds; 0 when there is none.
size_t DecodeRecord(absl::string_view bytes, v1::TrainEvent* event);

}  // namespace ganserve
