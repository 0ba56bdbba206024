#include "conn/runtime/log_limiter.h"

#include <array>
#include <deque>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
using test::numbered_id;

const TimePoint kStart{1h};

struct LogLimiterTest : testing::Test {
  LogLimiter limiter;
  TimePoint now = kStart;
  unsigned next = 0;

  // One more subject causes a line; how many were held back before, if it may be written.
  std::optional<std::uint64_t> once(LogLevel level, std::string_view event) {
    return limiter.take(level, event, numbered_id(next++), now);
  }
  std::size_t flood(LogLevel level, std::string_view event, int lines) {
    std::size_t written = 0;
    for (int i = 0; i < lines; ++i) written += once(level, event) ? 1 : 0;
    return written;
  }
};

TEST_F(LogLimiterTest, AKindOfEventHasTwoLinesAtOnceAndThreeAMinute) {
  EXPECT_EQ(flood(LogLevel::info, "banned", 1000), 2u);
  now += 20s - 1ns;
  EXPECT_EQ(flood(LogLevel::info, "banned", 1000), 0u);
  now += 1ns;
  EXPECT_EQ(flood(LogLevel::warn, "banned", 1000), 1u) << "whatever its level";
  now += 1h;
  EXPECT_EQ(flood(LogLevel::info, "banned", 1000), 2u);
}

TEST_F(LogLimiterTest, AtDebugAKindHasTwentyLinesAtOnceAndTwoASecond) {
  EXPECT_EQ(flood(LogLevel::debug, "refused", 1000), 20u);
  now += 1s;
  EXPECT_EQ(flood(LogLevel::debug, "refused", 1000), 2u);
}

TEST_F(LogLimiterTest, WhatIsHeldBackIsCountedForEachKindAndSaidOnce) {
  flood(LogLevel::info, "banned", 100);
  flood(LogLevel::info, "peer dropped", 10);
  now += 20s;
  EXPECT_EQ(once(LogLevel::info, "banned"), 98u);
  EXPECT_EQ(once(LogLevel::info, "peer dropped"), 8u);
  now += 20s;
  EXPECT_EQ(once(LogLevel::info, "banned"), 0u);
  EXPECT_EQ(limiter.held_back(), 106u);
}

TEST_F(LogLimiterTest, AFloodOfOneKindTakesNoLineFromAnother) {
  for (int second = 0; second < 600; ++second, now += 1s) {
    flood(LogLevel::info, "banned", 200);
    flood(LogLevel::debug, "refused", 200);
  }
  EXPECT_EQ(once(LogLevel::info, "persistent peer lost"), 0u);
  EXPECT_EQ(once(LogLevel::debug, "peer connected"), 0u);
}

TEST_F(LogLimiterTest, ANodeCausesALineASecondOfAKindAndOneOfAnotherKindBeside) {
  const auto about = [this](std::string_view event) {
    return limiter.take(LogLevel::debug, event, numbered_id(1), now);
  };
  EXPECT_EQ(about("peer connected"), 0u);
  EXPECT_EQ(about("peer gone"), 0u);
  EXPECT_FALSE(about("peer connected"));
  now += 999ms;
  EXPECT_FALSE(about("peer connected"));
  now += 1ms;
  EXPECT_EQ(about("peer connected"), 2u);
}

TEST_F(LogLimiterTest, AnAddressIsASubjectAsANodeIs) {
  const auto about = [this](const char* from) {
    return limiter.take(LogLevel::debug, "refused", test::ip(from), now).has_value();
  };
  EXPECT_TRUE(about("203.0.113.7"));
  EXPECT_FALSE(about("203.0.113.7"));
  EXPECT_TRUE(about("203.0.113.8"));
}

TEST_F(LogLimiterTest, KindsBeyondTheSharesHaveTheLastOneTogether) {
  std::deque<std::string> kinds;
  std::size_t written = 0;
  for (int i = 0; i < 50; ++i) {
    kinds.push_back("kind " + std::to_string(i));
    written += flood(LogLevel::info, kinds.back(), 100);
  }
  EXPECT_EQ(written, 12u * 2);
}

// The bound itself, against whatever others may do: any kinds, any subjects, any pauses.
TEST_F(LogLimiterTest, InNoMinuteAreThereMoreThanSixtyLinesAboveDebug) {
  std::mt19937 random(1);
  std::deque<std::string> kinds;
  for (int i = 0; i < 20; ++i) kinds.push_back("kind " + std::to_string(i));
  std::deque<TimePoint> written;
  std::size_t most = 0;
  for (int i = 0; i < 300'000; ++i) {
    now += std::chrono::milliseconds(random() % (i % 50'000 < 1'000 ? 500 : 20));
    const LogLevel level = random() % 2 == 0 ? LogLevel::info : LogLevel::warn;
    if (!once(level, kinds[random() % kinds.size()])) continue;
    written.push_back(now);
    while (now - written.front() >= 60s) written.pop_front();
    most = std::max(most, written.size());
  }
  EXPECT_LE(most, 60u);
  EXPECT_GE(most, 36u) << "as if nothing was tried";
}

}  // namespace
}  // namespace peerage::conn
