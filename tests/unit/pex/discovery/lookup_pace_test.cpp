#include "pex/discovery/lookup_pace.h"

#include <gtest/gtest.h>

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

conn::Duration interval(std::size_t peers, std::size_t wanted, const DiscoveryLimits& limits = {}) {
  LookupPace pace(limits);
  pace.set_need(peers, wanted);
  return pace.interval(Protocol::v4);
}

TEST(LookupPace, WithoutPeersItIsEachSecondAndWithAllEachTwentySeconds) {
  EXPECT_EQ(interval(0, 10), 1s);
  EXPECT_EQ(interval(10, 10), 20s);
  EXPECT_EQ(interval(30, 10), 20s);
}

TEST(LookupPace, ANodeThatWantsNoPeersIsInNoHurry) {
  EXPECT_EQ(interval(0, 0), 20s);
  EXPECT_EQ(interval(5, 0), 20s);
  EXPECT_EQ(LookupPace({}).interval(Protocol::v4), 20s);
}

TEST(LookupPace, BetweenTheTwoItEasesInAndOut) {
  // 4c³ below a half, 1 - (2 - 2c)³ / 2 from there on.
  const auto seconds = [](std::size_t peers) {
    return std::chrono::duration<double>(interval(peers, 100)).count();
  };
  EXPECT_NEAR(seconds(25), 1 + 19 * 0.0625, 1e-6);
  EXPECT_NEAR(seconds(50), 1 + 19 * 0.5, 1e-6);
  EXPECT_NEAR(seconds(75), 1 + 19 * 0.9375, 1e-6);
  for (std::size_t peers = 1; peers <= 100; ++peers) EXPECT_GT(seconds(peers), seconds(peers - 1));
}

TEST(LookupPace, TheBoundsAreSettings) {
  DiscoveryLimits limits;
  limits.lookup_interval_low = 5s;
  limits.lookup_interval_high = 7s;
  EXPECT_EQ(interval(0, 2, limits), 5s);
  EXPECT_EQ(interval(1, 2, limits), 6s);
  EXPECT_EQ(interval(2, 2, limits), 7s);
}

TEST(LookupPace, LookupsThatBringNothingBecomeRarer) {
  LookupPace pace({});
  std::vector<conn::Duration> intervals;
  for (std::size_t i = 0; i < LookupPace::kPatience; ++i) {
    pace.on_lookup(Protocol::v4);
    EXPECT_EQ(pace.interval(Protocol::v4), 20s);
  }
  for (int i = 0; i < 7; ++i) {
    pace.on_lookup(Protocol::v4);
    intervals.push_back(pace.interval(Protocol::v4));
  }
  EXPECT_EQ(intervals, (std::vector<conn::Duration>{40s, 60s, 80s, 100s, 120s, 120s, 120s}));
  EXPECT_EQ(pace.interval(Protocol::v5), 20s) << "each protocol has its own";
  for (int i = 0; i < 100'000; ++i) pace.on_lookup(Protocol::v4);
  EXPECT_EQ(pace.interval(Protocol::v4), 120s);
}

TEST(LookupPace, EachPieceOfNewsTakesOneLookupBack) {
  LookupPace pace({});
  for (std::size_t i = 0; i < LookupPace::kPatience + 2; ++i) pace.on_lookup(Protocol::v4);
  EXPECT_EQ(pace.interval(Protocol::v4), 60s);
  pace.on_news();
  EXPECT_EQ(pace.interval(Protocol::v4), 40s);
  pace.on_news();
  EXPECT_EQ(pace.interval(Protocol::v4), 20s);
}

TEST(LookupPace, FourPiecesBetweenTwoLookupsMakeItAsBeforeHoweverLongItWasQuiet) {
  LookupPace pace({});
  for (int i = 0; i < 1'000; ++i) pace.on_lookup(Protocol::v4);
  for (int i = 0; i < 3; ++i) pace.on_news();
  EXPECT_GT(pace.interval(Protocol::v4), 20s);
  pace.on_news();
  EXPECT_EQ(pace.interval(Protocol::v4), 20s);

  for (int i = 0; i < 1'000; ++i) pace.on_lookup(Protocol::v4);
  for (int i = 0; i < 4; ++i) {
    pace.on_news();
    pace.on_lookup(Protocol::v4);
  }
  EXPECT_EQ(pace.interval(Protocol::v4), 120s) << "one after another they are losses";
}

TEST(LookupPace, ARecordThatHasChangedMakesItAsAtTheStart) {
  LookupPace pace({});
  for (int i = 0; i < 1'000; ++i) pace.on_lookup(Protocol::v4);
  pace.on_own_record_changed();
  for (std::size_t i = 0; i < LookupPace::kPatience; ++i) {
    pace.on_lookup(Protocol::v4);
    EXPECT_EQ(pace.interval(Protocol::v4), 20s);
  }
}

TEST(LookupPace, WhoLacksPeersLooksOnHoweverLittleThatBrings) {
  LookupPace pace({});
  pace.set_need(0, 10);
  for (int i = 0; i < 20; ++i) pace.on_lookup(Protocol::v4);
  EXPECT_EQ(pace.interval(Protocol::v4), 1s);
  pace.set_need(10, 10);
  EXPECT_EQ(pace.interval(Protocol::v4), 120s);
}

TEST(LookupPace, AnIdlePaceBelowTheOrdinaryOneIsThatOne) {
  DiscoveryLimits limits;
  limits.lookup_interval_high = 3min;
  LookupPace pace(limits);
  for (int i = 0; i < 20; ++i) pace.on_lookup(Protocol::v4);
  EXPECT_EQ(pace.interval(Protocol::v4), 3min);
}

}  // namespace
}  // namespace peerage::pex
