#include "server/option_values.h"

#include <gtest/gtest.h>

namespace ganserve {
namespace {

using std::chrono::milliseconds;

TEST(ParseDurationTest, ReadsEveryUnit) {
  EXPECT_EQ(*ParseDuration("0"), milliseconds(0));
  EXPECT_EQ(*ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(*ParseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(*ParseDuration("5m"), milliseconds(300'000));
  EXPECT_EQ(*ParseDuration("2h"), milliseconds(7'200'000));
}

class MalformedDurationTest : public testing::TestWithParam<const char*> {};
TEST_P(MalformedDurationTest, IsRefused) { EXPECT_FALSE(ParseDuration(GetParam()).ok()) << GetParam(); }
INSTANTIATE_TEST_SUITE_P(Texts, MalformedDurationTest,
                         testing::Values("", "s", "30", "-1s", "+1s", "1.5s", " 1s", "1s ", "1 s", "1d", "1S", "1m30s",
                                         "9223372036854775808ms", "9223372036854775807h", "0x1s", "1ms\n"));

TEST(FormatDurationTest, TakesTheLargestUnitThatLeavesAWholeNumber) {
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0");
  EXPECT_EQ(FormatDuration(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(FormatDuration(milliseconds(90'000)), "90s");
  EXPECT_EQ(FormatDuration(milliseconds(120'000)), "2m");
  EXPECT_EQ(FormatDuration(milliseconds(86'400'000)), "24h");
}

TEST(ParseBytesTest, ReadsEveryUnit) {
  EXPECT_EQ(*ParseBytes("0"), 0);
  EXPECT_EQ(*ParseBytes("4096"), 4096);
  EXPECT_EQ(*ParseBytes("64KiB"), 65536);
  EXPECT_EQ(*ParseBytes("16MiB"), 16777216);
  EXPECT_EQ(*ParseBytes("8589934591GiB"), 8589934591 * (int64_t{1} << 30));
}

class MalformedBytesTest : public testing::TestWithParam<const char*> {};
TEST_P(MalformedBytesTest, IsRefused) { EXPECT_FALSE(ParseBytes(GetParam()).ok()) << GetParam(); }
INSTANTIATE_TEST_SUITE_P(Texts, MalformedBytesTest,
                         testing::Values("", "KiB", "-1", "1.5MiB", "1MB", "1M", "1 MiB", "1kib", "8589934592GiB",
                                         "9223372036854775808"));

TEST(FormatBytesTest, IsReadBack) {
  for (const int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{1023}, int64_t{65536}, int64_t{1} << 40}) {
    EXPECT_EQ(*ParseBytes(FormatBytes(bytes)), bytes) << FormatBytes(bytes);
  }
  EXPECT_EQ(FormatBytes(16 << 20), "16MiB");
}

TEST(ParseHostPortTest, ReadsNamesAndAddresses) {
  const auto v4 = ParseHostPort("127.0.0.1:50051");
  ASSERT_TRUE(v4.ok());
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 50051);
  const auto v6 = ParseHostPort("[::1]:0");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 0);
  EXPECT_TRUE(ParseHostPort("some-host.example:65535").ok());
}

class MalformedHostPortTest : public testing::TestWithParam<const char*> {};
TEST_P(MalformedHostPortTest, IsRefused) { EXPECT_FALSE(ParseHostPort(GetParam()).ok()) << GetParam(); }
INSTANTIATE_TEST_SUITE_P(Texts, MalformedHostPortTest,
                         testing::Values("", "localhost", ":50051", "localhost:", "localhost:65536", "localhost:-1",
                                         "localhost:http", "::1:50051", "[]:1", "[host]:1", "http://host:1", "a b:1"));

TEST(IsLoopbackTest, KnowsTheMachineItself) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(IsLoopback(*ParseHostPort(text))) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1", "127.evil.example:1"}) {
    EXPECT_FALSE(IsLoopback(*ParseHostPort(text))) << text;
  }
}

TEST(OptionTableTest, EveryDefaultIsAValueThatTheOptionAccepts) {
  const ServerOptions defaults;
  for (const OptionSpec& spec : OptionTable()) {
    ServerOptions options;
    const std::string text = FormatOption(spec, defaults);
    EXPECT_TRUE(SetOption(spec, text, &options).ok()) << spec.name << " = " << text;
    EXPECT_EQ(FormatOption(spec, options), text) << spec.name;
  }
}

TEST(OptionTableTest, BothEndsOfARangeAreAllowedAndWhatIsBeyondIsNot) {
  for (const OptionSpec& spec : OptionTable()) {
    const bool number = std::holds_alternative<int64_t ServerOptions::*>(spec.field);
    const bool duration = std::holds_alternative<milliseconds ServerOptions::*>(spec.field);
    if (!number && !duration) continue;
    const auto text = [&](int64_t n) { return std::to_string(n) + (duration ? "ms" : ""); };
    ServerOptions options;
    EXPECT_TRUE(SetOption(spec, text(spec.min), &options).ok()) << spec.name;
    EXPECT_TRUE(SetOption(spec, text(spec.max), &options).ok()) << spec.name;
    EXPECT_FALSE(SetOption(spec, text(spec.min - 1), &options).ok()) << spec.name;
    EXPECT_FALSE(SetOption(spec, text(spec.max + 1), &options).ok()) << spec.name;
    EXPECT_EQ(FormatOption(spec, options), duration                          ? FormatDuration(milliseconds(spec.max))
                                           : spec.unit == OptionUnit::kBytes ? FormatBytes(spec.max)
                                                                             : std::to_string(spec.max));
  }
}

}  // namespace
}  // namespace ganserve
