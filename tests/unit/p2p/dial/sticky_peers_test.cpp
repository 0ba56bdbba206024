// Sticky redial by itself; tests/unit/p2p/dial/sticky_redial_test.cpp has what the dialer makes of
// it.
#include "p2p/dial/sticky_peers.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/dial_targets.h"

namespace peerage::p2p {
namespace {

using conn::Duration;
using conn::HostAddress;
using conn::TimePoint;
using test::node;
using namespace std::chrono_literals;

struct StickyPeersTest : testing::Test {
  PeerMarks marks;
  OutboundSlots slots{4, marks};
  StickyPeers sticky{slots, [] { return 0.0; }};  // the longest pauses
  TimePoint now{std::chrono::hours(1000)};

  void lose(unsigned number, Duration lasted = 1h) {
    slots.on_outbound_over(node(number).id);
    sticky.on_lost(node(number), lasted, now);
  }
  // What is due now; each dial begins.
  std::vector<unsigned> take() {
    std::vector<unsigned> numbers;
    while (const auto target = sticky.take_due(now)) {
      numbers.push_back(test::number_of(*target));
      slots.on_dial(target->id);
      sticky.on_dial_begun(now);
    }
    return numbers;
  }
  void fail(unsigned number) {
    slots.on_dial_over(node(number).id);
    sticky.on_dial_failed(node(number).id, now);
  }
  void connect(unsigned number, Direction direction = Direction::outbound) {
    slots.on_dial_over(node(number).id);
    if (direction == Direction::outbound) slots.on_outbound(node(number).id);
    sticky.on_connected(node(number).id, direction);
  }
  // Another takes a slot: it is asked for and connects at once.
  void fill(unsigned number) {
    sticky.on_slot_wanted(node(number).id);
    slots.on_dial(node(number).id);
    connect(number);
  }
  void go_on() { now = std::max(now, sticky.deadline().value_or(now)); }
};

using Numbers = std::vector<unsigned>;

TEST_F(StickyPeersTest, OneThatWasNotLongLivedIsLetGo) {
  lose(1, kLongLived - 1ns);
  EXPECT_EQ(sticky.deadline(), std::nullopt);
  lose(1, kLongLived);
  EXPECT_NE(sticky.deadline(), std::nullopt);
}

TEST_F(StickyPeersTest, ItIsDueWithinHalfASecondAndNoSooner) {
  lose(1);
  EXPECT_EQ(take(), Numbers{});
  EXPECT_LE(*sticky.deadline(), now + 500ms);
  go_on();
  EXPECT_EQ(take(), Numbers{1});
  EXPECT_EQ(sticky.deadline(), std::nullopt) << "it is under way";
}

TEST_F(StickyPeersTest, ItIsForgottenWhenItIsConnectedEitherWayOrSoWished) {
  lose(1);
  lose(2);
  lose(3);
  connect(1, Direction::outbound);
  connect(2, Direction::inbound);
  sticky.forget(node(3).id);
  EXPECT_EQ(sticky.deadline(), std::nullopt);
  now += 1min;
  EXPECT_EQ(take(), Numbers{});
}

TEST_F(StickyPeersTest, ItWaitsForOtherDialsWithinTheSecond) {
  lose(1);
  go_on();
  for (std::size_t i = 0; i < StickyPeers::kPace; ++i) sticky.on_dial_begun(now);
  EXPECT_EQ(take(), Numbers{});
  EXPECT_EQ(*sticky.deadline(), now + 1s);
  go_on();
  EXPECT_EQ(take(), Numbers{1});
}

TEST_F(StickyPeersTest, AThirdOfTheSetLostWithinAQuarterOfAnHourIsATornNetwork) {
  for (unsigned i = 11; i <= 14; ++i) slots.on_outbound(node(i).id);
  lose(1);
  now += StickyPeers::kTornWithin - 1ns;
  lose(2);  // two of six
  now += 23h;
  EXPECT_FALSE(take().empty()) << "for one there is a place beyond the limit, hours later";
}

TEST_F(StickyPeersTest, LossesThatAreFurtherApartAreNone) {
  for (unsigned i = 11; i <= 14; ++i) slots.on_outbound(node(i).id);
  lose(1);
  now += StickyPeers::kTornWithin;
  lose(2);
  for (int i = 0; i < 100 && sticky.deadline(); ++i) {
    go_on();
    EXPECT_EQ(take(), Numbers{}) << "the set is full, and no filler is in it";
  }
  EXPECT_EQ(sticky.deadline(), std::nullopt) << "given up";
}

TEST_F(StickyPeersTest, WhoFillsItsSlotLeavesWhenItIsBack) {
  for (unsigned i = 11; i <= 13; ++i) slots.on_outbound(node(i).id);
  lose(1);
  fill(21);
  EXPECT_EQ(slots.free(), 0u);
  go_on();
  ASSERT_EQ(take(), Numbers{1}) << "one beyond the limit";
  EXPECT_EQ(sticky.surplus(), std::nullopt) << "it may not answer";
  connect(1);
  EXPECT_EQ(sticky.surplus(), node(21).id);
  slots.on_outbound_over(node(21).id);
  EXPECT_EQ(sticky.surplus(), std::nullopt);
}

TEST_F(StickyPeersTest, WhoTakesASlotThatIsNotKeptIsNoFiller) {
  for (unsigned i = 11; i <= 12; ++i) slots.on_outbound(node(i).id);
  lose(1);
  fill(21);  // of the two that are free one is kept
  go_on();
  ASSERT_EQ(take(), Numbers{1});
  connect(1);
  EXPECT_EQ(sticky.surplus(), std::nullopt);
}

TEST_F(StickyPeersTest, OneThatComesFirstNeedsNoPlaceAndNobodyLeavesForIt) {
  for (unsigned i = 11; i <= 13; ++i) slots.on_outbound(node(i).id);
  lose(1);
  fill(21);
  marks.add(Mark::named, node(1).id);
  go_on();
  ASSERT_EQ(take(), Numbers{1});
  connect(1);
  EXPECT_EQ(sticky.surplus(), std::nullopt);
}

TEST_F(StickyPeersTest, ItIsGivenUpAfterEightTries) {
  lose(1);
  unsigned tries = 0;
  while (sticky.deadline()) {
    go_on();
    for (const unsigned number : take()) {
      ++tries;
      fail(number);
    }
  }
  EXPECT_EQ(tries, 8u);
}

TEST_F(StickyPeersTest, AsManyAreKeptAsThereAreSlotsAndOfMoreThoseThatWereHereLongest) {
  for (unsigned i = 1; i <= 4; ++i) lose(i, std::chrono::hours(i));
  lose(5, 1h);  // no longer than the shortest
  lose(6, 90min);
  std::set<unsigned> redialled;
  while (sticky.deadline() && *sticky.deadline() < now + 1min) {
    go_on();
    for (const unsigned number : take()) redialled.insert(number);
  }
  EXPECT_EQ(redialled, (std::set<unsigned>{2, 3, 4, 6}));
}

}  // namespace
}  // namespace peerage::p2p
