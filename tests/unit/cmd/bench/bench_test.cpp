#include "cmd/bench/bench.h"

#include <set>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cmd/bench/dial.h"
#include "cmd/bench/report.h"

namespace peerage::cmd {
namespace {

using conn::IpAddress;
using conn::Reason;
using testing::HasSubstr;

constexpr const char* kId = "6c8f8607dbe87077a62a2990ce07d94aaf749df7";

TEST(BenchTarget, NamesANodeOrAnyThatAnswers) {
  const auto named = BenchTarget::parse(std::string(kId) + "@127.0.0.1:26656");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->id->to_string(), kId);
  EXPECT_EQ(named->endpoint.to_string(), "127.0.0.1:26656");
  for (const char* text : {"[::1]:7", "tcp://[::1]:7"}) {
    const auto anybody = BenchTarget::parse(text);
    ASSERT_TRUE(anybody) << text;
    EXPECT_FALSE(anybody->id);
    EXPECT_EQ(anybody->endpoint.to_string(), "[::1]:7");
  }
}

TEST(BenchTarget, IsAnAddressThatCanBeDialledAndNoName) {
  for (const char* text : {"", "127.0.0.1", "127.0.0.1:0", "localhost:1", "ab@127.0.0.1:1",
                           "6c8f8607dbe87077a62a2990ce07d94aaf749df7@localhost:1",
                           "6c8f8607dbe87077a62a2990ce07d94aaf749df7@127.0.0.1:0"}) {
    EXPECT_FALSE(BenchTarget::parse(text)) << text;
  }
}

TEST(BenchOptions, ListenAtAnIpAddressWithOrWithoutAScheme) {
  for (const char* text : {"127.0.0.1:0", "tcp://127.0.0.1:0"}) {
    const auto parsed = parse_listen_address(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_string(), "127.0.0.1:0");
  }
  EXPECT_FALSE(parse_listen_address("localhost:1"));
  EXPECT_FALSE(parse_listen_address("127.0.0.1"));
}

TEST(BenchOptions, NameAChannelInEitherBase) {
  EXPECT_EQ(parse_channel("0x70"), conn::ChannelId{0x70});
  EXPECT_EQ(parse_channel("112"), conn::ChannelId{0x70});
  EXPECT_EQ(parse_channel("0XfF"), conn::ChannelId{0xff});
  for (const char* text : {"", "0x", "256", "0x100", "-1", "7x", "x"}) {
    EXPECT_FALSE(parse_channel(text)) << text;
  }
}

TEST(LoopbackSource, IsAnotherAddressForEachConnectionAndOnlyOnLoopback) {
  const IpAddress to = IpAddress::v4(127, 0, 0, 1);
  std::set<IpAddress> seen;
  for (std::size_t i = 0; i < 64'000; ++i) {
    const auto from = loopback_source(to, i);
    ASSERT_TRUE(from && from->loopback());
    seen.insert(*from);
  }
  EXPECT_EQ(seen.size(), 64'000);
  EXPECT_FALSE(loopback_source(IpAddress::v4(10, 0, 0, 1), 0));
  EXPECT_FALSE(loopback_source(*IpAddress::parse("::1"), 0));
}

TEST(Percentile, IsTheSmallestValueThatTheShareDoesNotExceed) {
  const std::vector<double> four = {1, 2, 3, 4};
  EXPECT_EQ(percentile(four, 0), 1);
  EXPECT_EQ(percentile(four, 0.25), 1);
  EXPECT_EQ(percentile(four, 0.26), 2);
  EXPECT_EQ(percentile(four, 0.5), 2);
  EXPECT_EQ(percentile(four, 0.99), 4);
  EXPECT_EQ(percentile(four, 1), 4);
  EXPECT_EQ(percentile({7}, 0.5), 7);
  EXPECT_EQ(percentile({}, 0.5), 0);
}

BenchMoment moment(std::chrono::milliseconds at, double cpu_s) {
  return {conn::TimePoint(at), cpu_s};
}

TEST(BenchReport, CountsInMillionsOfBytesAndTheCpuOfABillion) {
  using namespace std::chrono_literals;
  BenchReport report("source");
  report.set_traffic(moment(1000ms, 0.5), moment(3000ms, 1.5), 1'000, 500'000'000);
  const auto json = nlohmann::json::parse(report.line());
  EXPECT_EQ(json["bench"], "source");
  EXPECT_EQ(json["lasted_ms"], 2000.0);
  EXPECT_EQ(json["MBps"], 250.0);
  EXPECT_EQ(json["msgs_per_s"], 500.0);
  EXPECT_EQ(json["cpu_ms"], 1000.0);
  EXPECT_EQ(json["cpu_ms_per_GB"], 2000.0);
  EXPECT_EQ(report.line().find('\n'), std::string::npos);
}

TEST(BenchReport, LeavesOutFiguresOfNoTimeAndOfNoBytes) {
  BenchReport report("sink");
  report.set_traffic(moment({}, 0), moment({}, 0), 0, 0);
  report.set_times({});
  const auto json = nlohmann::json::parse(report.line());
  EXPECT_EQ(json["msgs"], 0);
  for (const char* name : {"lasted_ms", "MBps", "msgs_per_s", "cpu_ms_per_GB", "p50_ms"}) {
    EXPECT_FALSE(json.contains(name)) << name;
  }
}

TEST(BenchReport, SumsTimesUpInAnyOrder) {
  BenchReport report("rtt");
  report.set_times({30, 10, 20, 100});
  const auto json = nlohmann::json::parse(report.line());
  EXPECT_EQ(json["p50_ms"], 0.02);
  EXPECT_EQ(json["p99_ms"], 0.1);
  EXPECT_EQ(json["mean_ms"], 0.04);
  EXPECT_EQ(json["min_ms"], 0.01);
  EXPECT_EQ(json["max_ms"], 0.1);
}

TEST(BenchReport, NamesWhatFailedByItsReason) {
  FailureCounts one, other;
  one.add({conn::Stage::connect, Reason::connection_refused, {}});
  other.add({conn::Stage::connect, Reason::connection_refused, {}});
  other.add({conn::Stage::key_exchange, Reason::silent, {}});
  one.add(other);
  BenchReport report("handshakes");
  report.set_failures(one);
  EXPECT_THAT(report.line(), HasSubstr(R"("failed":3)"));
  EXPECT_THAT(report.line(), HasSubstr(R"("failures":{"connection_refused":2,"silent":1})"));
}

}  // namespace
}  // namespace peerage::cmd
