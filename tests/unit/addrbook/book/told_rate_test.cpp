#include "addrbook/book/told_rate.h"

#include <gtest/gtest.h>

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::days(20'000)};

int heard(ToldRate& rate, std::uint64_t group, int of, Time now, Word word = Word::unasked) {
  int count = 0;
  for (int i = 0; i < of; ++i) count += rate.take(group, word, now) ? 1 : 0;
  return count;
}

TEST(ToldRate, UnaskedAGroupIsHeardABurstAndThenATrickle) {
  ToldRate rate(0.1, 10, 1000);
  EXPECT_EQ(heard(rate, 1, 100, kStart), 10);
  EXPECT_EQ(heard(rate, 1, 100, kStart + 9s), 0);
  EXPECT_EQ(heard(rate, 1, 100, kStart + 10s), 1);
  EXPECT_EQ(heard(rate, 1, 100, kStart + 24h), 10);
  EXPECT_EQ(heard(rate, 2, 100, kStart), 10);
}

TEST(ToldRate, AnAnswerThatWeAskedForIsHeardWhole) {
  ToldRate rate(0.1, 10, 1000);
  rate.expect_answer(1, kStart);
  EXPECT_EQ(heard(rate, 1, 2000, kStart + 1s, Word::answer), 1010);
}

TEST(ToldRate, UnaskedAddressesGainNothingFromOurRequest) {
  ToldRate rate(0.1, 10, 1000);
  rate.expect_answer(1, kStart);
  EXPECT_EQ(heard(rate, 1, 2000, kStart), 10);
  EXPECT_EQ(heard(rate, 1, 2000, kStart, Word::answer), 1000) << "nor does it cost the answer";
}

TEST(ToldRate, AskingOftenDoesNotAddUp) {
  ToldRate rate(0.1, 10, 1000);
  for (int i = 0; i < 50; ++i) rate.expect_answer(1, kStart);
  EXPECT_EQ(heard(rate, 1, 5000, kStart, Word::answer), 1010);
}

TEST(ToldRate, ItRemembersABoundedNumberOfGroupsAndTheLastOnesSurely) {
  ToldRate rate(0.1, 10, 1000);
  heard(rate, 7, 100, kStart);
  for (std::uint64_t group = 100; group < 100 + ToldRate::kGeneration; ++group) {
    rate.take(group, Word::unasked, kStart);
  }
  EXPECT_EQ(heard(rate, 7, 100, kStart), 0);
  for (std::uint64_t group = 10'000; group < 200'000; ++group)
    rate.take(group, Word::unasked, kStart);
  EXPECT_LE(rate.groups(), 2 * ToldRate::kGeneration);
}

TEST(ToldRate, AClockThatGoesBackGivesNothing) {
  ToldRate rate(0.1, 10, 1000);
  heard(rate, 1, 100, kStart);
  EXPECT_EQ(heard(rate, 1, 100, kStart - 1h), 0);
  EXPECT_EQ(heard(rate, 1, 100, kStart), 0);
}

}  // namespace
}  // namespace peerage::addrbook
