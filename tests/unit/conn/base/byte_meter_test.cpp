#include "conn/base/byte_meter.h"

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
const TimePoint kStart{1h};

TEST(ByteMeter, CountsEverythingAndForgetsItsRate) {
  ByteMeter meter(kStart);
  for (int i = 0; i < 10'000; ++i) meter.add(100, kStart + i * 1ms);
  EXPECT_EQ(meter.total(), 1'000'000u);
  EXPECT_NEAR(meter.rate(kStart + 10s), 100'000, 1'000);
  EXPECT_LT(meter.rate(kStart + 20s), 10);
}

TEST(ByteMeter, ANewMeterShowsNothing) {
  const ByteMeter meter(kStart);
  EXPECT_EQ(meter.total(), 0u);
  EXPECT_EQ(meter.rate(kStart), 0);
  EXPECT_EQ(meter.rate(kStart + 1h), 0);
}

TEST(ByteMeter, TheRateOfABurstFallsToAThirdWithinASecond) {
  ByteMeter meter(kStart);
  meter.add(1000, kStart);
  EXPECT_DOUBLE_EQ(meter.rate(kStart), 1000);
  EXPECT_NEAR(meter.rate(kStart + 1s), 368, 1);
  EXPECT_NEAR(meter.rate(kStart + 2s), 135, 1);
}

TEST(ByteMeter, AskingChangesNothing) {
  ByteMeter meter(kStart);
  meter.add(1000, kStart);
  for (int i = 0; i < 10; ++i) (void)meter.rate(kStart + 10s);
  EXPECT_DOUBLE_EQ(meter.rate(kStart), 1000);
}

TEST(ByteMeter, TimeThatRunsBackwardsCountsAsNone) {
  ByteMeter meter(kStart);
  meter.add(1000, kStart);
  meter.add(500, kStart - 1h);
  EXPECT_EQ(meter.total(), 1500u);
  EXPECT_DOUBLE_EQ(meter.rate(kStart), 1500);
}

TEST(ByteMeter, TheRateFollowsAChangeWithinAFewSeconds) {
  ByteMeter meter(kStart);
  TimePoint now = kStart;
  for (int i = 0; i < 5000; ++i) meter.add(1000, now += 1ms);
  for (int i = 0; i < 5000; ++i) meter.add(10, now += 1ms);
  EXPECT_NEAR(meter.rate(now), 10'000, 10'000) << "e^-5 of the old rate is left at most";
  EXPECT_LT(meter.rate(now), 20'000);
}

}  // namespace
}  // namespace peerage::conn
