#include "server/data/sfnt_tables.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/data/big_endian.h"

namespace ganserve {
namespace {

constexpr size_t kHeaderBytes = 12;  // version, number of tables, what speeds up a search for them
constexpr size_t kEntryBytes = 16;   // tag, checksum, offset, length
constexpr uint32_t kTrueType = 0x00010000;
constexpr uint32_t kOpenType = 0x4f54544f;  // "OTTO"

// `head` holds a checksum of the whole file in its third number, which counts as 0 in that of the table.
constexpr size_t kHeadAdjustment = 8;

absl::Status Defect(const std::string& name, absl::string_view what, size_t offset) {
  return absl::DataLossError(absl::StrCat(name, ": ", what, " at byte offset ", offset));
}

// The sum of a table's 32-bit numbers, the last of them filled up with zeros.
uint32_t Checksum(const SfntTable& table) {
  uint32_t sum = 0;
  size_t at = 0;
  for (; at + 4 <= table.bytes.size(); at += 4) sum += BigEndian32(table.bytes.subspan(at));
  for (unsigned shift = 24; at < table.bytes.size(); shift -= 8) sum += uint32_t{table.bytes[at++]} << shift;
  if (table.tag == "head" && table.bytes.size() >= kHeadAdjustment + 4) {
    sum -= BigEndian32(table.bytes.subspan(kHeadAdjustment));
  }
  return sum;
}

absl::StatusOr<SfntTable> ReadEntry(const std::string& name, std::span<const uint8_t> file, size_t at) {
  const auto entry = file.subspan(at, kEntryBytes);
  const std::string tag(entry.begin(), entry.begin() + 4);
  const size_t offset = BigEndian32(entry.subspan(8));
  const size_t length = BigEndian32(entry.subspan(12));
  if (offset <= file.size() && length <= file.size() - offset) {
    return SfntTable{tag, BigEndian32(entry.subspan(4)), file.subspan(offset, length), offset};
  }
  return Defect(name,
                absl::StrFormat("truncated font: table %s needs %u bytes from %u on, the file has %u; its entry is",
                                tag, length, offset, file.size()),
                at);
}

}  // namespace

absl::StatusOr<std::vector<SfntTable>> ReadSfntTables(const std::string& name, std::span<const uint8_t> file) {
  if (file.size() < kHeaderBytes) return Defect(name, "truncated font: the file ends", file.size());
  const uint32_t version = BigEndian32(file);
  if (version != kTrueType && version != kOpenType) return Defect(name, "not a font file: wrong signature", 0);
  const size_t count = BigEndian16(file.subspan(4));
  if (file.size() < kHeaderBytes + count * kEntryBytes)
    return Defect(name, "truncated font: the file ends", file.size());
  std::vector<SfntTable> tables;
  for (size_t i = 0; i < count; ++i) {
    GANSERVE_ASSIGN_OR_RETURN(SfntTable table, ReadEntry(name, file, kHeaderBytes + i * kEntryBytes));
    tables.push_back(std::move(table));
  }
  return tables;
}

absl::Status CheckSfntChecksums(const std::string& name, std::span<const SfntTable> tables) {
  for (const SfntTable& table : tables) {
    if (Checksum(table) == table.checksum) continue;
    return Defect(name, absl::StrCat("corrupt font: wrong checksum of table ", table.tag), table.offset);
  }
  return absl::OkStatus();
}

}  // namespace ganserve
