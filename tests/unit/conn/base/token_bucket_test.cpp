#include "conn/base/token_bucket.h"

#include <limits>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
const TimePoint kStart{1h};

TEST(TokenBucket, StartsFullAndRefillsAtItsRate) {
  TokenBucket bucket(10, 200, kStart);
  EXPECT_TRUE(bucket.take(200, kStart));
  EXPECT_FALSE(bucket.take(1, kStart));
  EXPECT_FALSE(bucket.take(1, kStart + 99ms));
  EXPECT_TRUE(bucket.take(1, kStart + 100ms));
  EXPECT_FALSE(bucket.take(1, kStart + 199ms));
}

TEST(TokenBucket, NeverSavesMoreThanItsBurst) {
  TokenBucket bucket(10, 20, kStart);
  EXPECT_EQ(bucket.available(kStart + 100h), 20u);
}

TEST(TokenBucket, WhatIsGivenBackIsThereAgainAsFarAsTheBurst) {
  TokenBucket bucket(10, 20, kStart);
  EXPECT_TRUE(bucket.take(20, kStart));
  bucket.give_back(5, kStart);
  EXPECT_EQ(bucket.available(kStart), 5u);
  bucket.give_back(100, kStart + 100ms);
  EXPECT_EQ(bucket.available(kStart + 100ms), 20u);
  TokenBucket unlimited(0, 0, kStart);
  unlimited.give_back(1, kStart);
  EXPECT_TRUE(unlimited.take(1'000, kStart));
}

TEST(TokenBucket, LosesNothingToRounding) {
  TokenBucket bucket(3, 2, kStart);
  int granted = 0;
  for (int i = 0; i <= 1'000'000; ++i) {
    if (bucket.take(1, kStart + i * 100us)) ++granted;
  }
  EXPECT_EQ(granted, 2 + 300);
}

TEST(TokenBucket, GrantsWhatItsRateSaysOverAnyInterval) {
  TokenBucket bucket(5'120'000, 512'000, kStart);
  std::uint64_t granted = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t now_there = bucket.available(kStart + i * 1ms);
    EXPECT_TRUE(bucket.take(now_there, kStart + i * 1ms));
    granted += now_there;
  }
  EXPECT_EQ(granted, 512'000u + 5'120u * 9'999);
}

TEST(TokenBucket, ADebtIsPaidBeforeAnythingIsGranted) {
  TokenBucket bucket(100, 100, kStart);
  bucket.take_debt(300, kStart);
  EXPECT_EQ(bucket.available(kStart), 0u);
  EXPECT_EQ(bucket.when_available(1, kStart), kStart + 2010ms);
  EXPECT_FALSE(bucket.take(1, kStart + 2009ms));
  EXPECT_TRUE(bucket.take(1, kStart + 2010ms));
}

TEST(TokenBucket, TellsExactlyWhenTokensWillBeThere) {
  TokenBucket bucket(3, 10, kStart);
  ASSERT_TRUE(bucket.take(10, kStart));
  const TimePoint when = bucket.when_available(1, kStart);
  EXPECT_FALSE(bucket.take(1, when - 1ns));
  EXPECT_TRUE(bucket.take(1, when));
}

TEST(TokenBucket, RateZeroIsUnlimited) {
  TokenBucket bucket(0, 0, kStart);
  EXPECT_TRUE(bucket.take(std::numeric_limits<std::uint64_t>::max(), kStart));
  EXPECT_EQ(bucket.when_available(1u << 30, kStart), kStart);
}

TEST(TokenBucket, HugeValuesDoNotOverflow) {
  TokenBucket bucket(std::numeric_limits<std::uint32_t>::max(), 1ull << 60, kStart);
  EXPECT_TRUE(bucket.take(1ull << 60, kStart));
  EXPECT_EQ(bucket.available(kStart + 24h * 365 * 100), 1ull << 60);
}

TEST(TokenBucket, TimeThatRunsBackwardsGrantsNothing) {
  TokenBucket bucket(10, 10, kStart);
  EXPECT_TRUE(bucket.take(10, kStart));
  EXPECT_FALSE(bucket.take(1, kStart - 1h));
  EXPECT_FALSE(bucket.take(1, kStart));
}

TEST(TokenBucket, NoTimeAndNoRateIsTooLargeForIt) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  TokenBucket fast(kMost, kMost, TimePoint{});
  EXPECT_TRUE(fast.take(kMost, TimePoint{}));
  EXPECT_EQ(fast.available(TimePoint::max()), kMost);

  TokenBucket slow(1, kMost, kStart);
  EXPECT_TRUE(slow.take(kMost, kStart));
  EXPECT_EQ(slow.when_available(kMost, kStart), TimePoint::max()) << "never, as far as time goes";
}

TEST(TokenBucket, NothingSavedUpIsLostWhenMoreIsAskedForThanIsThere) {
  TokenBucket bucket(10, 10, kStart);
  EXPECT_TRUE(bucket.take(4, kStart));
  EXPECT_FALSE(bucket.take(7, kStart));
  EXPECT_EQ(bucket.available(kStart), 6u);
  EXPECT_TRUE(bucket.take(6, kStart));
}

TEST(TokenBucket, ADebtDeeperThanTheBurstIsPaidInFull) {
  TokenBucket bucket(100, 10, kStart);
  bucket.take_debt(1010, kStart);
  EXPECT_EQ(bucket.when_available(10, kStart), kStart + 10'100ms);
  EXPECT_EQ(bucket.available(kStart + 10s), 0u);
  EXPECT_EQ(bucket.available(kStart + 10'010ms), 1u);
  EXPECT_EQ(bucket.available(kStart + 1h), 10u);
}

TEST(TokenBucket, AskingDoesNotTake) {
  TokenBucket bucket(10, 10, kStart);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(bucket.available(kStart), 10u);
    EXPECT_EQ(bucket.when_available(10, kStart), kStart);
  }
}

}  // namespace
}  // namespace peerage::conn
