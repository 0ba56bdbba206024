#include "conn/runtime/log_limiter.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/log_lines.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{1h};

NodeId peer(unsigned number) {
  ByteArray<NodeId::kBytes> bytes{};
  bytes[0] = static_cast<std::uint8_t>(number >> 8);
  bytes[1] = static_cast<std::uint8_t>(number);
  return NodeId(bytes);
}

struct LogLimiterTest : testing::Test {
  std::shared_ptr<test::LogLines> sink = std::make_shared<test::LogLines>();
  const Log log{sink};
  LogLimiter limiter{log, kStart};
  TimePoint now = kStart;

  void about(unsigned number, const std::string& message = "m") {
    limiter.write(peer(number), now, LogLevel::debug, message, {});
  }
  using Expected = std::vector<std::string>;
};

TEST_F(LogLimiterTest, WithoutASinkNothingIsLogged) {
  LogLimiter silent(Log(nullptr), kStart);
  silent.write(peer(1), kStart, LogLevel::error, "x", {});
}

TEST_F(LogLimiterTest, WhatTheSinkDoesNotWantIsNeitherLoggedNorCounted) {
  sink->least = LogLevel::warn;
  for (int i = 0; i < 100; ++i) about(1);
  limiter.write(peer(1), now, LogLevel::warn, "limit", {});
  EXPECT_EQ(sink->lines, Expected{"warn limit peer=" + peer(1).to_string()});
}

TEST_F(LogLimiterTest, OnePeerCausesALineASecondAndTheRestIsCounted) {
  for (int i = 0; i < 10; ++i) about(1, "first");
  now += 999ms;
  about(1, "early");
  now += 1ms;
  about(1, "next");
  const std::string id = " peer=" + peer(1).to_string();
  EXPECT_EQ(sink->lines, (Expected{"debug first" + id, "debug next" + id + " held_back=10"}));
}

TEST_F(LogLimiterTest, FieldsOfThePeersLineFollowItsId) {
  limiter.write(peer(1), now, LogLevel::warn, "dropped", {{"channel", "0x20"}});
  EXPECT_EQ(sink->lines, Expected{"warn dropped peer=" + peer(1).to_string() + " channel=0x20"});
}

TEST_F(LogLimiterTest, AllPeersTogetherCauseTwentyLinesASecond) {
  for (unsigned i = 0; i < 100; ++i) about(i);
  EXPECT_EQ(sink->lines.size(), 20u);
  now += 1s;
  for (unsigned i = 200; i < 300; ++i) about(i);
  EXPECT_EQ(sink->lines.size(), 40u);
  EXPECT_NE(sink->lines[20].find(" held_back=80"), std::string::npos) << sink->lines[20];
  EXPECT_EQ(sink->lines[21].find("held_back"), std::string::npos) << "said once";
}

TEST_F(LogLimiterTest, NeitherManyPeersNorFreshIdsGetMore) {
  for (int second = 0; second < 60; ++second, now += 1s) {
    for (unsigned i = 0; i < 3000; ++i) about(i);
  }
  EXPECT_EQ(sink->lines.size(), 60u * 20u);
}

TEST_F(LogLimiterTest, WhatPeersCauseDoesNotHoldBackTheRest) {
  for (unsigned i = 0; i < 100; ++i) about(i);
  for (int i = 0; i < 100; ++i) log.write(LogLevel::info, "ours");
  EXPECT_EQ(sink->lines.size(), 120u);
}

TEST_F(LogLimiterTest, ItIsForAnyThread) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (unsigned round = 0; round < 500; ++round) {
        limiter.write(peer(i * 500 + round), kStart, LogLevel::debug, "m", {{"i", "1"}});
        log.write(LogLevel::info, "ours");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink->lines.size(), 2000u + 20u);
}

}  // namespace
}  // namespace peerage::conn
