// ganctl as a script and a person see it: exit codes, messages, files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "client/ganctl/exit_code.h"
#include "client/ganctl/pixels.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/client/fake_image_service.h"
#include "tests/unit/client/ganctl_process.h"

namespace ganserve::ganctl {
namespace {

using client::FakeServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// Nothing listens there: port 1 is reserved and needs root to open.
constexpr char kNobody[] = "127.0.0.1:1";

size_t Lines(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

class GanctlTest : public testing::Test {
 protected:
  // Runs it against the fake server to its end.
  int Run(std::vector<std::string> arguments) {
    GanctlProcess process(arguments, {"GANSERVE_SERVER=" + server_.address()});
    const int code = process.Wait();
    out_ = process.out();
    err_ = process.err();
    return code;
  }

  std::string Out() const { return folder_ + "/new/images"; }
  std::string GridFile() const { return folder_ + "/grids/grid.png"; }
  static size_t Files(const std::string& folder) {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }
  static std::string ReadFile(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

  FakeServer server_;
  const TemporaryFolder temporary_folder_;
  const std::string& folder_ = temporary_folder_.path();
  std::string out_;
  std::string err_;
};

struct WrongLine {
  std::vector<std::string> arguments;
  std::string message;
};

class WrongCommandLine : public GanctlTest, public testing::WithParamInterface<WrongLine> {};

TEST_P(WrongCommandLine, ExitsWith2AndOneLineThatSaysWhy) {
  EXPECT_EQ(Run(GetParam().arguments), kUsage);
  EXPECT_THAT(err_, AllOf(StartsWith("ganctl: "), HasSubstr(GetParam().message)));
  EXPECT_EQ(Lines(err_), 1u) << err_;
  EXPECT_EQ(out_, "");
}

INSTANTIATE_TEST_SUITE_P(
    Ganctl, WrongCommandLine,
    testing::Values(
        WrongLine{{}, "subcommand is required (see ganctl --help)"},
        WrongLine{{"lst"}, "there is no subcommand \"lst\" (see ganctl --help)"},
        WrongLine{{"lst", "--seed", "1"}, "there is no subcommand \"lst\" (see ganctl --help)"},
        WrongLine{{"--bogus", "info"}, "not expected: --bogus (see ganctl info --help)"},
        WrongLine{{"jobs"}, "subcommand is required (see ganctl jobs --help)"},
        WrongLine{{"jobs", "lst"}, "there is no subcommand \"lst\" (see ganctl jobs --help)"},
        WrongLine{{"jobs", "list", "--limit", "x"}, "(see ganctl jobs list --help)"},
        WrongLine{{"jobs", "show"}, "job is required (see ganctl jobs show --help)"},
        WrongLine{{"train", "--learning-speed", "0.1"}, "not expected: --learning-speed 0.1 (see ganctl train --help)"},
        WrongLine{{"train", "--data", "d", "--learning-speed", "0.1"},
                  "not expected: --learning-speed 0.1 (see ganctl train --help)"},
        WrongLine{{"generate", "--bogus"}, "--bogus"}, WrongLine{{"generate", "--count", "-3"}, "--count"},
        WrongLine{{"generate", "--count", "4294967296"}, "--count"},
        WrongLine{{"generate", "--format", "jpeg"}, "--format"},
        WrongLine{{"generate", "--columns", "3", "--out", "x"}, "--columns needs --grid (see ganctl generate --help)"},
        WrongLine{{"generate", "--count", "16385", "--grid", "x"}, "at most 16384 images, --count is 16385"},
        WrongLine{{"bench", "--callers", "2", "--rate", "3"}, "excludes"},
        WrongLine{{"bench", "--callers", "0"}, "callers must be 1 to 65536, got 0 (see ganctl bench --help)"},
        WrongLine{{"bench", "--service-config", "/nowhere/config.json"}, "/nowhere/config.json: No such file"},
        WrongLine{{"bench", "--duration", "-1"}, "--duration"}, WrongLine{{"info", "--timeout", "-1"}, "--timeout"},
        WrongLine{{"info", "--attempts", "0"}, "attempts must be 1 to 100, got 0"},
        WrongLine{{"info", "--tls", "--tls-ca", "/nowhere/ca"}, "/nowhere/ca: No such file"},
        WrongLine{{"info", "--server", "images.example:1", "--token", "x"}, "without TLS, because"}));

TEST_F(GanctlTest, HelpIsNoErrorAndTellsTheExitCodes) {
  EXPECT_EQ(Run({"--help"}), kOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("Exit codes"), HasSubstr("GANSERVE_SERVER"), HasSubstr("generate")));
  EXPECT_EQ(Run({"generate", "--help"}), kOk);
  EXPECT_THAT(out_, HasSubstr("--first-index"));
}

TEST_F(GanctlTest, WritesAFilePerImageIntoANewFolder) {
  EXPECT_EQ(Run({"generate", "--seed", "7", "--first-index", "9", "--count", "2", "--out", Out()}), kOk) << err_;
  EXPECT_EQ(Files(Out()), 2u);
  const Pixels second = DecodePng(ReadFile(Out() + "/7-0000010.png")).value();
  EXPECT_EQ(second.samples, std::vector<uint8_t>(12, 17));
  EXPECT_THAT(out_, HasSubstr(Out() + "/7-0000009.png to 7-0000010.png\n"));
  EXPECT_THAT(out_, HasSubstr("images/s\n"));
  EXPECT_EQ(err_, "");
}

class ManyImages : public GanctlTest, public testing::WithParamInterface<uint32_t> {};

TEST_P(ManyImages, ComeAllWhetherInOneAnswerOrAsAStream) {
  EXPECT_EQ(Run({"generate", "--count", std::to_string(GetParam()), "--out", Out()}), kOk) << err_;
  EXPECT_EQ(Files(Out()), GetParam());
  EXPECT_EQ(err_, "");
}

INSTANTIATE_TEST_SUITE_P(Ganctl, ManyImages, testing::Values(1, 64, 65, 500));

TEST_F(GanctlTest, ANumberThatDoesNotFitIsAUsageErrorNotAnotherSeed) {
  for (const char* number : {"18446744073709551616", "99999999999999999999999", "-1", "", "1.5", "7x"}) {
    EXPECT_EQ(Run({"generate", "--seed", number, "--count", "1", "--out", Out()}), kUsage) << number;
    EXPECT_EQ(Run({"generate", "--first-index", number, "--count", "1", "--out", Out()}), kUsage) << number;
  }
}

TEST_F(GanctlTest, PassesEverythingOn) {
  const std::vector<std::string> arguments = {"generate", "--model",      "m",    "--version", "3",  "--label",
                                              "4",        "--seed",       "5",    "--count",   "1",  "--out",
                                              Out(),      "--request-id", "mine", "--format",  "raw"};
  EXPECT_EQ(Run(arguments), kOk) << err_;
  const client::SeenCall seen = server_.service().seen().at(0);
  EXPECT_EQ(seen.request.model(), "m");
  EXPECT_EQ(seen.request.version(), "3");
  EXPECT_EQ(seen.request.label(), 4u);
  EXPECT_EQ(seen.request_id, "mine");
  EXPECT_EQ(ReadFile(Out() + "/5-0000000.raw"), std::string(12, '\5'));
  EXPECT_THAT(out_, HasSubstr("2x2x3"));
}

TEST_F(GanctlTest, AClassMayBeGivenByItsName) {
  EXPECT_EQ(Run({"generate", "--label", "ankle boot", "--out", Out()}), kOk) << err_;
  EXPECT_EQ(server_.service().seen().at(0).request.label(), 2u);
  EXPECT_EQ(Run({"generate", "--label", "hat", "--out", Out()}), kFailed);
  EXPECT_THAT(err_, HasSubstr("label is \"hat\"; model fake version 7 has the classes shoe, bag, Ankle boot"));
  EXPECT_EQ(Run({"generate", "--label", "", "--out", Out()}), kFailed) << "an empty variable is no wish for any class";
  EXPECT_EQ(server_.service().seen().size(), 1u);
  EXPECT_EQ(Run({"info"}), kOk);
  EXPECT_THAT(out_, HasSubstr("classes of fake\n    0  shoe\n    1  bag\n    2  Ankle boot\n"));
}

class GridFormat : public GanctlTest, public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(GridFormat, ShowsAllImagesInOnePicture) {
  std::vector<std::string> arguments = {"generate", "--seed", "1", "--count", "5", "--grid", GridFile()};
  arguments.insert(arguments.end(), GetParam().begin(), GetParam().end());
  if (!GetParam().empty()) arguments.insert(arguments.end(), {"--out", Out()});
  EXPECT_EQ(Run(arguments), kOk) << err_;
  const Pixels grid = DecodePng(ReadFile(GridFile())).value();
  EXPECT_EQ(grid.width, 6u);
  EXPECT_EQ(grid.height, 4u);
  EXPECT_EQ(grid.samples.front(), 1);
  // The third image ends the first row; the cell after the fifth is empty.
  EXPECT_EQ(grid.samples[5 * 3], 3);
  EXPECT_EQ(grid.samples.back(), 0);
  EXPECT_THAT(out_, HasSubstr("grid.png, 3x2 images"));
}

INSTANTIATE_TEST_SUITE_P(Ganctl, GridFormat,
                         testing::Values(std::vector<std::string>{}, std::vector<std::string>{"--format", "raw"},
                                         std::vector<std::string>{"--format", "png", "--stream"}));

TEST_F(GanctlTest, ExitsWith1WhenTheServerRefuses) {
  server_.service().Script({{.status = {grpc::StatusCode::NOT_FOUND, "there is no model \"x\""}}});
  EXPECT_EQ(Run({"generate", "--model", "x", "--request-id", "mine", "--out", Out()}), kFailed);
  EXPECT_EQ(err_, "ganctl: NOT_FOUND: there is no model \"x\" (request id mine)\n");
}

TEST_F(GanctlTest, ExitsWith1WhenAFileCannotBeWritten) {
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_EQ(Run({"generate", "--out", folder_ + "/file"}), kFailed);
  EXPECT_THAT(err_, StartsWith("ganctl: cannot create the folder " + folder_ + "/file"));
  EXPECT_EQ(Run({"generate", "--grid", "/dev/full"}), kFailed);
  EXPECT_EQ(err_, "ganctl: cannot write /dev/full: No space left on device\n");
}

TEST_F(GanctlTest, ExitsWith3WhenNobodyAnswers) {
  for (const char* command : {"generate", "health", "info", "bench"}) {
    EXPECT_EQ(Run({command, "--server", kNobody, "--attempts", "1"}), kUnavailable) << command;
    EXPECT_THAT(err_, StartsWith("ganctl: no answer from 127.0.0.1:1: UNAVAILABLE: "));
    EXPECT_EQ(Lines(err_), 1u) << err_;
  }
}

TEST_F(GanctlTest, ExitsWith4AndSaysHowToGoOnWhenAStreamBreaks) {
  server_.service().Script({{.status = {grpc::StatusCode::INTERNAL, "the model failed"}, .images = 3}});
  EXPECT_EQ(Run({"generate", "--count", "100", "--first-index", "5", "--out", Out()}), kPartial);
  EXPECT_THAT(err_, HasSubstr("INTERNAL: the model failed"));
  EXPECT_THAT(err_, HasSubstr("3 of 100 images were written to " + Out() +
                              "; go on with --seed 0 --first-index 8 --count 97 --model fake --version 7\n"));
  EXPECT_EQ(Files(Out()), 3u);
}

TEST_F(GanctlTest, TheRestOfABrokenStreamHasTheLabelOfItsStart) {
  server_.service().Script({{.status = {grpc::StatusCode::INTERNAL, "the model failed"}, .images = 1}});
  EXPECT_EQ(Run({"generate", "--count", "70", "--seed", "2", "--label", "4", "--out", Out()}), kPartial);
  EXPECT_THAT(err_, HasSubstr("--seed 2 --first-index 1 --count 69 --model fake --version 7 --label 4\n"));
}

TEST_F(GanctlTest, ExitsWith130WhenInterruptedInAStream) {
  GanctlProcess process({"generate", "--count", "100000000", "--out", Out(), "--server", server_.address()});
  server_.service().WaitForImagesSent(10);
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), kInterrupted);
  EXPECT_THAT(process.err(), StartsWith("ganctl: interrupted\n"));
}

TEST_F(GanctlTest, TellsHealthByTheExitCode) {
  EXPECT_EQ(Run({"health"}), kOk);
  EXPECT_EQ(out_, "SERVING\n");
  server_.SetServing(false);
  EXPECT_EQ(Run({"health"}), kUnavailable);
  EXPECT_EQ(out_, "NOT_SERVING\n");
  EXPECT_EQ(Run({"health", "--service", "no.such.Service"}), kFailed);
  EXPECT_THAT(err_, HasSubstr("NOT_FOUND"));
}

TEST_F(GanctlTest, DescribesTheServerForPeopleAndForScripts) {
  EXPECT_EQ(Run({"info"}), kOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("ganserve 1.2.3 on cpu"), HasSubstr("fake"), HasSubstr("stable")));
  EXPECT_EQ(Run({"info", "--json"}), kOk);
  EXPECT_EQ(nlohmann::json::parse(out_)["models"][0]["aliases"][0], "stable");
}

TEST_F(GanctlTest, BenchmarksAndReportsJson) {
  EXPECT_EQ(Run({"bench", "--callers", "3", "--count", "2", "--calls", "9", "--warmup", "0", "--json"}), kOk) << err_;
  const auto report = nlohmann::json::parse(out_);
  EXPECT_EQ(report["calls"], 9);
  EXPECT_EQ(report["images"], 18);
  EXPECT_EQ(Run({"bench", "--rate", "5000", "--calls", "9", "--warmup", "0", "--stream"}), kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("open loop, 5000 calls/s (Poisson) x 1 images, stream"));
}

TEST_F(GanctlTest, BenchmarksWithATokenThatIsGoodForGeneratingOnly) {
  server_.service().RefuseInfo({grpc::StatusCode::UNAUTHENTICATED, "a bearer token is required"});
  EXPECT_EQ(Run({"bench", "--calls", "2", "--warmup", "0"}), kOk) << err_;
  server_.service().RefuseInfo({grpc::StatusCode::INTERNAL, "broken"});
  EXPECT_EQ(Run({"bench", "--calls", "2", "--warmup", "0"}), kFailed);
  EXPECT_THAT(err_, HasSubstr("INTERNAL: broken"));
}

TEST_F(GanctlTest, ABenchmarkInWhichEveryCallFailsIsAFailure) {
  server_.service().Script(std::vector<client::Reply>(2, {.status = {grpc::StatusCode::NOT_FOUND, "no model"}}));
  EXPECT_EQ(Run({"bench", "--calls", "2", "--warmup", "0"}), kFailed);
  EXPECT_THAT(out_, AllOf(HasSubstr("error      NOT_FOUND 2\n"), HasSubstr("no model")));
}

}  // namespace
}  // namespace ganserve::ganctl
