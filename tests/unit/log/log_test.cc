#include "server/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "server/log/log_line.h"

namespace ganserve {
namespace {

using testing::MatchesRegex;

const std::chrono::system_clock::time_point kTime{std::chrono::milliseconds(1'764'031'188'007)};

std::string TextLine(const std::vector<LogField>& fields, std::string_view message = "hello") {
  return FormatLogLine(LogFormat::kText, kTime, LogLevel::kInfo, message, fields);
}
std::string JsonLine(const std::vector<LogField>& fields, std::string_view message = "hello") {
  return FormatLogLine(LogFormat::kJson, kTime, LogLevel::kWarning, message, fields);
}
std::string TextValue(std::string_view value) {
  return TextLine({{"v", value}}, "").substr(std::strlen("2025-11-25T00:39:48.007Z INFO  v="));
}

TEST(LogLineTest, TextIsTimeLevelMessageFields) {
  EXPECT_EQ(TextLine({{"name", "digits"},
                      {"count", 3},
                      {"big", uint64_t{18446744073709551615u}},
                      {"ok", true},
                      {"seconds", 0.25}}),
            "2025-11-25T00:39:48.007Z INFO hello name=digits count=3 big=18446744073709551615 ok=true seconds=0.25");
}

TEST(LogLineTest, JsonHasTypedValues) {
  EXPECT_EQ(JsonLine({{"name", "digits"}, {"count", -3}, {"ok", false}, {"seconds", 0.25}, {"nan", std::nan("")}}),
            R"({"time":"2025-11-25T00:39:48.007Z","level":"warning","message":"hello","name":"digits","count":-3,)"
            R"("ok":false,"seconds":0.25,"nan":"nan"})");
}

TEST(LogLineTest, TimesBeforeTheEpochHavePositiveMilliseconds) {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds(-1)};
  EXPECT_EQ(FormatLogLine(LogFormat::kText, time, LogLevel::kError, "x", {}), "1969-12-31T23:59:59.999Z ERROR x");
}

TEST(LogLineTest, NoValueCanForgeAFieldOfATextLine) {
  EXPECT_EQ(TextValue("plain/path-1.2:3"), "plain/path-1.2:3");
  EXPECT_EQ(TextValue(""), R"("")");
  EXPECT_EQ(TextValue("two words"), R"("two words")");
  EXPECT_EQ(TextValue("a=b"), R"("a=b")");
  EXPECT_EQ(TextValue("say \"hi\" \\"), R"("say \"hi\" \\")");
}

TEST(LogLineTest, NothingCanStartASecondLine) {
  const std::string evil = "a\nb\rc\td\x01\x7f\x1b[31m\xC2\x85 \xE2\x80\xA8";
  const std::string escaped = R"(a\nb\rc\td\u0001\u007f\u001b[31m\u0085 \u2028)";
  EXPECT_EQ(TextValue(evil), "\"" + escaped + "\"");
  EXPECT_EQ(TextLine({}, evil), "2025-11-25T00:39:48.007Z INFO " + escaped);
  EXPECT_EQ(JsonLine({{"v", evil}}, evil), R"({"time":"2025-11-25T00:39:48.007Z","level":"warning","message":")" +
                                               escaped + R"(","v":")" + escaped + "\"}");
}

TEST(LogLineTest, NulBytesAreEscaped) { EXPECT_EQ(TextValue(std::string_view("a\0b", 3)), R"("a\u0000b")"); }

TEST(LogLineTest, ValidUtf8PassesAndTheRestIsReplaced) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(TextValue("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  EXPECT_EQ(TextValue("\xFF"
                      "a"),
            "\"" + replacement + "a\"");
  EXPECT_EQ(TextValue("\xC3"), "\"" + replacement + "\"");                                      // truncated
  EXPECT_EQ(TextValue("\xC0\xAF"), "\"" + replacement + replacement + "\"");                    // overlong '/'
  EXPECT_EQ(TextValue("\xED\xA0\x80"), "\"" + replacement + replacement + replacement + "\"");  // surrogate
  EXPECT_EQ(TextValue("\xE0\x80\x8A"), "\"" + replacement + replacement + replacement + "\"");  // overlong newline
  EXPECT_EQ(TextValue("\xF4\x90\x80\x80"), "\"" + replacement + replacement + replacement + replacement + "\"");
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override { ConfigureLog(LogLevel::kInfo, LogFormat::kText); }
};

TEST_F(LogTest, WritesOneLinePerEventToStderr) {
  Log(LogLevel::kInfo, "started", {{"port", 50051}});
  Log(LogLevel::kError, "ended");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z INFO started port=50051\n"
                           "[0-9T:.Z-]+ ERROR ended\n"));
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  ConfigureLog(LogLevel::kWarning, LogFormat::kJson);
  Log(LogLevel::kInfo, "quiet");
  Log(LogLevel::kWarning, "loud");
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              MatchesRegex("\\{\"time\":\"[0-9T:.Z-]+\",\"level\":\"warning\",\"message\":\"loud\"\\}\n"));
}

TEST_F(LogTest, LinesOfThreadsDoNotMix) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < kLines; ++i)
          Log(LogLevel::kInfo, "line", {{"text", std::string(100, static_cast<char>('a' + t))}});
      });
    }
  }
  const std::string output = testing::internal::GetCapturedStderr();
  const std::vector<std::string> lines = absl::StrSplit(output, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), size_t{kThreads * kLines});
  for (const std::string& line : lines) {
    const std::string text = line.substr(line.find("text=") + 5);
    EXPECT_EQ(text, std::string(100, text.front())) << line;
  }
}

}  // namespace
}  // namespace ganserve
