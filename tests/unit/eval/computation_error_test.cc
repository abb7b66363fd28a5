#include "server/eval/computation_error.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace ganserve {
namespace {

TEST(CauseOf, IsTheLastErrorOfATorchScriptTraceInOneLine) {
  const std::runtime_error error(
      "The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript (most recent call "
      "last):\nRuntimeError: Error: shape '[2, 3]' is invalid\nfor input of size 4\n");
  EXPECT_EQ(CauseOf(error), "shape '[2, 3]' is invalid");
}

TEST(IsOutOfMemory, KnowsItByTypeOrByText) {
  EXPECT_TRUE(IsOutOfMemory(std::bad_alloc()));
  EXPECT_TRUE(IsOutOfMemory(std::runtime_error("Traceback\nRuntimeError: std::bad_alloc\n")));
  EXPECT_TRUE(IsOutOfMemory(std::runtime_error("RuntimeError: CUDA out of memory. Tried to allocate 2 GiB")));
  EXPECT_TRUE(IsOutOfMemory(std::runtime_error("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8")));
  EXPECT_FALSE(IsOutOfMemory(std::runtime_error("shape '[2, 3]' is invalid for input of size 4")));
}

TEST(ComputationError, SaysWhatFailedAndWhy) {
  const absl::Status status = ComputationError("measuring", std::runtime_error("broken"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "measuring failed: broken");
}

}  // namespace
}  // namespace ganserve
