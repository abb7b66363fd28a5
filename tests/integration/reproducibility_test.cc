// The first promise: an image is fixed by (model, seed, index), whatever the call that asks for it, the number of
// workers and the load.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/image_caller.h"
#include "tests/support/png_decode.h"
#include "tests/support/server_process.h"

namespace ganserve {
namespace {

const std::vector<uint64_t> kSeeds = {0, 7, UINT64_MAX};
const std::vector<uint64_t> kFirstIndexes = {0, uint64_t{1} << 40};
const std::vector<uint32_t> kCounts = {1, 2, 17, 33};
constexpr uint32_t kMostImages = 33;

using Reference = std::map<std::pair<uint64_t, uint64_t>, std::vector<std::string>>;  // by seed and first index

// Every image of the matrix by a call of its own, on a server with one worker and nothing else to do.
Reference MakeReference() {
  const ServerProcess server({"--workers", "1"});
  EXPECT_TRUE(server.ready());
  const ImageCaller caller(server.address());
  Reference reference;
  for (const uint64_t seed : kSeeds) {
    for (const uint64_t first : kFirstIndexes) {
      auto& images = reference[{seed, first}];
      for (uint32_t i = 0; i < kMostImages; ++i) {
        const Answer answer = caller.Generate(ImageRequest(seed, 1, first + i));
        EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
        images.push_back(answer.images().at(0));
      }
    }
  }
  return reference;
}

// Asks for the whole matrix and counts the answers that are not as they should be.
int WrongAnswers(const ImageCaller& caller, const Reference& reference) {
  int wrong = 0;
  for (const auto& [key, images] : reference) {
    for (const uint32_t count : kCounts) {
      const auto request = ImageRequest(key.first, count, key.second);
      const std::vector<std::string> expected(images.begin(), images.begin() + count);
      wrong += caller.Generate(request).images() == expected ? 0 : 1;
      wrong += caller.Stream(request).images() == expected ? 0 : 1;
    }
  }
  return wrong;
}

// Calls with other seeds and counts that never end.
class BackgroundLoad {
 public:
  explicit BackgroundLoad(const std::string& address) : caller_(address) {
    for (uint64_t seed : {100, 101}) {
      threads_.emplace_back([this, seed](const std::stop_token& stop) {
        for (uint32_t count = 1; !stop.stop_requested(); count = count % 61 + 3) {
          calls_ += caller_.Generate(ImageRequest(seed, count)).status.ok() ? 1 : 0;
          calls_ += caller_.Stream(ImageRequest(seed, count, count)).status.ok() ? 1 : 0;
        }
      });
    }
  }

  int calls() const { return calls_; }

 private:
  ImageCaller caller_;
  std::atomic<int> calls_ = 0;
  std::vector<std::jthread> threads_;
};

class ReproducibilityTest : public testing::TestWithParam<int> {
 protected:
  static void SetUpTestSuite() { reference_ = std::make_unique<Reference>(MakeReference()); }
  static void TearDownTestSuite() { reference_.reset(); }

  static std::unique_ptr<Reference> reference_;
  const ServerProcess server_{{"--workers", std::to_string(GetParam())}};
};

std::unique_ptr<Reference> ReproducibilityTest::reference_;

TEST_P(ReproducibilityTest, ACallerAloneGetsTheImagesOfSingleCalls) {
  ASSERT_TRUE(server_.ready());
  EXPECT_EQ(WrongAnswers(ImageCaller(server_.address()), *reference_), 0);
}

TEST_P(ReproducibilityTest, CallersAtOnceGetTheImagesOfSingleCallsUnderLoad) {
  ASSERT_TRUE(server_.ready());
  const BackgroundLoad load(server_.address());
  std::vector<int> wrong(2, -1);
  {
    std::vector<std::jthread> threads;
    for (int& count : wrong) {
      threads.emplace_back([this, &count] { count = WrongAnswers(ImageCaller(server_.address()), *reference_); });
    }
  }
  EXPECT_EQ(wrong, std::vector<int>({0, 0}));
  EXPECT_GT(load.calls(), 0);
}

INSTANTIATE_TEST_SUITE_P(Workers, ReproducibilityTest, testing::Values(1, 2, 3));

class AnswerTest : public testing::Test {
 protected:
  const ServerProcess server_;
};

TEST_F(AnswerTest, SaysWhatEachImageIs) {
  ASSERT_TRUE(server_.ready());
  const ImageCaller caller(server_.address());
  const auto request = ImageRequest(9, 20, 1000);
  for (const Answer& answer : {caller.Generate(request), caller.Stream(request)}) {
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    ASSERT_EQ(answer.response.images_size(), 20);
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(answer.response.images(i).seed(), 9u);
      EXPECT_EQ(answer.response.images(i).index(), 1000u + static_cast<uint64_t>(i));
      EXPECT_TRUE(answer.response.images(i).has_label());
      EXPECT_LT(answer.response.images(i).label(), 10);
    }
    const v1::GenerationInfo& info = answer.response.info();
    EXPECT_EQ(info.width(), 32u);
    EXPECT_EQ(info.height(), 32u);
    EXPECT_EQ(info.channels(), 1u);
    EXPECT_EQ(info.format(), v1::IMAGE_FORMAT_PNG);
    EXPECT_EQ(info.version(), 2u);
    EXPECT_EQ(info.model_digest().size(), 64u);
  }
}

TEST_F(AnswerTest, RawPixelsAreThoseOfThePng) {
  ASSERT_TRUE(server_.ready());
  const ImageCaller caller(server_.address());
  const std::vector<std::string> png = caller.Generate(ImageRequest(3, 40)).images();
  const std::vector<std::string> raw = caller.Generate(ImageRequest(3, 40, 0, v1::IMAGE_FORMAT_RAW)).images();
  EXPECT_EQ(caller.Stream(ImageRequest(3, 40, 0, v1::IMAGE_FORMAT_RAW)).images(), raw);
  ASSERT_EQ(png.size(), 40u);
  ASSERT_EQ(raw.size(), 40u);
  for (size_t i = 0; i < png.size(); ++i) {
    const auto decoded = DecodePng(png[i]);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(std::string(decoded->pixels.begin(), decoded->pixels.end()), raw[i]) << "image " << i;
  }
}

}  // namespace
}  // namespace ganserve
