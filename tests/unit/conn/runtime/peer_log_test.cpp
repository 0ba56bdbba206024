#include "conn/runtime/peer_log.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/log_lines.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
using test::numbered_id;

const TimePoint kStart{1h};

struct PeerLogTest : testing::Test {
  std::shared_ptr<test::LogLines> sink = std::make_shared<test::LogLines>();
  PeerLog log{sink};
  TimePoint now = kStart;
  using Expected = std::vector<std::string>;
};

TEST_F(PeerLogTest, WithoutASinkNothingIsLogged) {
  const PeerLog silent(nullptr);
  silent.write(numbered_id(1), kStart, LogLevel::error, "x", {});
  EXPECT_EQ(silent.held_back(), 0u);
}

TEST_F(PeerLogTest, WhatTheSinkDoesNotWantIsNeitherLoggedNorCounted) {
  sink->least = LogLevel::warn;
  for (unsigned i = 0; i < 100; ++i) log.write(numbered_id(i), now, LogLevel::info, "m", {});
  log.write(numbered_id(1), now, LogLevel::warn, "m", {});
  EXPECT_EQ(sink->lines, Expected{"warn m peer=" + numbered_id(1).to_string()});
  EXPECT_EQ(log.held_back(), 0u);
}

TEST_F(PeerLogTest, FieldsFollowTheNodesIdOrItsAddress) {
  log.write(numbered_id(1), now, LogLevel::warn, "dropped", {{"channel", "0x20"}});
  log.write(test::ip("203.0.113.7"), now, LogLevel::warn, "refused", {{"why", "banned"}});
  EXPECT_EQ(sink->lines,
            (Expected{"warn dropped peer=" + numbered_id(1).to_string() + " channel=0x20",
                      "warn refused from=203.0.113.7 why=banned"}));
}

TEST_F(PeerLogTest, ALineSaysLastHowManyOfItsKindWereHeldBack) {
  for (unsigned i = 0; i < 100; ++i) log.write(numbered_id(i), now, LogLevel::info, "banned", {});
  now += 20s;
  log.write(numbered_id(7), now, LogLevel::info, "dropped", {});
  log.write(numbered_id(7), now, LogLevel::info, "banned", {{"why", "x"}});
  ASSERT_EQ(sink->lines.size(), 4u);
  EXPECT_EQ(sink->lines[2], "info dropped peer=" + numbered_id(7).to_string());
  EXPECT_EQ(sink->lines[3],
            "info banned peer=" + numbered_id(7).to_string() + " why=x held_back=98");
  EXPECT_EQ(log.held_back(), 98u);
}

TEST_F(PeerLogTest, ModulesOfOneNodeShareTheBounds) {
  const auto other = std::make_shared<test::LogLines>();
  const PeerLog of_other = log.with_sink(other);
  for (unsigned i = 0; i < 10; ++i) log.write(numbered_id(i), now, LogLevel::info, "banned", {});
  for (unsigned i = 0; i < 10; ++i)
    of_other.write(numbered_id(i), now, LogLevel::info, "banned", {});
  EXPECT_EQ(sink->lines.size(), 2u);
  EXPECT_EQ(other->lines.size(), 0u);
  of_other.write(numbered_id(1), now, LogLevel::info, "dropped", {});
  EXPECT_EQ(other->lines.size(), 1u);
}

TEST_F(PeerLogTest, TheAddressesOfAHostAreOneSubject) {
  for (const char* each : {"2001:db8::1", "2001:db8::2", "2001:db8::3"}) {
    log.write(test::ip(each), now, LogLevel::debug, "refused", {});
  }
  EXPECT_EQ(sink->lines, Expected{"debug refused from=2001:db8::1"});
}

TEST_F(PeerLogTest, WhatAPeerSaysIsPrintableAndALineIsBounded) {
  const std::string hostile(100'000, '\x1b');
  log.write(numbered_id(1), now, LogLevel::info, "m", {{"a", hostile}, {"b", "x\ny"}});
  log.write(numbered_id(2), now, LogLevel::info, "m",
            {{"a", hostile}, {"b", hostile}, {"c", hostile}, {"d", hostile}, {"e", hostile}});
  ASSERT_EQ(sink->lines.size(), 2u);
  EXPECT_NE(sink->lines[0].find(" b=x\\x0ay"), std::string::npos) << sink->lines[0];
  for (const std::string& line : sink->lines) {
    EXPECT_LE(line.size(), PeerLog::kMaxText + 64) << "text, and what the sink puts around it";
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  }
}

TEST_F(PeerLogTest, InAMinuteOfEveryFloodThereAreSixtyLinesAnd256KiBAtMost) {
  const std::string hostile(10'000, '"');  // becomes two
  for (unsigned i = 0; i < 6'000; ++i) {
    const NodeId about = numbered_id(i);
    const auto say = [&](PeerEvent event) {
      log.write(about, now, LogLevel::info, event,
                {{"a", hostile}, {"b", hostile}, {"c", hostile}, {"d", hostile}});
    };
    for (const PeerEvent event :
         {PeerEvent("a"), PeerEvent("b"), PeerEvent("c"), PeerEvent("d"), PeerEvent("e"),
          PeerEvent("f"), PeerEvent("g"), PeerEvent("h"), PeerEvent("i"), PeerEvent("j"),
          PeerEvent("k"), PeerEvent("l"), PeerEvent("m"), PeerEvent("n")}) {
      say(event);
    }
    now += 10ms;
  }
  EXPECT_LE(sink->lines.size(), 60u);
  std::size_t bytes = 0;
  for (const std::string& line : sink->lines) bytes += 2 * line.size() + 200;
  EXPECT_LE(bytes, 256u << 10);
}

TEST_F(PeerLogTest, WhatPeersCauseDoesNotHoldBackTheRest) {
  for (unsigned i = 0; i < 100; ++i) log.write(numbered_id(i), now, LogLevel::info, "m", {});
  const Log own(sink);
  for (int i = 0; i < 100; ++i) own.write(LogLevel::info, "ours");
  EXPECT_EQ(sink->lines.size(), 102u);
}

TEST_F(PeerLogTest, ItIsForAnyThread) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([copy = log, i] {
      for (unsigned round = 0; round < 500; ++round) {
        copy.write(numbered_id(i * 500 + round), kStart, LogLevel::debug, "m", {{"i", "1"}});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink->lines.size(), 20u);
  EXPECT_EQ(log.held_back(), 1'980u);
}

}  // namespace
}  // namespace peerage::conn
