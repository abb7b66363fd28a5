#include "server/rpc/credentials/token_authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/temporary_folder.h"
#include "tests/unit/rpc/credentials/stepped_clock.h"

namespace ganserve {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kGenerate[] = "/ganserve.v1.ImageService/Generate";
constexpr char kStream[] = "/ganserve.v1.ImageService/GenerateStream";
constexpr char kInfo[] = "/ganserve.v1.ImageService/GetServerInfo";
constexpr char kHealth[] = "/grpc.health.v1.Health/Check";

constexpr char kToken[] = "0123456789abcdef";
constexpr char kOtherToken[] = "another-token.of~the+same/file==";
constexpr auto kInterval = std::chrono::seconds(10);

class TokenAuthenticatorTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
    return path;
  }

  std::unique_ptr<TokenAuthenticator> Make(const std::vector<TokenFile>& files) const {
    auto made = TokenAuthenticator::Create(files, /*open_admin=*/true, kInterval, clock_);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *std::move(made) : nullptr;
  }

  absl::Status FaultOf(const std::string& text) const {
    return TokenAuthenticator::Create({{"generate", Write("faulty", text)}}, true, kInterval, clock_).status();
  }

  static std::string Bearer(const std::string& token) { return "Bearer " + token; }

  SteppedClock clock_;
  const TemporaryFolder temporary_folder_;
  const std::string& folder_ = temporary_folder_.path();
};

TEST_F(TokenAuthenticatorTest, WithoutFilesEveryCallIsAuthorised) {
  const auto authenticator = Make({});
  EXPECT_TRUE(authenticator->Authorize(kGenerate, "").ok());
  EXPECT_TRUE(authenticator->Authorize("/some.other/Method", "").ok());
}

TEST_F(TokenAuthenticatorTest, EveryTokenOfTheFileOpensItsGroup) {
  const auto authenticator =
      Make({{"generate", Write("t", std::string("# who\n\n  ") + kToken + "  \r\n" + kOtherToken)}});
  for (const char* method : {kGenerate, kStream}) {
    EXPECT_TRUE(authenticator->Authorize(method, Bearer(kToken)).ok()) << method;
    EXPECT_TRUE(authenticator->Authorize(method, Bearer(kOtherToken)).ok()) << method;
    EXPECT_TRUE(authenticator->Authorize(method, std::string("bearer  ") + kToken).ok()) << method;
  }
}

TEST_F(TokenAuthenticatorTest, ACallWithoutATokenIsUnauthenticated) {
  const auto authenticator = Make({{"generate", Write("t", kToken)}});
  const absl::Status status = authenticator->Authorize(kGenerate, "");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(status.message()), HasSubstr("missing"));
}

TEST_F(TokenAuthenticatorTest, AnythingButAnAcceptedTokenIsUnauthenticatedAndNotEchoed) {
  const auto authenticator = Make({{"generate", Write("t", kToken)}});
  for (const std::string value :
       {"0123456789abcdef", "Basic 0123456789abcdef", "Bearer", "Bearer ", "Bearer\t0123456789abcdef",
        "Bearer 0123456789abcde", "Bearer 0123456789abcdeF", "Bearer 0123456789abcdef0", "Bearer 0123456789abcdef x",
        "Bearer # who", "Bearer secret-wrong-token"}) {
    const absl::Status status = authenticator->Authorize(kGenerate, value);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << value;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("0123456789"))) << value;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret"))) << value;
  }
}

TEST_F(TokenAuthenticatorTest, ATokenOpensOnlyItsGroup) {
  const auto authenticator = Make({{"generate", Write("g", kToken)}, {"info", Write("i", kOtherToken)}});
  EXPECT_TRUE(authenticator->Authorize(kInfo, Bearer(kOtherToken)).ok());
  EXPECT_EQ(authenticator->Authorize(kInfo, Bearer(kToken)).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(authenticator->Authorize(kGenerate, Bearer(kOtherToken)).code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(TokenAuthenticatorTest, FilesOfOneGroupAddUp) {
  const auto authenticator = Make({{"generate", Write("a", kToken)}, {"generate", Write("b", kOtherToken)}});
  EXPECT_TRUE(authenticator->Authorize(kGenerate, Bearer(kToken)).ok());
  EXPECT_TRUE(authenticator->Authorize(kGenerate, Bearer(kOtherToken)).ok());
}

TEST_F(TokenAuthenticatorTest, AGroupWithoutAFileIsOpenAndHealthAlwaysIs) {
  const auto authenticator = Make({{"generate", Write("t", kToken)}});
  EXPECT_TRUE(authenticator->Authorize(kInfo, "").ok());
  EXPECT_TRUE(authenticator->Authorize(kHealth, "").ok());
}

TEST_F(TokenAuthenticatorTest, AMethodOfNoGroupIsRefusedWhoeverCalls) {
  const auto authenticator = Make({{"generate", Write("t", kToken)}});
  for (const char* method : {"/ganserve.v1.TrainingService/TrainJob", "/ganserve.v1.ImageService/GenerateMore", "",
                             "/grpc.health.v1.HealthX/Check"}) {
    EXPECT_EQ(authenticator->Authorize(method, Bearer(kToken)).code(), absl::StatusCode::kPermissionDenied) << method;
  }
}

TEST_F(TokenAuthenticatorTest, ReplacedFilesCountAfterTheInterval) {
  const auto authenticator = Make({{"generate", Write("t", kToken)}});
  Write("t", kOtherToken);
  clock_.Advance(kInterval - std::chrono::milliseconds(1));
  EXPECT_TRUE(authenticator->Authorize(kGenerate, Bearer(kToken)).ok());
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(authenticator->Authorize(kGenerate, Bearer(kToken)).ok());
  EXPECT_TRUE(authenticator->Authorize(kGenerate, Bearer(kOtherToken)).ok());
}

TEST_F(TokenAuthenticatorTest, AFaultyReplacementChangesNothingAndIsLoggedOnce) {
  const auto authenticator = Make({{"generate", Write("t", kToken)}});
  Write("t", std::string(kOtherToken) + "\nsecret\n");
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(kInterval);
    EXPECT_TRUE(authenticator->Authorize(kGenerate, Bearer(kToken)).ok());
    EXPECT_FALSE(authenticator->Authorize(kGenerate, Bearer(kOtherToken)).ok());
  }
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("/t:2: a token of 6 characters, must have 16 to 4096"));
  EXPECT_THAT(log, Not(HasSubstr("secret")));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(TokenAuthenticatorTest, ADeletedFileOpensNothing) {
  const auto authenticator = Make({{"generate", Write("t", kToken)}});
  std::filesystem::remove(folder_ + "/t");
  clock_.Advance(kInterval);
  EXPECT_FALSE(authenticator->Authorize(kGenerate, "").ok());
  EXPECT_TRUE(authenticator->Authorize(kGenerate, Bearer(kToken)).ok());
}

TEST_F(TokenAuthenticatorTest, CallsMayComeFromManyThreadsWhileFilesChange) {
  const auto authenticator = Make({{"generate", Write("t", std::string(kToken) + "\n" + kOtherToken)}});
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int call = 0; call < 500; ++call) EXPECT_TRUE(authenticator->Authorize(kGenerate, Bearer(kToken)).ok());
    });
  }
  for (int change = 0; change < 20; ++change) {
    Write("t", std::string(kToken) + "\n# change " + std::to_string(change));
    clock_.Advance(kInterval);
  }
}

TEST_F(TokenAuthenticatorTest, FaultyFilesAreRefusedWithFileAndLine) {
  const std::string path = folder_ + "/faulty";
  EXPECT_EQ(FaultOf("# only a comment\n").message(), path + ": holds 0 tokens, must hold 1 to 1024");
  EXPECT_EQ(FaultOf("#\n0123456789abcde\n").message(), path + ":2: a token of 15 characters, must have 16 to 4096");
  EXPECT_EQ(FaultOf(std::string(4097, 'x')).message(), path + ":1: a token of 4097 characters, must have 16 to 4096");
  EXPECT_EQ(FaultOf("0123456789 abcdef").message(), path + ":1: a token with spaces or characters that are not ASCII");
  EXPECT_EQ(FaultOf("0123456789abcdef\xC3\xA9").message(),
            path + ":1: a token with spaces or characters that are not ASCII");
  std::string many;
  for (int i = 0; i < 1025; ++i) many += std::string(kToken) + "\n";
  EXPECT_EQ(FaultOf(many).message(), path + ": holds 1025 tokens, must hold 1 to 1024");
  EXPECT_TRUE(FaultOf(many.substr(many.find('\n') + 1)).ok());
}

TEST_F(TokenAuthenticatorTest, AMissingFileIsNamed) {
  const auto made = TokenAuthenticator::Create({{"info", folder_ + "/absent"}}, true, kInterval, clock_);
  EXPECT_EQ(made.status().message(), folder_ + "/absent: No such file or directory");
}

TEST_F(TokenAuthenticatorTest, AdminIsOpenOnlyWhereNothingIsGuardedAndNobodyElseCanCall) {
  constexpr char kMethod[] = "/ganserve.v1.TrainingService/TrainJob";
  const auto code = [&](const std::vector<TokenFile>& files, bool open_admin) {
    return (*TokenAuthenticator::Create(files, open_admin, kInterval, clock_))->Authorize(kMethod, "").code();
  };
  const std::string file = Write("t", kToken);
  EXPECT_EQ(code({}, true), absl::StatusCode::kOk);
  EXPECT_EQ(code({}, false), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code({{"generate", file}}, true), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code({{"admin", file}}, false), absl::StatusCode::kUnauthenticated);
}

TEST_F(TokenAuthenticatorTest, AnAdminTokenOpensTrainingAndModels) {
  const auto made = TokenAuthenticator::Create({{"admin", Write("t", kToken)}}, false, kInterval, clock_);
  for (const char* method : {"/ganserve.v1.TrainingService/WatchTrainJob", "/ganserve.v1.ModelService/ListModels"}) {
    EXPECT_TRUE((*made)->Authorize(method, std::string("Bearer ") + kToken).ok()) << method;
  }
  EXPECT_TRUE((*made)->Authorize("/ganserve.v1.ImageService/Generate", "").ok());
}

TEST_F(TokenAuthenticatorTest, AnUnknownGroupIsRefused) {
  const auto made = TokenAuthenticator::Create({{"owner", Write("t", kToken)}}, true, kInterval, clock_);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("\"owner\": unknown group"));
}

}  // namespace
}  // namespace ganserve
