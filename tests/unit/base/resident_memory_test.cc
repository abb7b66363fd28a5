#include "server/base/resident_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

namespace ganserve {
namespace {

constexpr size_t kBytes = 64 << 20;
constexpr size_t kSlack = 8 << 20;  // what else the process may do

// Maps kBytes, writes to every page and unmaps them again; how much was resident meanwhile.
uint64_t ResidentWhileMapped() {
  void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 0;
  std::memset(memory, 1, kBytes);
  const uint64_t resident = ResidentBytes();
  munmap(memory, kBytes);
  return resident;
}

TEST(ResidentMemoryTest, CountsPagesThatAreWrittenTo) {
  const uint64_t before = ResidentBytes();
  EXPECT_GE(ResidentWhileMapped() + kSlack, before + kBytes);
}

TEST(ResidentMemoryTest, ThePeakIsRememberedUntilItIsReset) {
  const uint64_t most = ResidentWhileMapped();
  EXPECT_GE(ResidentPeakBytes() + kSlack, most);
  if (!ResetResidentPeak()) GTEST_SKIP() << "the kernel does not let this process reset its peak";
  EXPECT_LE(ResidentPeakBytes(), most - kBytes + kSlack);
}

}  // namespace
}  // namespace ganserve
