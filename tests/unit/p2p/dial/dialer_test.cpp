#include "p2p/dial/dialer.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/admission/eviction.h"
#include "p2p/base/peer_reason.h"
#include "tests/support/dialer_fixture.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Duration;
using conn::Failure;
using conn::HostAddress;
using conn::Stage;
using conn::TimePoint;
using test::kRefused;
using test::kSelf;
using test::node;

const TimePoint kStart{std::chrono::hours(1000)};

const std::vector<HostAddress> kNone;

// --- what is wanted ---

TEST_F(DialerTest, ARequestIsDueAtOnceAndOnce) {
  EXPECT_EQ(dialer().deadline(), std::nullopt);
  EXPECT_EQ(request(node(1)), kAccepted);
  EXPECT_LE(dialer().deadline(), now);
  const auto orders = dialer().take_due(now);
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].target, node(1));
  EXPECT_EQ(orders[0].purpose, DialPurpose::requested);
  EXPECT_TRUE(dialer().is_dialling(node(1).id));
  EXPECT_EQ(dialer().dialling(), 1u);
  EXPECT_EQ(take(), kNone);
  EXPECT_EQ(dialer().deadline(), std::nullopt);
}

TEST_F(DialerTest, RefusesToDialItself) {
  EXPECT_EQ(request(kOwn), PeerReason::own_address);
  const auto added = add_persistent(kOwn);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().reason, PeerReason::own_address);
  EXPECT_EQ(take(), kNone);
}

TEST_F(DialerTest, ThereIsOneDialAtATimeForAnId) {
  EXPECT_EQ(request(node(1)), kAccepted);
  EXPECT_EQ(request(node(1)), PeerReason::already_dialling) << "not begun yet";
  HostAddress elsewhere = node(1);
  elsewhere.port = 1;
  EXPECT_EQ(request(elsewhere), PeerReason::already_dialling) << "at another address";
  EXPECT_EQ(take(), std::vector{node(1)});
  EXPECT_EQ(request(node(1)), PeerReason::already_dialling);
  ASSERT_TRUE(add_persistent(node(1)));
  EXPECT_EQ(take(), kNone);
  connect(node(1));
  EXPECT_EQ(request(node(1)), PeerReason::duplicate_id);
  now += 1h;
  EXPECT_EQ(take(), kNone);
}

TEST_F(DialerTest, SaysHowItStandsWithANode) {
  using State = DialOutlook::State;
  const auto outlook = [this] { return dialer().outlook(node(1).id, now); };
  EXPECT_EQ(outlook().state, State::resting) << "nobody wants it";
  EXPECT_EQ(outlook().next, std::nullopt);
  ASSERT_TRUE(add_persistent(node(1)));
  EXPECT_EQ(outlook().state, State::dialling) << "it is due at once";
  EXPECT_EQ(take(), std::vector{node(1)});
  EXPECT_EQ(outlook().state, State::dialling);
  fail(node(1));
  EXPECT_EQ(outlook().state, State::resting);
  EXPECT_EQ(outlook().next, dialer().deadline());
  ASSERT_TRUE(go_on());
  EXPECT_EQ(take(), std::vector{node(1)});
  connect(node(1));
  EXPECT_EQ(outlook().state, State::connected);
  EXPECT_EQ(outlook().next, std::nullopt);
}

TEST_F(DialerTest, ANodeThatHasConnectedToUsIsNotDialled) {
  ASSERT_TRUE(add_persistent(node(1)));
  EXPECT_EQ(request(node(2)), kAccepted);
  connect(node(1), Direction::inbound);
  connect(node(2), Direction::inbound);
  EXPECT_EQ(take(), kNone);
  EXPECT_EQ(request(node(1)), PeerReason::duplicate_id);
  EXPECT_EQ(dialer().deadline(), std::nullopt);
  EXPECT_EQ(dialer().free_slots(), 3u) << "the request that has become needless holds no slot";
}

TEST_F(DialerTest, ARequestThatHasBecomeNeedlessIsClearedAtOnce) {
  EXPECT_EQ(request(node(1)), kAccepted);
  connect(node(1), Direction::inbound);
  EXPECT_LE(dialer().deadline(), now) << "or it would hold its slot for ever";
  EXPECT_EQ(take(), kNone);
  EXPECT_EQ(dialer().free_slots(), 3u);
}

TEST_F(DialerTest, AnEndOfAnUnknownDialOrConnectionHasNoEffect) {
  fail(node(1));
  lose(node(1));
  EXPECT_EQ(request(node(1)), kAccepted);
}

// --- slots ---

TEST_F(DialerTest, EveryWayOfDiallingCountsAgainstTheLimit) {
  establish(node(1));
  EXPECT_EQ(dialer().free_slots(), 2u);
  EXPECT_EQ(request(node(2)), kAccepted);
  EXPECT_EQ(dialer().free_slots(), 1u) << "also what has not begun";
  EXPECT_EQ(take(), std::vector{node(2)});
  EXPECT_EQ(dialer().free_slots(), 1u) << "and what is under way";
  EXPECT_EQ(request(node(3)), kAccepted);
  EXPECT_EQ(dialer().free_slots(), 0u);
  EXPECT_EQ(request(node(4)), PeerReason::no_free_slot);
  fail(node(2));
  EXPECT_EQ(request(node(4)), kAccepted);
}

TEST_F(DialerTest, OnlyAFeelerMayGoOneBeyondTheLimit) {
  for (unsigned i = 1; i <= 3; ++i) establish(node(i));
  EXPECT_EQ(request(node(4)), PeerReason::no_free_slot);
  EXPECT_EQ(request(node(4), DialPurpose::feeler), kAccepted);
  EXPECT_EQ(request(node(5), DialPurpose::feeler), PeerReason::no_free_slot);
  EXPECT_EQ(take(), std::vector{node(4)});
  connect(node(4));
  EXPECT_EQ(request(node(5), DialPurpose::feeler), PeerReason::no_free_slot)
      << "while it is connected";
  EXPECT_EQ(dialer().free_slots(), 0u);
}

TEST_F(DialerTest, PersistentUnconditionalAndInboundPeersNeedNoSlot) {
  marks.add(Mark::unconditional, node(20).id);
  for (unsigned i = 10; i < 15; ++i) ASSERT_TRUE(add_persistent(node(i)));
  EXPECT_EQ(take().size(), 5u);
  connect(node(10));
  connect(node(30), Direction::inbound);
  EXPECT_EQ(dialer().free_slots(), 3u);
  for (unsigned i = 1; i <= 3; ++i) EXPECT_EQ(request(node(i)), kAccepted);
  EXPECT_EQ(dialer().free_slots(), 0u);
  EXPECT_EQ(request(node(20)), kAccepted) << "although all slots are taken";
  EXPECT_FALSE(dialer().needs_slot(node(10).id));
  EXPECT_FALSE(dialer().needs_slot(node(20).id));
}

TEST_F(DialerTest, WithoutSlotsOnlyPersistentPeersAndAFeelerAreDialled) {
  config.max_outbound = 0;
  ASSERT_TRUE(add_persistent(node(1)));
  EXPECT_EQ(request(node(2)), PeerReason::no_free_slot);
  EXPECT_EQ(request(node(3), DialPurpose::feeler), kAccepted);
  EXPECT_EQ(take(), (std::vector{node(3), node(1)}));
}

// A proven connection that DuplicateConnections holds back is not admitted yet.
TEST_F(DialerTest, ADialKeepsItsSlotUntilItIsSaidToHaveEnded) {
  config.max_outbound = 1;
  EXPECT_EQ(request(node(1)), kAccepted);
  take();
  now += 4s;
  EXPECT_EQ(request(node(2)), PeerReason::no_free_slot);
  EXPECT_EQ(request(node(1)), PeerReason::already_dialling);
  fail(node(1), {Stage::admission, PeerReason::duplicate_id, {}});
  EXPECT_EQ(request(node(2)), kAccepted);
}

// --- backoff ---

// The pauses between the beginnings of dials to a node that refuses us after `lasts`.
std::vector<Duration> pauses(DialerTest& test, Duration lasts, std::size_t count) {
  std::vector<Duration> found;
  TimePoint begun = test.now;
  EXPECT_EQ(test.take().size(), 1u);
  while (found.size() < count) {
    test.now += lasts;
    test.fail(node(1), test::kClosed);
    EXPECT_TRUE(test.go_on());
    EXPECT_EQ(test.take().size(), 1u);
    found.push_back(test.now - begun);
    begun = test.now;
  }
  return found;
}

TEST_F(DialerTest, ThePauseOfAPersistentPeerThatRefusesUsDoublesUpToTheCapLessARandomPart) {
  const std::vector<std::pair<double, double>> cases = {
      {kLongest, 0.95}, {kMiddle, 0.725}, {kShortest, 0.5}};
  for (const auto& [drawn, part] : cases) {
    made.reset();
    drawn_part = drawn;
    ASSERT_TRUE(add_persistent(node(1)));
    const auto found = pauses(*this, 0s, 9);
    const std::vector<double> nominal = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    for (std::size_t i = 0; i < nominal.size(); ++i) {
      EXPECT_NEAR(std::chrono::duration<double>(found[i]).count(), nominal[i] * part, 0.001) << i;
    }
  }
}

TEST_F(DialerTest, ThePauseIsCountedFromTheBeginningOfTheAttempt) {
  ASSERT_TRUE(add_persistent(node(1)));
  // Each takes 5 s to fail: what the pause has left of that is nothing, at first.
  const std::vector<Duration> expected = {5s, 5s, 5s, 7600ms, 15200ms, 30400ms, 57s, 57s};
  EXPECT_EQ(pauses(*this, 5s, 8), expected);
}

TEST_F(DialerTest, TheCapOfAPersistentPeersPauseCanBeSet) {
  config.persistent_max_pause = 3s;
  ASSERT_TRUE(add_persistent(node(1)));
  EXPECT_EQ(pauses(*this, 0s, 4), (std::vector<Duration>{950ms, 1900ms, 2850ms, 2850ms}));
}

// At most 20 dials in two minutes, then exponential.
TEST_F(DialerTest, ANodeThatAcceptsAndClosesAtOnceIsDialledWithBackoff) {
  for (const double drawn : {kLongest, kMiddle, kShortest}) {
    for (const Duration lasts : {Duration(0), kPersistentStays - 1ns, kPersistentStays}) {
      made.reset();
      drawn_part = drawn;
      ASSERT_TRUE(add_persistent(node(1)));
      const TimePoint end = now + 2min;
      int dials = 0;
      TimePoint last = now;
      for (; now <= end; ++dials) {
        last = now;
        ASSERT_EQ(take(), std::vector{node(1)});
        connect(node(1));
        now += lasts;
        lose(node(1));
        ASSERT_TRUE(go_on());
      }
      EXPECT_LE(dials, 20);
      EXPECT_LE(now - last, std::max<Duration>(lasts, 60s)) << "and it is not given up";
      if (lasts == 0s) {
        EXPECT_GE(now - last, 30s);
      }
    }
  }
}

TEST_F(DialerTest, APeerThatHasStayedIsRedialledWithinASecond) {
  ASSERT_TRUE(add_persistent(node(1)));
  (void)pauses(*this, 0s, 8);
  connect(node(1));
  now += Dialer::kStable;
  lose(node(1));
  EXPECT_EQ(dialer().deadline(), now + 950ms);
  ASSERT_TRUE(go_on());
  EXPECT_EQ(take(), std::vector{node(1)});
  fail(node(1));
  EXPECT_EQ(dialer().deadline(), now + 4500ms) << "and then every five seconds";
}

// A node that crashes again and again is as soon back the tenth time as the first.
TEST_F(DialerTest, APeerThatStaysTenSecondsEachTimeIsRedialledWithinASecondEachTime) {
  ASSERT_TRUE(add_persistent(node(1)));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(take(), std::vector{node(1)});
    connect(node(1));
    now += kPersistentStays;
    lose(node(1));
    EXPECT_EQ(dialer().deadline(), now + 950ms) << i;
    ASSERT_TRUE(go_on());
  }
}

TEST_F(DialerTest, APersistentPeerThatDialledUsAndWentIsDialled) {
  ASSERT_TRUE(add_persistent(node(1)));
  connect(node(1), Direction::inbound);
  now += 1h;
  dialer().on_gone(node(1).id, std::nullopt, Dialer::Redial::no, now);
  EXPECT_LE(dialer().deadline(), now + 1s);
}

TEST_F(DialerTest, APersistentPeerIsRedialledForEverAndBackWithinAMinute) {
  std::mt19937 random(5);
  std::uniform_real_distribution<> uniform(0, 1);
  made = std::make_unique<Dialer>(config, kOwn.id, marks, [&] { return uniform(random); });
  ASSERT_TRUE(add_persistent(node(1)));
  const TimePoint end = now + 24h * 7;
  int dials = 0;
  for (TimePoint last = now; now < end; ++dials) {
    ASSERT_EQ(take(), std::vector{node(1)});
    ASSERT_LE(now - last, 60s);
    last = now;
    now += std::uniform_int_distribution<>(0, 5000)(random) * 1ms;
    fail(node(1));
    ASSERT_TRUE(go_on());
  }
  // On average 43.5 s apart.
  EXPECT_NEAR(dials, 24 * 7 * 3600 / 43.5, 200);
}

// Thirty nodes that see nothing of one another.
TEST_F(DialerTest, ManyPeersThatAreDownCostFewDialsAndAreNotDialledTogether) {
  std::mt19937 random(5);
  std::uniform_real_distribution<> uniform(0, 1);
  made = std::make_unique<Dialer>(config, kOwn.id, marks, [&] { return uniform(random); });
  for (unsigned i = 1; i <= 29; ++i) ASSERT_TRUE(add_persistent(node(i)));
  std::size_t dials = 0, most_at_once = 0;
  while (now < kStart + 6h) {
    const auto targets = take();
    dials += targets.size();
    if (now > kStart + 5min) most_at_once = std::max(most_at_once, targets.size());
    for (const HostAddress& target : targets) fail(target);
    ASSERT_TRUE(go_on());
  }
  EXPECT_LE(dials, 6u * 3600u);
  EXPECT_LE(most_at_once, 2u);
}

TEST_F(DialerTest, AnAddressThatIsAddedToAPersistentPeerIsDialledAtOnceAndBesideTheOther) {
  ASSERT_TRUE(add_persistent(node(1)));
  (void)pauses(*this, 0s, 8);
  fail(node(1));
  HostAddress moved = node(1);
  moved.host = "moved.example";
  ASSERT_TRUE(add_persistent(moved));
  EXPECT_EQ(dialer().persistent(), (std::vector{node(1), moved}));
  EXPECT_EQ(take(), std::vector{moved});
  fail(moved);
  ASSERT_TRUE(add_persistent(node(1)));
  EXPECT_EQ(take(), std::vector{node(1)}) << "one that is added again begins anew";
}

TEST_F(DialerTest, AnAddressOfAPersistentPeerThatGoesWhileItIsDialledLeavesTheOther) {
  HostAddress other = node(1);
  other.host = "other.example";
  ASSERT_TRUE(add_persistent(node(1)));
  ASSERT_TRUE(add_persistent(other));
  ASSERT_EQ(take(), std::vector{node(1)});
  EXPECT_TRUE(dialer().remove_persistent(node(1)));
  EXPECT_EQ(take(), kNone) << "one dial at a time";
  fail(node(1));
  EXPECT_EQ(take(), std::vector{other});
  connect(other);
  EXPECT_TRUE(dialer().remove_persistent(other));
  now += 1h;
  EXPECT_EQ(take(), kNone);
}

// Gossip cannot keep us from a node that an operator has named.
TEST_F(DialerTest, ADialOfAPersistentPeerAtAnAddressOfTheBookDelaysNoneOfItsOwn) {
  ASSERT_TRUE(add_persistent(node(1)));
  ASSERT_EQ(take(), std::vector{node(1)});
  fail(node(1));
  const auto due = dialer().deadline();
  for (int i = 0; i < 8; ++i) {
    HostAddress gossip = node(1);
    gossip.port = static_cast<std::uint16_t>(1000 + i);
    ASSERT_EQ(request(gossip), kAccepted);
    ASSERT_EQ(take(), std::vector{gossip});
    fail(gossip, test::kClosed);
    EXPECT_EQ(dialer().deadline(), due);
  }
}

TEST_F(DialerTest, APersistentPeerThatIsRemovedIsDialledNoMore) {
  ASSERT_TRUE(add_persistent(node(1)));
  EXPECT_EQ(take(), std::vector{node(1)});
  EXPECT_TRUE(remove_persistent(node(1).id));
  EXPECT_FALSE(remove_persistent(node(1).id));
  fail(node(1));
  EXPECT_EQ(dialer().deadline(), std::nullopt);
  EXPECT_EQ(dialer().persistent(), kNone);
}

// --- resting addresses ---

TEST_F(DialerTest, AnAddressThatFailedRestsForAPauseThatDoublesUpToAMinute) {
  const std::vector<Duration> expected = {950ms,   1900ms,  3800ms, 7600ms,
                                          15200ms, 30400ms, 57s,    57s};
  for (const Duration pause : expected) {
    EXPECT_EQ(request(node(1)), kAccepted);
    take();
    fail(node(1));
    now += pause - 1ns;
    EXPECT_EQ(request(node(1)), PeerReason::address_resting);
    EXPECT_EQ(request(node(1), DialPurpose::feeler), PeerReason::address_resting)
        << "for any caller";
    now += 1ns;
  }
  EXPECT_EQ(request(node(1)), kAccepted);
}

TEST_F(DialerTest, WithoutALongestPauseNoAddressRests) {
  config.requested_max_pause = 0s;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(request(node(1)), kAccepted);
    take();
    fail(node(1));
  }
  establish(node(1));
  lose(node(1));
  EXPECT_EQ(request(node(1)), kAccepted);
}

TEST_F(DialerTest, ADialByHandIsMadeAtOnceAndCountsAsAnyOther) {
  EXPECT_EQ(request(node(1)), kAccepted);
  take();
  fail(node(1));
  EXPECT_EQ(request(node(1)), PeerReason::address_resting);
  EXPECT_EQ(request(node(1), DialPurpose::manual), kAccepted);
  EXPECT_EQ(take(), std::vector{node(1)});
  fail(node(1));
  now += 950ms;
  EXPECT_EQ(request(node(1)), PeerReason::address_resting) << "the second pause is longer";
  now += 950ms;
  EXPECT_EQ(request(node(1)), kAccepted);
}

TEST_F(DialerTest, AnotherAddressOfTheSameNodeDoesNotRest) {
  EXPECT_EQ(request(node(1)), kAccepted);
  take();
  fail(node(1));
  HostAddress elsewhere = node(1);
  elsewhere.port = 1;
  EXPECT_EQ(request(elsewhere), kAccepted);
}

TEST_F(DialerTest, AnAddressWhereTheConnectionDidNotLastRestsAndOneWhereItDidDoesNot) {
  for (int i = 0; i < 4; ++i) {
    establish(node(1));
    lose(node(1));
    EXPECT_EQ(request(node(1)), PeerReason::address_resting);
    now += 1min;
  }
  establish(node(1));
  now += Dialer::kStable;
  lose(node(1));
  EXPECT_EQ(request(node(1)), kAccepted);
  take();
  fail(node(1));
  now += 1s;
  EXPECT_EQ(request(node(1)), kAccepted) << "the pauses begin anew";
}

TEST_F(DialerTest, TheListOfRestingAddressesIsBounded) {
  const unsigned many = Dialer::kMaxResting + 1;
  for (unsigned i = 0; i < many; ++i) {
    EXPECT_EQ(request(node(2000 + i)), kAccepted);
    take();
    fail(node(2000 + i));
  }
  EXPECT_EQ(request(node(2000)), kAccepted) << "the oldest is forgotten";
  EXPECT_EQ(request(node(2001)), PeerReason::address_resting);
  EXPECT_EQ(request(node(2000 + many - 1)), PeerReason::address_resting);
}

// --- ourselves ---

struct SelfDialTest : DialerTest {
  HostAddress alias(unsigned number) {
    HostAddress address = node(number);
    address.host = "192.0.2.1";
    return address;
  }
  void dial_self(const HostAddress& target) {
    ASSERT_EQ(request(target), kAccepted);
    take();
    fail(target, kSelf);
  }
};

TEST_F(SelfDialTest, AnAddressThatLedToOurselvesIsNotTriedForADay) {
  dial_self(alias(1));
  now += 24h - 1ns;
  EXPECT_EQ(request(alias(1)), PeerReason::address_resting);
  now += 1ns;
  EXPECT_EQ(request(alias(1)), kAccepted);
}

TEST_F(SelfDialTest, NorIsItUnderAnotherId) {
  dial_self(alias(1));
  for (unsigned i = 2; i < 50; ++i) EXPECT_EQ(request(alias(i)), PeerReason::address_resting);
  HostAddress other_port = alias(2);
  other_port.port = 1;
  EXPECT_EQ(request(other_port), kAccepted);
}

TEST_F(SelfDialTest, NotEvenForPersistentPeers) {
  ASSERT_TRUE(add_persistent(alias(1)));
  take();
  ASSERT_TRUE(add_persistent(alias(2)));
  fail(alias(1), kSelf);
  ASSERT_TRUE(add_persistent(alias(3)));
  EXPECT_EQ(take(), kNone);
  EXPECT_EQ(dialer().deadline(), kStart + 24h);
  ASSERT_TRUE(go_on());
  EXPECT_EQ(take().size(), 3u);
}

TEST_F(SelfDialTest, TheDayIsKeptHoweverManyOtherAddressesFail) {
  dial_self(alias(1));
  for (unsigned i = 0; i < 2 * Dialer::kMaxResting; ++i) {
    EXPECT_EQ(request(node(2000 + i)), kAccepted);
    take();
    fail(node(2000 + i));
  }
  EXPECT_EQ(request(alias(1)), PeerReason::address_resting);
}

TEST_F(SelfDialTest, OnlyABoundedNumberOfAddressesIsTakenForOurs) {
  for (unsigned i = 0; i <= Dialer::kMaxOwnAddresses; ++i) {
    HostAddress proxy = node(i);
    ASSERT_EQ(request(proxy), kAccepted);
    take();
    fail(proxy, kSelf);
  }
  EXPECT_EQ(request(node(0)), kAccepted);
  EXPECT_EQ(request(node(1)), PeerReason::address_resting);
}

}  // namespace
}  // namespace peerage::p2p
