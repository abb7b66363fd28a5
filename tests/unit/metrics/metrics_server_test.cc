#include "server/metrics/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "server/base/unique_fd.h"
#include "tests/unit/metrics/exposition.h"

namespace ganserve {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// The whole answer to an HTTP/1.0 GET on loopback, headers included; empty if nothing listens.
std::string Get(int port, const std::string& path) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return "";
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
  std::string answer;
  char buffer[4096];
  for (ssize_t n = 0; (n = recv(fd.get(), buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  return answer;
}

class MetricsServerTest : public ::testing::Test {
 protected:
  PrometheusMetrics metrics_{{.methods = {"Generate"}, .version = "1", .torch = "2", .device = "cpu"}};
};

TEST_F(MetricsServerTest, AnswersAScrapeWithTheMetricsOfTheMoment) {
  const auto server = MetricsServer::Create("127.0.0.1:0", metrics_);
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_GT((*server)->port(), 0);
  EXPECT_EQ((*server)->address(), "127.0.0.1:" + std::to_string((*server)->port()));

  for (int images : {1, 2}) {
    metrics_.CountImages(1);
    const std::string answer = Get((*server)->port(), "/metrics");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain"));
    const Exposition scrape(answer.substr(answer.find("\r\n\r\n") + 4));
    EXPECT_EQ(scrape.Value("ganserve_images_total"), images);
    EXPECT_GT(scrape.Value("process_cpu_seconds_total"), 0);
  }
}

TEST_F(MetricsServerTest, AnswersNothingElse) {
  const auto server = MetricsServer::Create("127.0.0.1:0", metrics_);
  ASSERT_TRUE(server.ok()) << server.status();
  for (const char* path : {"/", "/index.html", "/etc/passwd", "/../etc/passwd", "/metric"}) {
    const std::string answer = Get((*server)->port(), path);
    EXPECT_THAT(answer, MatchesRegex("HTTP/1.[01] 40[04] .*")) << path;
    EXPECT_THAT(answer, Not(HasSubstr("ganserve_"))) << path;
  }
}

TEST_F(MetricsServerTest, RefusesATakenPortNamingIt) {
  const auto first = MetricsServer::Create("127.0.0.1:0", metrics_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = MetricsServer::Create((*first)->address(), metrics_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr((*first)->address() + ": the port is taken"));
}

TEST_F(MetricsServerTest, RefusesAddressesThatAreNone) {
  for (const char* address :
       {"", "localhost", "9090", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:http", "127.0.0.1:-1", "127.0.0.1:9090s",
        "127.0.0.1:1,127.0.0.1:2", "::1:9090", "[::1]:9090", "[::1:9090"}) {
    const auto server = MetricsServer::Create(address, metrics_);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(server.status().message()), HasSubstr("'" + std::string(address) + "'"));
  }
}

TEST_F(MetricsServerTest, RefusesAHostThatIsNotThisMachines) {
  const auto server = MetricsServer::Create("203.0.113.7:0", metrics_);  // reserved for documentation (RFC 5737)
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(MetricsServerTest, StopsListeningWhenItGoes) {
  auto server = MetricsServer::Create("127.0.0.1:0", metrics_);
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  ASSERT_NE(Get(port, "/metrics"), "");
  server->reset();
  EXPECT_EQ(Get(port, "/metrics"), "");
}

TEST_F(MetricsServerTest, OutlivesTheMetrics) {
  auto metrics = std::make_unique<PrometheusMetrics>(PrometheusMetrics::Options{});
  const auto server = MetricsServer::Create("127.0.0.1:0", *metrics);
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_THAT(Get((*server)->port(), "/metrics"), HasSubstr("ganserve_images_total"));
  metrics.reset();
  const std::string answer = Get((*server)->port(), "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, Not(HasSubstr("ganserve_images_total")));
}

}  // namespace
}  // namespace ganserve
