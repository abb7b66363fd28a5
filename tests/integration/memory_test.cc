// A server keeps below its memory limit: smaller batches, refused calls, or no start at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/integration/image_caller.h"
#include "tests/support/script_model.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::Contains;
using testing::HasSubstr;

// An integer of the line that tells the plan; -1 if there is none.
int64_t Planned(const ServerProcess& server, const std::string& field) {
  for (const std::string& line : server.log()) {
    const auto fields = nlohmann::json::parse(line, nullptr, false);
    if (fields.is_object() && fields.value("message", "") == "plan") return fields.value(field, int64_t{-1});
  }
  return -1;
}

TEST(MemoryTest, DoesNotStartWhereItCouldNotServeAndSaysWhatItNeeds) {
  ServerProcess server({"--memory-limit", "64MiB"});
  EXPECT_FALSE(server.ready());
  EXPECT_EQ(server.Wait(), 1);
  EXPECT_THAT(server.log(), Contains(testing::AllOf(HasSubstr("cannot start"), HasSubstr("64 MiB (--memory-limit)"),
                                                    HasSubstr("give at least"), HasSubstr("--max-response-bytes"))));
}

// 16 MiB an image: 64 of them would take all of the limit.
TEST(MemoryTest, MakesBatchesSmallerWhereTheWishedOnesDoNotFit) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.File("large/1"));
  folder.Write("large/1/model.pt", ScriptModel("def forward(self, z: Tensor) -> Tensor:\n"
                                               "    large = torch.ones([z.size(0), 4194304])\n"
                                               "    return torch.reshape(torch.tanh(z) * large[:, 0:1], "
                                               "[-1, 1, 10, 10])\n"));
  const ServerProcess server(
      {"--models", folder.path(), "--workers", "1", "--max-batch-images", "64", "--memory-limit", "1GiB"});
  ASSERT_TRUE(server.ready());
  EXPECT_GE(Planned(server, "max_batch_images"), 1);
  EXPECT_LT(Planned(server, "max_batch_images"), 64);
  EXPECT_GE(Planned(server, "worker_bytes"), Planned(server, "max_batch_images") * (16 << 20));
  EXPECT_EQ(server.Metric("ganserve_memory_limit_bytes"), 1 << 30);
  EXPECT_EQ(server.Metric("ganserve_memory_budget_bytes"), static_cast<double>(Planned(server, "answer_bytes")));
  EXPECT_TRUE(ImageCaller(server.address()).Generate(ImageRequest(1, 100)).status.ok());
}

TEST(MemoryTest, GivesAnswersMemoryBackOnceTheyAreSent) {
  const ServerProcess server;
  ASSERT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  EXPECT_TRUE(caller.Generate(ImageRequest(1, 500)).status.ok());
  EXPECT_EQ(caller.Stream(ImageRequest(1, 500)).response.images_size(), 500);
  EXPECT_TRUE(Eventually([&] { return server.Metric("ganserve_answer_memory_bytes") == 0; }));
}

}  // namespace
}  // namespace ganserve
