#include "p2p/admission/fading_counts.h"

#include <cmath>

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::TimePoint;
const TimePoint kStart{1h};

FadingCounts<int> new_counts(std::size_t most = 1'000) {
  return {most, 1h};
}

TEST(FadingCounts, EachFadesWithTheTimeConstant) {
  auto counts = new_counts();
  EXPECT_EQ(counts.count(7, kStart), 0);
  counts.add(7, 1, kStart);
  EXPECT_EQ(counts.count(7, kStart), 1);
  EXPECT_NEAR(counts.count(7, kStart + 1h), std::exp(-1), 1e-9);
  counts.add(7, 1, kStart + 1h);
  EXPECT_NEAR(counts.count(7, kStart + 1h), 1 + std::exp(-1), 1e-9);
  EXPECT_NEAR(counts.count(7, kStart + 2h), std::exp(-1) + std::exp(-2), 1e-9);
  EXPECT_EQ(counts.count(8, kStart), 0);
}

TEST(FadingCounts, NothingAddedIsNothingRemembered) {
  auto counts = new_counts();
  counts.add(7, 0, kStart);
  counts.add(7, -1, kStart);
  EXPECT_EQ(counts.size(), 0u);
}

TEST(FadingCounts, ACountIsAsExactAfterYears) {
  auto counts = new_counts();
  const TimePoint late = kStart + 24h * 3650;
  for (int i = 0; i < 1000; ++i) counts.add(7, 1, late);
  EXPECT_NEAR(counts.count(7, late), 1000, 1e-3);
}

TEST(FadingCounts, AKeyIsForgottenThreeTimeConstantsAfterASingleOne) {
  auto counts = new_counts();
  counts.add(7, 1, kStart);
  counts.add(8, 1, kStart + 175min);
  EXPECT_EQ(counts.size(), 2u);
  counts.add(8, 1, kStart + 185min);
  EXPECT_EQ(counts.size(), 1u);
  counts.add(9, FadingCounts<int>::kForgotten / 2, kStart + 185min);
  EXPECT_EQ(counts.size(), 1u);
}

TEST(FadingCounts, NoFloodOfOneKeyWashesOutAnother) {
  auto counts = new_counts(2);
  counts.add(7, 1, kStart);
  for (int i = 0; i < 10'000; ++i) counts.add(8, 1, kStart);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts.count(7, kStart), 1);
}

TEST(FadingCounts, OfTooManyKeysTheOneWithTheSmallestCountIsForgotten) {
  auto counts = new_counts(100);
  counts.add(7, 1, kStart);
  counts.add(8, 2, kStart);
  for (int i = 0; i < 99; ++i) counts.add(1'000 + i, 1, kStart + 1s);
  EXPECT_EQ(counts.size(), 100u);
  EXPECT_EQ(counts.count(7, kStart), 0);
  EXPECT_GT(counts.count(8, kStart), 1);
  EXPECT_GT(counts.count(1'098, kStart), 0);
}

}  // namespace
}  // namespace peerage::p2p
