#include "addrbook/record/reliability.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr std::chrono::sys_seconds kStart{days(20'000)};

TEST(Reliability, KnowsNothingBeforeTheFirstOutcome) {
  const Reliability reliability;
  EXPECT_EQ(reliability.overall(), 0);
  for (std::size_t i = 0; i < Reliability::kWindows; ++i) EXPECT_EQ(reliability.share(i), 0);
}

TEST(Reliability, ANodeThatAlwaysAnswersHasAShareOfOneInEachWindow) {
  Reliability reliability;
  for (int i = 0; i < 100; ++i) reliability.record(Outcome::succeeded, kStart + i * 1h);
  for (std::size_t i = 0; i < Reliability::kWindows; ++i) {
    EXPECT_NEAR(reliability.share(i), 1, 1e-5);
  }
  EXPECT_NEAR(reliability.overall(), 1, 1e-5);
}

TEST(Reliability, ShortWindowsForgetWithinHoursWhatLongOnesRemember) {
  Reliability reliability;
  auto now = kStart;
  for (int i = 0; i < 24 * 60; ++i) reliability.record(Outcome::succeeded, now += 1h);
  for (int i = 0; i < 12; ++i) reliability.record(Outcome::failed, now += 1h);
  EXPECT_LT(reliability.share(0), 0.01);  // 2 hours
  EXPECT_LT(reliability.share(1), 0.25);  // 8 hours
  EXPECT_GT(reliability.share(3), 0.9);   // a week
  EXPECT_GT(reliability.share(4), 0.95);  // a month
  EXPECT_GT(reliability.overall(), 0.4);
}

TEST(Reliability, ANewcomerWeighsLessThanOneThatHasBeenUpForWeeks) {
  Reliability veteran, newcomer;
  auto now = kStart;
  for (int i = 0; i < 24 * 30; ++i) veteran.record(Outcome::succeeded, now += 1h);
  veteran.record(Outcome::failed, now);
  newcomer.record(Outcome::failed, now);
  newcomer.record(Outcome::succeeded, now + 1h);
  EXPECT_GT(veteran.overall(), newcomer.overall());
  EXPECT_LT(newcomer.windows()[4].weight, 0.01F);
}

TEST(Reliability, ManyOutcomesInOneSecondCountAsFewSeconds) {
  Reliability reliability;
  for (int i = 0; i < 1000; ++i) reliability.record(Outcome::succeeded, kStart + i * 1h);
  for (int i = 0; i < 10; ++i) reliability.record(Outcome::failed, kStart + 1000h);
  EXPECT_GT(reliability.share(0), 0.5);
}

TEST(Reliability, AClockThatGoesBackChangesNoOrder) {
  Reliability reliability;
  reliability.record(Outcome::succeeded, kStart);
  reliability.record(Outcome::failed, kStart - 1000h);
  EXPECT_EQ(reliability.last(), kStart);
  EXPECT_GT(reliability.overall(), 0.9);
}

TEST(Reliability, WhatAFileClaimsIsBroughtIntoRange) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  const auto restored = Reliability::restored(
      {{{nan, 0.5F}, {2, 0.5F}, {-1, 7}, {0.5F, infinite}, {0.25F, 0.5F}}}, kStart);
  for (const auto& window : restored.windows()) {
    EXPECT_GE(window.score, 0);
    EXPECT_LE(window.score, window.weight);
    EXPECT_LE(window.weight, 1);
  }
  EXPECT_EQ(restored.share(4), 0.5);
  EXPECT_EQ(restored.last(), kStart);
  Reliability lived;
  lived.record(Outcome::succeeded, kStart);
  lived.record(Outcome::failed, kStart + 5h);
  EXPECT_EQ(Reliability::restored(lived.windows(), lived.last()), lived);
}

}  // namespace
}  // namespace peerage::addrbook
