#include "server/base/memory.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <thread>
#include <vector>

namespace ganserve {
namespace {

constexpr size_t kMiB = 1 << 20;
constexpr size_t kPageBytes = 4096;

long PageFaultsOfThread() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Memory as a forward pass takes it. With `live` = 2 every layer's output is made from the one before, which is then
// freed; with more, that many layers are needed at once.
void Forward(const std::vector<size_t>& layer_bytes, size_t live) {
  std::deque<void*> layers;
  for (const size_t bytes : layer_bytes) {
    volatile char* const layer = static_cast<char*>(std::malloc(bytes));
    for (size_t i = 0; i < bytes; i += kPageBytes) layer[i] = 1;
    layers.push_back(const_cast<char*>(layer));
    if (layers.size() < live) continue;
    std::free(layers.front());
    layers.pop_front();
  }
  for (void* const layer : layers) std::free(layer);
}

// Page faults of ten batches on this thread after two that are not counted.
long FaultsOfTenBatches(const std::vector<size_t>& layer_bytes, size_t live) {
  for (int i = 0; i < 2; ++i) Forward(layer_bytes, live);
  const long before = PageFaultsOfThread();
  for (int i = 0; i < 10; ++i) Forward(layer_bytes, live);
  return PageFaultsOfThread() - before;
}

// The reference generator's activations for a batch of 256 images.
const std::vector<size_t> kBatch256 = {4 * kMiB, 4 * kMiB, 8 * kMiB, 8 * kMiB, 16 * kMiB, 16 * kMiB, 3 * kMiB};
// Together more than the 64 MiB of one heap of a thread's arena.
const std::vector<size_t> kSeveralHeaps = {28 * kMiB, 28 * kMiB, 28 * kMiB, 20 * kMiB};
// Together more than the main thread of a server keeps.
const std::vector<size_t> kTrainingStep(11, 28 * kMiB);

class TunedMallocTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers bring their own malloc";
#endif
    // A huge page is one fault for 512 pages: few faults would prove nothing.
    ASSERT_EQ(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
    ASSERT_TRUE(TuneMalloc(kServingMemory));
  }
};

// Untuned, each of the ten faults in some 9,400 pages.
TEST_F(TunedMallocTest, ABatchReusesThePagesOfTheOneBefore) {
  std::jthread([] { EXPECT_LT(FaultsOfTenBatches(kBatch256, 2), 100); }).join();
}

TEST_F(TunedMallocTest, ABatchOnTheMainThreadDoesSo) { EXPECT_LT(FaultsOfTenBatches(kSeveralHeaps, 9), 100); }

TEST_F(TunedMallocTest, ABatchThatNeedsSeveralHeapsDoesSo) {
  std::jthread([] { EXPECT_LT(FaultsOfTenBatches(kSeveralHeaps, 9), 100); }).join();
}

// With a server's settings, each of the ten faults in more than 10,000 pages.
TEST_F(TunedMallocTest, ATrainingStepReusesPagesThatAServerWouldGiveBack) {
  ASSERT_TRUE(TuneMalloc(kTrainingMemory));
  EXPECT_LT(FaultsOfTenBatches(kTrainingStep, kTrainingStep.size() + 1), 100);
}

TEST_F(TunedMallocTest, ResidentMemoryDoesNotGrowWithTheNumberOfBatches) {
  std::jthread([] {
    for (int i = 0; i < 3; ++i) Forward(kBatch256, 2);
    const size_t before = ResidentBytes();
    for (int i = 0; i < 50; ++i) Forward(kBatch256, 2);
    EXPECT_LE(ResidentBytes(), before + kMiB);
  }).join();
}

}  // namespace
}  // namespace ganserve
