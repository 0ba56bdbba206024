// Sticky redial: long-lived peers that were lost, those that fill their slots meanwhile, and those
// that are sought when the network was torn.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/admission/eviction.h"
#include "tests/support/dialer_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Duration;
using conn::HostAddress;
using conn::TimePoint;
using test::node;

const std::vector<HostAddress> kNone;

struct StickyTest : DialerTest {
  void establish_for(const HostAddress& target, Duration span) {
    establish(target);
    now += span;
  }
};

TEST_F(StickyTest, ALongLivedPeerThatIsLostIsDialledAgainBeforeTheBookIsAsked) {
  establish_for(node(1), kLongLived);
  lose(node(1));
  ASSERT_TRUE(dialer().deadline());
  EXPECT_LE(*dialer().deadline(), now + 500ms);
  ASSERT_TRUE(go_on());
  const auto orders = dialer().take_due(now);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].target, node(1));
  EXPECT_EQ(orders[0].purpose, DialPurpose::sticky);
  EXPECT_EQ(dialer().free_slots(), 2u);
  connect(node(1));
  EXPECT_EQ(dialer().free_slots(), 2u);
  EXPECT_EQ(dialer().deadline(), std::nullopt);
}

TEST_F(StickyTest, ItIsTriedAtGrowingIntervalsAndThenGivenUp) {
  establish_for(node(1), 1h);
  lose(node(1));
  TimePoint last = now;
  std::vector<Duration> pauses;
  while (go_on()) {
    if (!take().empty()) pauses.push_back(now - last);
    last = now;
    fail(node(1));
  }
  // Shorter at random, for many have lost the same peer.
  const std::vector<Duration> nominal = {500ms, 5s, 15s, 45s, 2min, 5min, 10min, 20min};
  ASSERT_EQ(pauses.size(), nominal.size());
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    EXPECT_GE(pauses[i], nominal[i] / 2) << i;
    EXPECT_LE(pauses[i], nominal[i] * 95 / 100) << i;
  }
  EXPECT_EQ(dialer().free_slots(), 3u);
  EXPECT_EQ(take(), kNone);
}

TEST_F(StickyTest, WhenAllAreLostAtOnceNoMoreThanTwoAreDialledInAnySecond) {
  config.max_outbound = 10;
  for (unsigned i = 0; i < 10; ++i) establish(node(i));
  now += 1h;
  for (unsigned i = 0; i < 10; ++i) lose(node(i));
  std::vector<TimePoint> begun;
  while (begun.size() < 10 && go_on()) {
    for (const HostAddress& target : take()) {
      begun.push_back(now);
      connect(target);
    }
  }
  ASSERT_EQ(begun.size(), 10u);
  for (std::size_t i = 2; i < begun.size(); ++i) EXPECT_GE(begun[i] - begun[i - 2], 1s) << i;
  EXPECT_LE(begun.back() - begun.front(), 5s);
}

// Ten outbound peers of an hour, of which `lost` go at once.
struct TornTest : StickyTest {
  void tear(unsigned lost) {
    config.max_outbound = 10;
    for (unsigned i = 0; i < 10; ++i) establish(node(i));
    now += 1h;
    for (unsigned i = 0; i < lost; ++i) lose(node(i));
  }
  // All dials fail; free slots are filled with others. How many dials there were.
  std::size_t go_on_without(Duration span) {
    std::size_t dials = 0;
    const TimePoint end = now + span;
    while (dialer().deadline() && *dialer().deadline() <= end) {
      now = std::max(now, *dialer().deadline());
      for (const HostAddress& each : take()) {
        ++dials;
        fail(each);
      }
      for (; dialer().free_slots() > 0; ++others) establish(node(others));
    }
    now = end;
    return dials;
  }
  unsigned others = 100;
};

TEST_F(TornTest, PeersThatWereLostTogetherAreSoughtForADayAndOneIsTakenBeyondTheFullSet) {
  tear(5);
  go_on_without(6h);
  EXPECT_EQ(dialer().free_slots(), 0u);
  ASSERT_TRUE(dialer().deadline());
  EXPECT_LE(*dialer().deadline(), now + 5min);
  ASSERT_TRUE(go_on());
  const auto found = take();
  ASSERT_EQ(found.size(), 1u);
  connect(found[0]);
  EXPECT_EQ(go_on_without(1h), 0u) << "one is enough";
  lose(node(9), Dialer::Redial::no);
  EXPECT_EQ(dialer().free_slots(), 0u) << "it has the slot now";
  EXPECT_GT(go_on_without(10min), 0u) << "and there is a place beyond again";
}

TEST_F(TornTest, AfterADayTheyAreGivenUp) {
  tear(10);
  EXPECT_GT(go_on_without(24h), 1000u);
  EXPECT_EQ(go_on_without(24h), 0u);
  EXPECT_EQ(dialer().deadline(), std::nullopt);
}

TEST_F(TornTest, FewThatAreLostAreNoSign) {
  tear(3);
  go_on_without(1h);
  EXPECT_EQ(go_on_without(24h), 0u);
}

// Three peers of an hour fill the set; one is lost, and has failed to answer `tries` times; another
// fills its slot.
struct FillerTest : StickyTest {
  void fill_after(int tries) {
    for (unsigned i = 1; i <= 3; ++i) establish(node(i));
    now += 1h;
    lose(node(1));
    for (int i = 0; i < tries; ++i) {
      ASSERT_TRUE(go_on());
      ASSERT_EQ(take(), std::vector{node(1)});
      fail(node(1));
    }
    EXPECT_EQ(dialer().free_slots(), 1u);
    establish(node(10));
    EXPECT_EQ(dialer().free_slots(), 0u);
  }
};

TEST_F(FillerTest, WhoeverFillsTheSlotLeavesWhenTheOwnerIsBack) {
  fill_after(2);
  EXPECT_EQ(dialer().surplus(), std::nullopt);
  ASSERT_TRUE(go_on());
  ASSERT_EQ(take(), std::vector{node(1)}) << "one beyond the limit";
  EXPECT_EQ(dialer().surplus(), std::nullopt) << "it may not answer";
  connect(node(1));
  ASSERT_EQ(dialer().surplus(), node(10).id);
  lose(node(10), Dialer::Redial::no);
  EXPECT_EQ(dialer().surplus(), std::nullopt);
  EXPECT_EQ(dialer().free_slots(), 0u);
}

TEST_F(FillerTest, AfterFourTriesTheSlotIsTheFillers) {
  fill_after(4);
  ASSERT_TRUE(go_on());
  EXPECT_EQ(take(), kNone) << "there is no place for it";
  EXPECT_EQ(dialer().surplus(), std::nullopt);
}

TEST_F(FillerTest, OneThatWasThereBeforeItsFourthTryMayStayAfterIt) {
  fill_after(3);
  ASSERT_TRUE(go_on());
  ASSERT_EQ(take(), std::vector{node(1)});
  fail(node(1));
  take();
  // Another is lost, and comes back at once.
  lose(node(2));
  ASSERT_TRUE(go_on());
  ASSERT_EQ(take(), std::vector{node(2)});
  connect(node(2));
  EXPECT_EQ(dialer().surplus(), std::nullopt);
}

TEST_F(FillerTest, OneThatIsStillBeingDialledLeavesWhenItConnects) {
  for (unsigned i = 1; i <= 3; ++i) establish(node(i));
  now += 1h;
  lose(node(1));
  EXPECT_EQ(request(node(10)), kAccepted);
  ASSERT_EQ(take(), std::vector{node(10)});
  ASSERT_TRUE(go_on());
  ASSERT_EQ(take(), std::vector{node(1)});
  connect(node(1));
  EXPECT_EQ(dialer().surplus(), std::nullopt);
  connect(node(10));
  EXPECT_EQ(dialer().surplus(), node(10).id);
}

TEST_F(FillerTest, OneThatFailsOrGoesIsForgotten) {
  fill_after(1);
  lose(node(10));
  ASSERT_TRUE(go_on());
  ASSERT_EQ(take(), std::vector{node(1)});
  connect(node(1));
  EXPECT_EQ(dialer().surplus(), std::nullopt);
  EXPECT_EQ(dialer().free_slots(), 0u);
}

TEST_F(FillerTest, TheOwnerThatDialsUsTakesNoSlot) {
  fill_after(1);
  connect(node(1), Direction::inbound);
  EXPECT_EQ(dialer().surplus(), std::nullopt);
}

TEST_F(FillerTest, NoMoreThanTwoGoBeyondTheLimitAtATime) {
  config.max_outbound = 6;
  for (unsigned i = 1; i <= 6; ++i) establish(node(i));
  now += 1h;
  for (unsigned i = 1; i <= 6; ++i) lose(node(i));
  for (unsigned i = 11; i <= 16; ++i) establish(node(i));
  std::size_t under_way = 0;
  while (now < TimePoint(std::chrono::hours(1002)) && go_on()) {
    under_way += take().size();
    EXPECT_LE(under_way, StickyPeers::kPace);
  }
  EXPECT_EQ(under_way, StickyPeers::kPace) << "little happened";
}

TEST_F(StickyTest, OnlyLongLivedOutboundPeersThatWeDidNotDisconnectAreRedialled) {
  establish_for(node(1), kLongLived - 1ns);
  lose(node(1));
  EXPECT_EQ(dialer().deadline(), std::nullopt) << "not long-lived";
  establish_for(node(2), kLongLived);
  lose(node(2), Dialer::Redial::no);
  EXPECT_EQ(dialer().deadline(), std::nullopt) << "disconnected on purpose";
  connect(node(3), Direction::inbound);
  now += kLongLived;
  dialer().on_gone(node(3).id, node(3), Dialer::Redial::yes, now);
  EXPECT_EQ(dialer().deadline(), std::nullopt) << "inbound";
  establish_for(node(4), kLongLived);
  dialer().on_gone(node(4).id, std::nullopt, Dialer::Redial::yes, now);
  EXPECT_EQ(dialer().deadline(), std::nullopt) << "no address";
}

TEST_F(StickyTest, NoPeerIsRedialledWhereThatIsSwitchedOff) {
  config.sticky_redial = StickyRedial::no;
  establish_for(node(1), 1h);
  lose(node(1));
  EXPECT_EQ(dialer().deadline(), std::nullopt);
  EXPECT_EQ(dialer().free_slots(), 3u);
}

TEST_F(StickyTest, WhenItConnectsToUsItIsNotDialledAnyMore) {
  establish_for(node(1), 1h);
  lose(node(1));
  connect(node(1), Direction::inbound);
  EXPECT_EQ(dialer().deadline(), std::nullopt);
  EXPECT_EQ(dialer().free_slots(), 3u);
}

TEST_F(StickyTest, OneThatBecomesPersistentIsDialledAsSuch) {
  establish_for(node(1), 1h);
  lose(node(1));
  ASSERT_TRUE(add_persistent(node(1)));
  const auto orders = dialer().take_due(now);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].purpose, DialPurpose::persistent);
  EXPECT_EQ(dialer().free_slots(), 3u);
}

// Lost peers that are dialled in the hour after, none of which answers.
struct FullStickyTest : StickyTest {
  std::set<unsigned> redialled() {
    std::set<unsigned> numbers;
    const TimePoint end = now + 1h;
    while (dialer().deadline() && *dialer().deadline() <= end) {
      go_on();
      for (const HostAddress& target : take()) {
        numbers.insert(test::number_of(target));
        fail(target);
      }
    }
    return numbers;
  }
};

TEST_F(FullStickyTest, PeersThatLeaveTogetherDoNotKeepThoseOfLongerStandingFromBeingRedialled) {
  for (unsigned i = 11; i <= 13; ++i) establish(node(i));
  now += kLongLived;
  for (unsigned i = 11; i <= 13; ++i) lose(node(i));
  for (unsigned i = 1; i <= 3; ++i) establish(node(i));
  now += 1h;
  for (unsigned i = 1; i <= 3; ++i) lose(node(i));
  EXPECT_EQ(redialled(), (std::set<unsigned>{1, 2, 3}));
}

TEST_F(FullStickyTest, TheOneThatWasHereShortestGivesWayAndOnlyToOneThatWasHereLonger) {
  // Lost after 40, 20, 30, 20 and 25 minutes.
  connect(node(1));
  now += 10min;
  connect(node(3));
  now += 5min;
  connect(node(5));
  now += 5min;
  connect(node(2));
  connect(node(4));
  now += 20min;
  for (unsigned i = 1; i <= 3; ++i) lose(node(i));
  lose(node(4));
  lose(node(5));
  EXPECT_EQ(redialled(), (std::set<unsigned>{1, 3, 5}));
}

TEST_F(FullStickyTest, OneThatIsNoLongerThanAllThereIsRefused) {
  for (unsigned i = 1; i <= 4; ++i) connect(node(i));
  now += 1h;
  for (unsigned i = 1; i <= 4; ++i) lose(node(i));
  EXPECT_EQ(redialled(), (std::set<unsigned>{1, 2, 3}));
}

// Its dial may stand for a place beyond the limit, which a filler has to leave when it answers.
TEST_F(FullStickyTest, OneThatIsBeingDialledDoesNotGiveWay) {
  connect(node(1));
  now += 5h;
  connect(node(5));
  now += 10min;
  connect(node(4));
  now += 8min;
  connect(node(2));
  now += 12min;
  lose(node(2));
  lose(node(5));
  ASSERT_TRUE(go_on());
  ASSERT_EQ(take().size(), 2u);
  lose(node(4));
  lose(node(1));
  fail(node(2));
  fail(node(5));
  EXPECT_EQ(redialled(), (std::set<unsigned>{1, 2, 5}));
}

TEST_F(StickyTest, NoMoreAreKeptThanThereAreSlots) {
  config.max_outbound = 2;
  establish_for(node(1), 1h);
  establish_for(node(2), 1h);
  lose(node(1));
  lose(node(2));
  establish_for(node(3), 1h);
  lose(node(3));
  now += 24h;
  for (int i = 0; i < 20; ++i) {
    for (const HostAddress& target : take()) {
      EXPECT_NE(target, node(3));
      fail(target);
    }
    if (!go_on()) break;
  }
}

}  // namespace
}  // namespace peerage::p2p
