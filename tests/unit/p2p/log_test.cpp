#include "p2p/log.h"

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::NodeId;
using conn::TimePoint;

const TimePoint kStart{1h};

NodeId peer(unsigned number) {
  conn::ByteArray<NodeId::kBytes> bytes{};
  bytes[0] = static_cast<std::uint8_t>(number >> 8);
  bytes[1] = static_cast<std::uint8_t>(number);
  return NodeId(bytes);
}

// Lines of the form "level message key=value...".
struct Lines final : LogSink {
  void write(const LogRecord& record) noexcept override {
    std::string line = std::string(name(record.level)) + " " + std::string(record.message);
    for (const LogField& field : record.fields) {
      line += " " + std::string(field.key) + "=" + field.value;
    }
    const std::lock_guard lock(mutex);
    lines.push_back(std::move(line));
  }
  bool wants(LogLevel level) const noexcept override { return level >= least; }

  LogLevel least = LogLevel::debug;
  std::mutex mutex;
  std::vector<std::string> lines;
};

struct LogTest : testing::Test {
  std::shared_ptr<Lines> sink = std::make_shared<Lines>();
  Log log{sink, kStart};
  TimePoint now = kStart;

  void about(unsigned number, const std::string& message = "m") {
    log.write_about(peer(number), now, LogLevel::debug, message, {});
  }
  using Expected = std::vector<std::string>;
};

TEST_F(LogTest, ARecordIsALevelAMessageAndFieldsInTheirOrder) {
  log.write(LogLevel::info, "listening", {{"address", "1.2.3.4:5"}, {"channels", "3"}});
  log.write(LogLevel::error, "stopped");
  EXPECT_EQ(sink->lines,
            (Expected{"info listening address=1.2.3.4:5 channels=3", "error stopped"}));
}

TEST_F(LogTest, LevelsHaveNames) {
  EXPECT_EQ(name(LogLevel::debug), "debug");
  EXPECT_EQ(name(LogLevel::info), "info");
  EXPECT_EQ(name(LogLevel::warn), "warn");
  EXPECT_EQ(name(LogLevel::error), "error");
}

TEST_F(LogTest, WithoutASinkNothingIsLogged) {
  Log silent(nullptr, kStart);
  EXPECT_FALSE(silent.wants(LogLevel::error));
  silent.write(LogLevel::error, "x", {{"a", "b"}});
  silent.write_about(peer(1), kStart, LogLevel::error, "x", {});
}

TEST_F(LogTest, WhatTheSinkDoesNotWantIsNeitherLoggedNorCounted) {
  sink->least = LogLevel::warn;
  EXPECT_FALSE(log.wants(LogLevel::info));
  EXPECT_TRUE(log.wants(LogLevel::warn));
  log.write(LogLevel::info, "x");
  for (int i = 0; i < 100; ++i) about(1);
  log.write_about(peer(1), now, LogLevel::warn, "limit", {});
  EXPECT_EQ(sink->lines, Expected{"warn limit peer=" + peer(1).to_string()});
}

// V28.
TEST_F(LogTest, OnePeerCausesALineASecondAndTheRestIsCounted) {
  for (int i = 0; i < 10; ++i) about(1, "first");
  now += 999ms;
  about(1, "early");
  now += 1ms;
  about(1, "next");
  const std::string id = " peer=" + peer(1).to_string();
  EXPECT_EQ(sink->lines, (Expected{"debug first" + id, "debug next" + id + " held_back=10"}));
}

TEST_F(LogTest, FieldsOfThePeersLineFollowItsId) {
  log.write_about(peer(1), now, LogLevel::warn, "dropped", {{"channel", "0x20"}});
  EXPECT_EQ(sink->lines, Expected{"warn dropped peer=" + peer(1).to_string() + " channel=0x20"});
}

TEST_F(LogTest, AllPeersTogetherCauseTwentyLinesASecond) {
  for (unsigned i = 0; i < 100; ++i) about(i);
  EXPECT_EQ(sink->lines.size(), 20u);
  now += 1s;
  for (unsigned i = 200; i < 300; ++i) about(i);
  EXPECT_EQ(sink->lines.size(), 40u);
  EXPECT_NE(sink->lines[20].find(" held_back=80"), std::string::npos) << sink->lines[20];
  EXPECT_EQ(sink->lines[21].find("held_back"), std::string::npos) << "said once";
}

TEST_F(LogTest, NeitherManyPeersNorFreshIdsGetMore) {
  for (int second = 0; second < 60; ++second, now += 1s) {
    for (unsigned i = 0; i < 3000; ++i) about(i);
  }
  EXPECT_EQ(sink->lines.size(), 60u * 20u);
}

TEST_F(LogTest, WhatPeersCauseDoesNotHoldBackTheRest) {
  for (unsigned i = 0; i < 100; ++i) about(i);
  for (int i = 0; i < 100; ++i) log.write(LogLevel::info, "ours");
  EXPECT_EQ(sink->lines.size(), 120u);
}

TEST_F(LogTest, ItIsForAnyThread) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (unsigned round = 0; round < 500; ++round) {
        log.write_about(peer(i * 500 + round), kStart, LogLevel::debug, "m", {{"i", "1"}});
        log.write(LogLevel::info, "ours");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink->lines.size(), 2000u + 20u);
}

}  // namespace
}  // namespace peerage::p2p
