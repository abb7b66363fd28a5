// A server that cannot start says why in one clear line and leaves with a code that is not 0.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/image_caller.h"
#include "tests/support/script_model.h"
#include "tests/support/server_process.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kFailure = 1;
constexpr int kUsage = 2;

class StartFailureTest : public testing::Test {
 protected:
  void AddVersion(const std::string& version, const std::string& archive) {
    std::filesystem::create_directories(folder_.File(version));
    folder_.Write(version + "/model.pt", archive);
  }

  // The one line of the log that tells of an error.
  static void ExpectFailure(const std::vector<std::string>& arguments, int code,
                            const testing::Matcher<std::string>& message) {
    ServerProcess server(arguments);
    EXPECT_FALSE(server.ready());
    EXPECT_EQ(server.Wait(), code);
    std::vector<std::string> errors;
    for (const std::string& line : server.log()) {
      // Beside JSON there is only what the options' parser says.
      if (!line.starts_with('{') || line.find("\"level\":\"error\"") != std::string::npos) errors.push_back(line);
    }
    EXPECT_THAT(errors, testing::ElementsAre(message));
  }

  const TemporaryFolder folder_;
};

TEST_F(StartFailureTest, SaysWhichOptionIsWrong) {
  ExpectFailure({"--workers", "-3"}, kUsage,
                AllOf(HasSubstr("--workers"), HasSubstr("-3"), HasSubstr("from 0 to 1024")));
  ExpectFailure({"--wrokers", "3"}, kUsage, AllOf(HasSubstr("--wrokers"), HasSubstr("did you mean --workers")));
  ExpectFailure({"--listen", "nowhere"}, kUsage, AllOf(HasSubstr("--listen"), HasSubstr("nowhere")));
  ExpectFailure({"--device", "cuda:99"}, kFailure, AllOf(HasSubstr("cuda:99"), HasSubstr("is not there")));
  ExpectFailure({"--jobs", folder_.File("jobs"), "--data-root", folder_.path(), "--trainer-device", "cuda:99"},
                kFailure, AllOf(HasSubstr("--trainer-device: device cuda:99"), HasSubstr("is not there")));
}

TEST_F(StartFailureTest, SaysThatAPortIsTaken) {
  const ServerProcess first;
  ASSERT_TRUE(first.ready());
  ExpectFailure({"--listen", first.address()}, kFailure, HasSubstr("cannot listen on " + first.address()));
  ExpectFailure({"--metrics-listen", first.metrics_address()}, kFailure, HasSubstr(first.metrics_address()));
  EXPECT_TRUE(ImageCaller(first.address()).Generate(ImageRequest(1, 1)).status.ok());
}

TEST_F(StartFailureTest, SaysWhatIsWrongWithTheRepository) {
  ExpectFailure({"--models", folder_.File("nowhere")}, kFailure, HasSubstr("nowhere"));
  AddVersion("shoes/1", SmallDcgan(1));
  ExpectFailure({"--models", folder_.path(), "--default-model", "hats"}, kFailure,
                HasSubstr("default model 'hats' is unknown; there are: shoes"));
}

TEST_F(StartFailureTest, SaysWhatIsWrongWithTheModelOnDuty) {
  std::filesystem::create_directories(folder_.File("shoes/1"));
  ExpectFailure({"--models", folder_.path()}, kFailure,
                AllOf(HasSubstr("model shoes version 1: "), HasSubstr("model.pt: cannot open")));
  const std::string archive = SmallDcgan(1);
  AddVersion("shoes/1", archive.substr(0, archive.size() / 2));
  ExpectFailure({"--models", folder_.path()}, kFailure,
                AllOf(HasSubstr("model shoes version 1: "), HasSubstr("not a usable TorchScript archive")));
  AddVersion("shoes/1", "Lorem ipsum");
  ExpectFailure({"--models", folder_.path()}, kFailure, HasSubstr("not a usable TorchScript archive"));
  AddVersion("shoes/1", ScriptModel("def forward(self, z: Tensor) -> Tensor:\n"
                                    "    return torch.log(torch.reshape(z, [-1, 1, 10, 10]))\n"));
  ExpectFailure({"--models", folder_.path()}, kFailure, HasSubstr("the model's output is not finite"));
}

TEST_F(StartFailureTest, ABrokenVersionBesideTheOneOnDutyIsRefusedWithALogLine) {
  AddVersion("shoes/1", SmallDcgan(1));
  AddVersion("shoes/2", "Lorem ipsum");
  folder_.Write("shoes/aliases.json", R"({"on_duty": 1})");
  ServerProcess server({"--models", folder_.path()});
  ASSERT_TRUE(server.ready());
  EXPECT_TRUE(server.WaitForLine("model version refused"));
  EXPECT_EQ(ImageCaller(server.address()).Generate(ImageRequest(1, 1)).response.info().version(), 1u);
}

TEST_F(StartFailureTest, SaysWhatIsWrongWithATokenFile) {
  ExpectFailure({"--token-file", "generate=" + folder_.File("nowhere")}, kFailure, HasSubstr("nowhere"));
  const std::string file = folder_.Write("tokens", "short\n");
  ExpectFailure({"--token-file", "generate=" + file}, kFailure,
                AllOf(HasSubstr(file + ":1: a token of 5 characters"), testing::Not(HasSubstr("short"))));
}

TEST_F(StartFailureTest, SaysWhatIsWrongWithTheTlsFiles) {
  const std::string file = folder_.Write("server.pem", "no certificate");
  ExpectFailure({"--tls-cert", file, "--tls-key", folder_.File("nowhere")}, kFailure, HasSubstr(folder_.path()));
  ExpectFailure({"--tls-cert", file, "--tls-key", file}, kFailure, HasSubstr(file));
  ExpectFailure({"--tls-cert", file}, kUsage, HasSubstr("tls-key"));
}

}  // namespace
}  // namespace ganserve
