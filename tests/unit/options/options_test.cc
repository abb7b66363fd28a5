#include "server/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/str_split.h"
#include "tests/support/temporary_folder.h"

namespace ganserve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::Pair;

absl::StatusOr<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ganserve");
  return ParseServerOptions(static_cast<int>(arguments.size()), arguments.data());
}

std::string FaultsOf(const std::vector<const char*>& arguments) {
  const auto line = Parse(arguments);
  return line.ok() ? "" : std::string(line.status().message());
}

class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~ScopedVariable() { unsetenv(name_); }

 private:
  const char* const name_;
};

class OptionsFileTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) const {
    std::ofstream(Path()) << text;
    return Path();
  }
  std::string Path() const { return folder_ + "/ganserve.toml"; }

  const TemporaryFolder temporary_folder_;
  const std::string& folder_ = temporary_folder_.path();
};

TEST(OptionsTest, TheDefaultsAreValid) {
  const auto line = Parse({});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->answer, "");
  EXPECT_EQ(line->options.listen, "127.0.0.1:50051");
  EXPECT_EQ(line->options.max_response_bytes, 16 << 20);
}

TEST(OptionsTest, FlagsOfEveryTypeAreRead) {
  const auto line = Parse({"--listen", "[::1]:0", "--reflection=off", "--workers", "3", "--max-response-bytes", "1MiB",
                           "--drain-grace=500ms", "--log-format", "json", "--log-level=error"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->options.listen, "[::1]:0");
  EXPECT_FALSE(line->options.reflection);
  EXPECT_EQ(line->options.workers, 3);
  EXPECT_EQ(line->options.max_response_bytes, 1 << 20);
  EXPECT_EQ(line->options.drain_grace, std::chrono::milliseconds(500));
  EXPECT_EQ(line->options.log_format, LogFormat::kJson);
  EXPECT_EQ(line->options.log_level, LogLevel::kError);
}

TEST(OptionsTest, ASwitchWithoutAValueIsOn) {
  const auto line = Parse({"--allow-insecure-tokens", "--workers", "1"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_TRUE(line->options.allow_insecure_tokens);
  EXPECT_EQ(line->options.workers, 1);
}

TEST(OptionsTest, MetricsAreTurnedOffByAnEmptyValueOrOff) {
  for (const char* flag : {"--metrics-listen=", "--metrics-listen=off"}) {
    const auto line = Parse({flag});
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_EQ(line->options.metrics_listen, "") << flag;
  }
}

TEST(OptionsTest, HealthHasNoPortOfItsOwnUnlessOneIsNamed) {
  for (const std::vector<const char*>& flags : {std::vector<const char*>{}, {"--health-listen=off"}}) {
    const auto line = Parse(flags);
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_EQ(line->options.health_listen, "");
  }
  const auto line = Parse({"--health-listen=[::]:50052"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->options.health_listen, "[::]:50052");
}

TEST(OptionsTest, TokenFilesAddUp) {
  const auto line = Parse({"--token-file", "generate=/a", "--token-file=info=/b=c,admin=/d"});
  ASSERT_TRUE(line.ok()) << line.status();
  ASSERT_EQ(line->options.token_file.size(), 3u);
  EXPECT_EQ(line->options.token_file[1].group, "info");
  EXPECT_EQ(line->options.token_file[1].path, "/b=c");
  EXPECT_EQ(line->options.token_file[2].group, "admin");
  EXPECT_EQ(line->options.token_file[2].path, "/d");
}

TEST_F(OptionsFileTest, AFlagWinsOverTheEnvironmentThatOverTheFileThatOverTheDefault) {
  const std::string path = Write("workers = 2\nmax-batch-images = 32\nversions-per-model = 9\n");
  const ScopedVariable workers("GANSERVE_WORKERS", "3");
  const ScopedVariable batch("GANSERVE_MAX_BATCH_IMAGES", "64");
  const auto line = Parse({"--config", path.c_str(), "--workers", "4"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->options.workers, 4);
  EXPECT_EQ(line->options.max_batch_images, 64);
  EXPECT_EQ(line->options.versions_per_model, 9);
  EXPECT_EQ(line->options.max_queue_images, 16384);
}

TEST_F(OptionsFileTest, AListOfAFlagReplacesThatOfTheFile) {
  const std::string path = Write("token-file = [\"generate=/file\", \"info=/file\"]\n");
  const auto from_file = Parse({"--config", path.c_str()});
  ASSERT_TRUE(from_file.ok()) << from_file.status();
  EXPECT_EQ(from_file->options.token_file.size(), 2u);
  const auto from_flag = Parse({"--config", path.c_str(), "--token-file", "info=/flag"});
  ASSERT_TRUE(from_flag.ok()) << from_flag.status();
  ASSERT_EQ(from_flag->options.token_file.size(), 1u);
  EXPECT_EQ(from_flag->options.token_file[0].path, "/flag");
}

TEST_F(OptionsFileTest, TheFileIsFoundThroughTheEnvironment) {
  const ScopedVariable config("GANSERVE_CONFIG", Write("# a comment\nlisten = \"localhost:0\"  # another\n"));
  const auto line = Parse({});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->options.listen, "localhost:0");
}

TEST_F(OptionsFileTest, UnknownNamesInTheFileAreFaults) {
  const std::string path = Write("worker = 2\nxyzzy = 1\n[server]\nlisten = \"localhost:0\"\n");
  const std::string faults = FaultsOf({"--config", path.c_str()});
  EXPECT_THAT(faults, HasSubstr("3 faults"));
  EXPECT_THAT(faults, HasSubstr(path + ": worker: unknown option, did you mean workers?"));
  EXPECT_THAT(faults, HasSubstr(path + ": xyzzy: unknown option\n"));
  EXPECT_THAT(faults, HasSubstr(path + ": server.listen: unknown option"));
}

TEST_F(OptionsFileTest, ABadValueNamesTheFile) {
  const std::string path = Write("workers = many\n");
  EXPECT_EQ(FaultsOf({"--config", path.c_str()}), path + ": workers = \"many\": must be a whole number from 0 to 1024");
}

TEST_F(OptionsFileTest, AnOptionTwiceIsAFault) {
  const std::string path = Write("workers = 1\ndevice = \"cpu\"\nworkers = 2\n");
  EXPECT_EQ(FaultsOf({"--config", path.c_str()}), path + ": workers: given 2 values, takes one");
}

TEST_F(OptionsFileTest, QuotesThatDoNotCloseAreAFault) {
  const std::string path = Write("models = \"/data/a#b\"\n");
  EXPECT_THAT(FaultsOf({"--config", path.c_str()}), HasSubstr("models = \"/data/a: quotes that do not close"));
}

TEST_F(OptionsFileTest, AFileThatCannotBeReadIsAFault) {
  EXPECT_EQ(FaultsOf({"--config", Path().c_str()}), "--config = \"" + Path() + "\": cannot be read");
  EXPECT_EQ(FaultsOf({"--config", folder_.c_str()}), "--config = \"" + folder_ + "\": cannot be read");
}

TEST_F(OptionsFileTest, AnEmptyFileIsNoFault) { EXPECT_EQ(FaultsOf({"--config", Write("").c_str()}), ""); }

TEST_F(OptionsFileTest, ThePrintedConfigurationSaysTheSameWhenReadBack) {
  const auto printed = Parse({"--print-config", "--workers=5", "--metrics-listen=", "--drain-grace=1500ms",
                              "--token-file=generate=/a b", "--token-file=info=/c", "--log-format=json"});
  ASSERT_TRUE(printed.ok()) << printed.status();
  const auto again = Parse({"--config", Write(printed->answer).c_str(), "--print-config"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->answer, printed->answer);
  EXPECT_THAT(printed->answer, HasSubstr("workers = \"5\"\n"));
}

TEST(OptionsTest, AConfigurationThatCouldNotBeReadBackIsNotPrinted) {
  for (const char* path : {"/a#b", "/a \"b", "'a", "/a b\\", "/a\nb"}) {
    const std::string models = std::string("--models=") + path;
    EXPECT_EQ(FaultsOf({models.c_str()}), "") << path;
    EXPECT_THAT(FaultsOf({models.c_str(), "--print-config"}),
                testing::AllOf(testing::StartsWith("--models = "), HasSubstr("cannot be printed for --config")));
  }
  EXPECT_THAT(FaultsOf({"--print-config", "--models=/a#b", "--tls-cert=c\"d", "--tls-key=k"}), HasSubstr("2 faults"));
}

TEST(OptionsTest, AllFaultsAreToldAtOnce) {
  const ScopedVariable level("GANSERVE_LOG_LEVEL", "loud");
  const std::string faults =
      FaultsOf({"--workers", "abc", "--listen", "nowhere", "--wrkers", "3", "stray", "--max-receive-bytes", "10",
                "--drain-timeout=-1s", "--device", "cuda", "--token-file", "root=/x"});
  const std::vector<std::string> lines = absl::StrSplit(faults, '\n');
  EXPECT_THAT(lines,
              testing::UnorderedElementsAre(
                  "9 faults in the options:", "  --wrkers: unknown option, did you mean --workers?",
                  "  \"stray\": unexpected argument, options start with --",
                  "  --workers = \"abc\": must be a whole number from 0 to 1024",
                  "  --max-receive-bytes = \"10\": must be a size such as 64KiB or 16MiB from 1KiB to 64MiB",
                  "  --drain-timeout = \"-1s\": must be a duration such as 500ms, 30s or 5m from 0 to 24h",
                  "  --token-file = \"root=/x\": must be generate=FILE, info=FILE or admin=FILE",
                  "  GANSERVE_LOG_LEVEL = \"loud\": must be one of debug|info|warning|error",
                  "  --listen = \"nowhere\": must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:50051, "
                  "0.0.0.0:50051 or [::1]:50051",
                  "  --device = \"cuda\": must be auto, cpu or cuda:N with N from 0 to 999"));
}

TEST(OptionsTest, OneFaultIsOneLine) {
  EXPECT_EQ(FaultsOf({"--reflection", "maybe"}), "--reflection = \"maybe\": must be one of on|off");
}

TEST(OptionsTest, AMissingValueIsAFaultAndHidesNoOther) {
  const std::string faults = FaultsOf({"--listen", "--workers", "x", "--device"});
  EXPECT_THAT(faults, HasSubstr("--listen: needs a value, HOST:PORT\n"));
  EXPECT_THAT(faults, HasSubstr("--workers = \"x\""));
  EXPECT_THAT(faults, HasSubstr("--device: needs a value, auto|cpu|cuda:N"));
}

TEST(OptionsTest, AnEmptyEnvironmentVariableCountsAsNotSet) {
  const ScopedVariable workers("GANSERVE_WORKERS", "");
  EXPECT_EQ(FaultsOf({}), "");
}

// Kubernetes sets these in every pod beside a Service called ganserve.
TEST(OptionsTest, UnknownEnvironmentVariablesAreNoFault) {
  const ScopedVariable port("GANSERVE_PORT", "tcp://10.0.0.1:50051");
  EXPECT_EQ(FaultsOf({}), "");
}

struct Rule {
  std::vector<const char*> arguments;
  const char* fault;
};

class OptionRulesTest : public testing::TestWithParam<Rule> {};
TEST_P(OptionRulesTest, ABrokenRuleIsTheOnlyFault) {
  EXPECT_THAT(FaultsOf(GetParam().arguments), testing::StartsWith(GetParam().fault));
  EXPECT_THAT(FaultsOf(GetParam().arguments), Not(HasSubstr("\n")));
}
INSTANTIATE_TEST_SUITE_P(
    Rules, OptionRulesTest,
    testing::Values(
        Rule{{"--tls-key", "k"}, "--tls-key = \"k\": needs --tls-cert as well"},
        Rule{{"--tls-cert", "c"}, "--tls-cert = \"c\": needs --tls-key as well"},
        Rule{{"--tls-client-ca", "a"}, "--tls-client-ca = \"a\": mutual TLS needs --tls-cert and --tls-key"},
        Rule{{"--token-file=generate=t", "--listen=0.0.0.0:1"},
             "--token-file with --listen = \"0.0.0.0:1\": tokens would cross the network in the clear"},
        Rule{{"--max-batch-images=2000", "--max-queue-images=1500"},
             "--max-batch-images = 2000: must not exceed --max-queue-images = 1500"},
        Rule{{"--max-images-per-call=100", "--max-queue-images=50"},
             "--max-images-per-call = 100: must not exceed --max-queue-images = 50"},
        Rule{{"--stream-window-images=20000"},
             "--stream-window-images = 20000: must not exceed --max-queue-images = 16384"},
        Rule{{"--max-images-per-stream=5"},
             "--max-images-per-call = 1024: must not exceed --max-images-per-stream = 5"},
        Rule{{"--metrics-listen=127.0.0.1:50051"}, "--metrics-listen = \"127.0.0.1:50051\": is --listen's address"},
        Rule{{"--health-listen=50052"}, "--health-listen = \"50052\": must be HOST:PORT"},
        Rule{{"--health-listen=127.0.0.1:50051"}, "--health-listen = \"127.0.0.1:50051\": is --listen's address"},
        Rule{{"--health-listen=127.0.0.1:9464"},
             "--health-listen = \"127.0.0.1:9464\": is --metrics-listen's address as well"},
        Rule{{"--metrics-listen=9464"}, "--metrics-listen = \"9464\": must be HOST:PORT"},
        Rule{{"--metrics-listen=[::1]:9464"},
             "--metrics-listen = \"[::1]:9464\": must be HOST:PORT with an IPv4 address or a name"},
        Rule{{"--external-trainers"}, "--external-trainers = on: needs --jobs as well"},
        Rule{{"--default-model=a/b"}, "--default-model = \"a/b\": must be a model's name"},
        Rule{{"--trainer-memory-limit=1MiB"},
             "--trainer-memory-limit = 1048576: must be 0 (none) or at least 268435456"},
        Rule{{"--device=cuda:1x"}, "--device = \"cuda:1x\": must be auto, cpu or cuda:N"},
        Rule{{"--trainer-device=gpu"}, "--trainer-device = \"gpu\": must be auto, cpu or cuda:N"}));

TEST(OptionsTest, TokensAreAcceptedOnLoopbackWithTlsOrByConsent) {
  EXPECT_EQ(FaultsOf({"--token-file=generate=t"}), "");
  EXPECT_EQ(FaultsOf({"--token-file=generate=t", "--listen=0.0.0.0:1", "--tls-cert=c", "--tls-key=k"}), "");
  EXPECT_EQ(FaultsOf({"--token-file=generate=t", "--listen=0.0.0.0:1", "--allow-insecure-tokens"}), "");
}

TEST(OptionsTest, HelpNamesEveryOptionWithItsVariableAndFitsATerminal) {
  const auto line = Parse({"--help", "--workers", "nonsense"});
  ASSERT_TRUE(line.ok()) << line.status();
  for (const auto& [name, value] : DescribeOptions({})) EXPECT_THAT(line->answer, HasSubstr("--" + name + " "));
  EXPECT_THAT(line->answer, HasSubstr("Default 16MiB, 64KiB to 1GiB."));
  EXPECT_THAT(line->answer, HasSubstr(" GANSERVE_MAX_RESPONSE_BYTES\n"));
  for (const absl::string_view text : absl::StrSplit(line->answer, '\n')) EXPECT_LE(text.size(), 100u) << text;
}

TEST(OptionsTest, VersionIsOneLine) {
  const auto line = Parse({"--version"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->answer, MatchesRegex("ganserve [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(OptionsTest, TheDescriptionHasWhatWasSet) {
  const auto line = Parse({"--workers=7"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(DescribeOptions(line->options), testing::Contains(Pair("workers", "7")));
}

TEST(OptionsTest, ZeroLeavesTheBatchToTheDeviceAndTheWindowToTheBatch) {
  ServerOptions options;
  EXPECT_EQ(BatchImages(options, /*cuda=*/false), 16);
  EXPECT_EQ(BatchImages(options, /*cuda=*/true), 256);
  EXPECT_EQ(StreamWindowImages(options, /*cuda=*/false), 64);
  options.max_batch_images = 10;
  EXPECT_EQ(BatchImages(options, /*cuda=*/true), 10);
  EXPECT_EQ(StreamWindowImages(options, /*cuda=*/false), 40);
  options.stream_window_images = 7;
  EXPECT_EQ(StreamWindowImages(options, /*cuda=*/false), 7);
}

TEST(OptionsTest, ImagesThatFollowFromTheDeviceKeepToTheQueue) {
  ServerOptions options;
  options.max_queue_images = 5;
  EXPECT_EQ(BatchImages(options, /*cuda=*/true), 5);
  EXPECT_EQ(StreamWindowImages(options, /*cuda=*/true), 5);
}

}  // namespace
}  // namespace ganserve
