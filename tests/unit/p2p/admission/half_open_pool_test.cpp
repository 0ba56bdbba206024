#include "p2p/admission/half_open_pool.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/addresses.h"
#include "tests/support/effort.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using conn::Stage;
using conn::TimePoint;
using test::ip;
using Ticket = HalfOpenPool::Ticket;
const TimePoint kStart{1h};
const auto kPatience = HalfOpenLimits{}.patience;
const auto kTenure = HalfOpenLimits{}.tenure;

// A host in a /24 of its own.
IpAddress stranger(unsigned number) {
  return IpAddress::v4(static_cast<std::uint8_t>(1 + (number >> 16)),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number),
                       1);
}

std::size_t first_of(std::size_t) {
  return 0;
}

HalfOpenPool new_pool() {
  return {HalfOpenLimits{}, first_of};
}

// What goes by patience alone.
HalfOpenPool pool_with_long_tenure() {
  HalfOpenLimits limits;
  limits.tenure = 1h;
  return {limits, first_of};
}
// What goes by tenure alone.
HalfOpenPool small_pool(std::size_t total) {
  HalfOpenLimits limits;
  limits.total = total;
  limits.patience = 1h;
  return {limits, first_of};
}

Ticket enter(HalfOpenPool& pool, const IpAddress& from, TimePoint now = kStart) {
  const auto entered = pool.enter(from, now);
  EXPECT_TRUE(entered) << from.to_string();
  if (!entered) return 0;
  EXPECT_FALSE(entered->displaced) << from.to_string();
  return entered->ticket;
}

bool refused(HalfOpenPool& pool, const IpAddress& from, TimePoint now = kStart) {
  const std::size_t before = pool.size();
  const auto entered = pool.enter(from, now);
  EXPECT_EQ(pool.size(), entered && !entered->displaced ? before + 1 : before);
  return !entered && entered.error().reason == PeerReason::too_many_handshakes &&
         entered.error().stage == Stage::admission;
}

// The one that was displaced; 0 if none.
Ticket displaced_by(HalfOpenPool& pool, const IpAddress& from, TimePoint now = kStart) {
  const auto entered = pool.enter(from, now);
  EXPECT_TRUE(entered) << from.to_string();
  return entered ? entered->displaced.value_or(0) : 0;
}

std::vector<Ticket> fill(HalfOpenPool& pool, TimePoint now = kStart) {
  std::vector<Ticket> tickets;
  for (unsigned i = 0; pool.size() < 64; ++i) tickets.push_back(enter(pool, stranger(i), now));
  return tickets;
}

TEST(HalfOpenPool, AHostHasFourAtMost) {
  HalfOpenPool pool = new_pool();
  const Ticket first = enter(pool, ip("203.0.113.7"));
  for (int i = 0; i < 3; ++i) enter(pool, ip("203.0.113.7"));
  EXPECT_TRUE(refused(pool, ip("203.0.113.7")));
  enter(pool, ip("203.0.113.8"));
  pool.leave(first);
  enter(pool, ip("203.0.113.7"));
  EXPECT_TRUE(refused(pool, ip("203.0.113.7")));
}

TEST(HalfOpenPool, A24HasEightAtMost) {
  HalfOpenPool pool = new_pool();
  for (std::uint8_t i = 0; i < 8; ++i) enter(pool, IpAddress::v4(203, 0, 113, i));
  EXPECT_TRUE(refused(pool, ip("203.0.113.200")));
  enter(pool, ip("203.0.114.200"));
}

TEST(HalfOpenPool, The64OfAnIpv6AddressCountsAsAHost) {
  HalfOpenPool pool = new_pool();
  for (const char* from : {"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"}) {
    enter(pool, ip(from));
  }
  EXPECT_TRUE(refused(pool, ip("2001:db8::5")));
  enter(pool, ip("2001:db8:0:1::5"));
}

TEST(HalfOpenPool, The48OfAnIpv6AddressCountsAsANeighbourhood) {
  HalfOpenPool pool = new_pool();
  for (const char* from :
       {"2001:db8:0:1::", "2001:db8:0:2::", "2001:db8:0:3::", "2001:db8:0:4::", "2001:db8:0:5::",
        "2001:db8:0:6::", "2001:db8:0:7::", "2001:db8:0:8::"}) {
    enter(pool, ip(from));
  }
  EXPECT_TRUE(refused(pool, ip("2001:db8:0:9::")));
  enter(pool, ip("2001:db8:1:9::"));
}

TEST(HalfOpenPool, ThereAreSixtyFourInAllAtMost) {
  HalfOpenPool pool = new_pool();
  fill(pool);
  for (unsigned i = 0; i < 1'000; ++i) {
    (void)pool.enter(stranger(1'000 + i), kStart + i * 10ms);
    EXPECT_EQ(pool.size(), 64u);
  }
}

TEST(HalfOpenPool, AThousandSocketsOfOne24HoldEightAndKeepNoOtherHostOut) {
  HalfOpenPool pool = new_pool();
  int held = 0;
  for (int i = 0; i < 1'000; ++i) {
    if (pool.enter(IpAddress::v4(203, 0, 113, static_cast<std::uint8_t>(i)), kStart)) ++held;
  }
  EXPECT_EQ(held, 8);
  enter(pool, ip("198.51.100.1"));
}

TEST(HalfOpenPool, TheNewestOfTheLargestNeighbourhoodIsDisplaced) {
  HalfOpenPool pool = new_pool();
  enter(pool, ip("203.0.113.1"));
  enter(pool, ip("198.51.100.1"));
  enter(pool, ip("203.0.113.2"));
  const Ticket middle = enter(pool, ip("203.0.113.3"));
  const Ticket newest = enter(pool, ip("203.0.113.4"));
  enter(pool, ip("198.51.100.2"));
  enter(pool, ip("198.51.100.3"));
  fill(pool);
  // Whatever its progress: a large group is the surer sign.
  pool.progress(newest, Stage::node_info);
  EXPECT_EQ(displaced_by(pool, ip("192.0.2.1")), newest);
  EXPECT_EQ(pool.size(), 64u);
  // Now there are two groups of three, and the newest of both goes first.
  EXPECT_NE(displaced_by(pool, ip("192.0.3.1")), middle);
  EXPECT_EQ(displaced_by(pool, ip("192.0.4.1")), middle);
}

TEST(HalfOpenPool, ANewcomerOfTheLargestNeighbourhoodIsRefused) {
  HalfOpenPool pool = new_pool();
  for (std::uint8_t i = 1; i <= 3; ++i) enter(pool, IpAddress::v4(203, 0, 113, i));
  for (std::uint8_t i = 1; i <= 2; ++i) enter(pool, IpAddress::v4(198, 51, 100, i));
  fill(pool);
  EXPECT_TRUE(refused(pool, ip("203.0.113.4"), kStart + 1h));
  // With it, its neighbourhood would be as large as the largest.
  EXPECT_TRUE(refused(pool, ip("198.51.100.3"), kStart + 1h));
}

TEST(HalfOpenPool, TheHandshakeFurthestBehindIsDisplaced) {
  HalfOpenPool pool = pool_with_long_tenure();
  const Ticket silent = enter(pool, stranger(1'000), kStart);
  const Ticket earlier_but_further = enter(pool, stranger(1'001), kStart - kPatience / 2);
  pool.progress(earlier_but_further, Stage::authentication);
  fill(pool, kStart + kPatience / 2);
  EXPECT_EQ(displaced_by(pool, stranger(2'000), kStart + kPatience + 1ns), silent);
  EXPECT_TRUE(refused(pool, stranger(2'001), kStart + kPatience + 1ns));
}

TEST(HalfOpenPool, EachStageHasItsPatienceAndTimeSavedIsKept) {
  HalfOpenPool pool = pool_with_long_tenure();
  const auto tickets = fill(pool);
  for (const Ticket ticket : tickets) pool.progress(ticket, Stage::node_info);
  pool.progress(tickets[5], Stage::authentication);
  EXPECT_TRUE(refused(pool, stranger(1'000), kStart + 2 * kPatience));
  EXPECT_EQ(displaced_by(pool, stranger(1'001), kStart + 2 * kPatience + 1ns), tickets[5]);
  EXPECT_TRUE(refused(pool, stranger(1'002), kStart + 3 * kPatience));
  EXPECT_EQ(displaced_by(pool, stranger(1'003), kStart + 3 * kPatience + 1ns), tickets[0]);
}

TEST(HalfOpenPool, APromptHandshakeIsNotDisplacedByAnyStranger) {
  HalfOpenPool pool = new_pool();
  fill(pool);
  for (unsigned i = 0; i < 10'000; ++i) EXPECT_TRUE(refused(pool, stranger(1'000 + i)));
}

TEST(HalfOpenPool, AHostThatWasTurnedAwayTakesThePlaceOfOneThatWasNot) {
  HalfOpenPool pool = new_pool();
  const auto tickets = fill(pool);
  const IpAddress honest = ip("203.0.113.7");
  EXPECT_TRUE(refused(pool, honest));
  EXPECT_EQ(displaced_by(pool, honest), tickets[0]);
  // And it is not the next to go: of equals none goes.
  EXPECT_TRUE(refused(pool, stranger(1'000)));
  EXPECT_EQ(displaced_by(pool, stranger(1'000)), tickets[1]);
}

TEST(HalfOpenPool, TheOneFurthestBeyondItsTenureIsDisplacedThoughItIsNotBehind) {
  HalfOpenPool pool = new_pool();
  const Ticket oldest = enter(pool, stranger(1'000), kStart - 1ms);
  const auto tickets = fill(pool);
  pool.progress(oldest, Stage::node_info);
  EXPECT_TRUE(refused(pool, stranger(1'001), kStart - 1ms + kTenure));
  EXPECT_EQ(displaced_by(pool, stranger(1'002), kStart + kTenure), oldest);
  EXPECT_TRUE(refused(pool, stranger(1'003), kStart + kTenure));
  EXPECT_EQ(displaced_by(pool, stranger(1'004), kStart + kTenure + 1ns), tickets[0]);
}

TEST(HalfOpenPool, EachTimeThatAHostWasTurnedAwayLengthensItsTenureByTwo) {
  HalfOpenPool pool = small_pool(2);
  const Ticket first = enter(pool, stranger(0));
  const Ticket second = enter(pool, stranger(1));
  EXPECT_TRUE(refused(pool, stranger(10)));
  EXPECT_EQ(displaced_by(pool, stranger(10)), first);
  EXPECT_EQ(displaced_by(pool, stranger(11), kStart + kTenure + 1ns), second);
  EXPECT_EQ(displaced_by(pool, stranger(12), kStart + 3 * kTenure), second + 2);
  EXPECT_EQ(displaced_by(pool, stranger(13), kStart + 3 * kTenure + 1ns), second + 1);
}

TEST(HalfOpenPool, HalfOfThePoolAtMostIsKeptForThoseThatComeAgain) {
  HalfOpenPool pool = new_pool();
  fill(pool);
  const auto come_twice = [&pool](unsigned number) {
    EXPECT_TRUE(refused(pool, stranger(number)));
    return pool.enter(stranger(number), kStart);
  };
  for (unsigned i = 0; i < 32; ++i) EXPECT_TRUE(come_twice(1'000 + i)->displaced) << i;
  EXPECT_FALSE(come_twice(2'000));
}

TEST(HalfOpenPool, WhenMoreThanHalfCameAgainTheOneThatWasTurnedAwayLeastGoesAfterOneTenure) {
  HalfOpenPool pool = small_pool(4);
  for (unsigned i = 0; i < 4; ++i) enter(pool, stranger(i));
  for (unsigned i = 10; i < 13; ++i) EXPECT_TRUE(refused(pool, stranger(i)));
  // Two of them are turned away once more: after their tenure, now of three.
  TimePoint now = kStart + kTenure + 1ns;
  for (unsigned i = 11; i < 13; ++i) EXPECT_NE(displaced_by(pool, stranger(i), now), 0u);
  now += 3 * kTenure + 1ns;
  Ticket last = 0;
  for (unsigned i = 20; i < 24; ++i) last = pool.enter(stranger(i), now)->ticket;
  for (Ticket ticket = last - 3; ticket <= last; ++ticket) pool.leave(ticket);

  enter(pool, stranger(11), now);
  const Ticket least = enter(pool, stranger(10), now);
  enter(pool, stranger(12), now);
  const Ticket first_try = enter(pool, stranger(30), now + kTenure / 2);
  EXPECT_TRUE(refused(pool, stranger(31), now + kTenure));
  EXPECT_EQ(displaced_by(pool, stranger(32), now + kTenure + 1ns), least);
  // With half of them it is by tenure again.
  EXPECT_EQ(displaced_by(pool, stranger(33), now + kTenure * 3 / 2 + 1ns), first_try);
}

TEST(HalfOpenPool, AHostThatIsDisplacedInGoodTimeCountsAsTurnedAway) {
  HalfOpenPool pool = new_pool();
  fill(pool);
  EXPECT_TRUE(refused(pool, ip("203.0.113.7")));
  EXPECT_NE(displaced_by(pool, ip("203.0.113.7")), 0u);
  // stranger(0) was displaced; it takes the place of another in turn.
  EXPECT_NE(displaced_by(pool, stranger(0)), 0u);
}

TEST(HalfOpenPool, AHostThatHadItsTimeDoesNotCountAsTurnedAway) {
  HalfOpenPool pool = new_pool();
  fill(pool);
  const TimePoint late = kStart + kPatience + 1ns;
  for (unsigned i = 0; i < 64; ++i) EXPECT_NE(displaced_by(pool, stranger(1'000 + i), late), 0u);
  EXPECT_EQ(pool.remembered(kStart), 0u);
  EXPECT_TRUE(refused(pool, stranger(0), late));
}

TEST(HalfOpenPool, AHostThatGotInIsNotRememberedAsTurnedAway) {
  HalfOpenPool pool = new_pool();
  auto tickets = fill(pool);
  EXPECT_TRUE(refused(pool, ip("203.0.113.7")));
  EXPECT_EQ(pool.remembered(kStart), 1u);
  pool.leave(tickets[0]);
  const Ticket ticket = enter(pool, ip("203.0.113.7"));
  EXPECT_EQ(pool.remembered(kStart), 0u);
  pool.leave(ticket);
  enter(pool, stranger(0));
  EXPECT_TRUE(refused(pool, ip("203.0.113.7")));
}

TEST(HalfOpenPool, AHostIsRememberedUntilAGoNodeComesAgainAndForAMinute) {
  HalfOpenPool pool = new_pool();
  auto refill = [&pool, round = 0u](TimePoint now) mutable {
    ++round;
    for (unsigned i = 0; i < 64; ++i) (void)pool.enter(stranger(round * 1'000 + i), now);
  };
  for (const auto pause : {8s, 59s}) {
    const TimePoint now = kStart + pause * 10;
    refill(now);
    EXPECT_TRUE(refused(pool, ip("203.0.113.7"), now));
    refill(now + pause);
    EXPECT_NE(displaced_by(pool, ip("203.0.113.7"), now + pause), 0u);
  }
  refill(kStart + 1h);
  EXPECT_TRUE(refused(pool, ip("198.51.100.1"), kStart + 1h));
  refill(kStart + 1h + 62s);
  EXPECT_TRUE(refused(pool, ip("198.51.100.1"), kStart + 1h + 62s));
}

TEST(HalfOpenPool, ChoosesAtRandomAmongThoseThatCountForLeast) {
  std::size_t among = 0;
  HalfOpenPool pool(HalfOpenLimits{}, [&among](std::size_t below) {
    among = below;
    return below - 1;
  });
  const auto tickets = fill(pool);
  EXPECT_TRUE(refused(pool, ip("203.0.113.7")));
  EXPECT_EQ(displaced_by(pool, ip("203.0.113.7")), tickets[63]);
  EXPECT_EQ(among, 64u);
  EXPECT_TRUE(refused(pool, ip("198.51.100.1")));
  EXPECT_EQ(displaced_by(pool, ip("198.51.100.1")), tickets[62]);
  EXPECT_EQ(among, 63u);
}

TEST(HalfOpenPool, AHostOfANamedNodeHasPlacesOfItsOwnWhenThePoolIsFull) {
  constexpr auto kNamed = HalfOpenPool::Host::of_named_node;
  HalfOpenPool pool = new_pool();
  fill(pool);
  const auto own = [&pool](const IpAddress& from, TimePoint now = kStart) {
    return pool.enter(from, now, kNamed);
  };
  std::vector<Ticket> tickets;
  for (unsigned i = 0; i < 8; ++i) {
    for (int times = 0; times < 4; ++times) {
      const auto entered = own(stranger(1'000 + i));
      ASSERT_TRUE(entered);
      EXPECT_FALSE(entered->displaced);
      tickets.push_back(entered->ticket);
    }
  }
  EXPECT_EQ(pool.size(), 64u + 32u);
  EXPECT_TRUE(pool.has_any_from(stranger(1'000)));
  // Beyond its share, and beyond the share of all, it is a stranger like any other.
  EXPECT_FALSE(own(stranger(1'000)));
  EXPECT_FALSE(own(stranger(2'000)));
  // Its oldest makes room for its newest.
  const auto newer = own(stranger(1'000), kStart + kTenure + 1ns);
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->displaced, tickets[0]);
  // No stranger displaces any of them.
  for (unsigned i = 0; i < 200; ++i) {
    const auto entered = pool.enter(stranger(3'000 + i), kStart + 1h);
    ASSERT_TRUE(!entered || !entered->displaced ||
                std::find(tickets.begin(), tickets.end(), *entered->displaced) == tickets.end());
  }
  for (std::size_t i = 1; i < tickets.size(); ++i) {
    const std::size_t before = pool.size();
    pool.leave(tickets[i]);
    EXPECT_EQ(pool.size(), before - 1);
  }
}

TEST(HalfOpenPool, AHandshakeThatHasLeftIsIgnored) {
  HalfOpenPool pool = new_pool();
  const Ticket ticket = enter(pool, ip("203.0.113.7"));
  pool.leave(ticket);
  pool.leave(ticket);
  pool.progress(ticket, Stage::node_info);
  pool.leave(4711);
  EXPECT_EQ(pool.size(), 0u);
}

TEST(HalfOpenPool, KnowsWhetherAHostHasAny) {
  HalfOpenPool pool = new_pool();
  const Ticket v4 = enter(pool, ip("203.0.113.7"));
  enter(pool, ip("2001:db8::1"));
  EXPECT_TRUE(pool.has_any_from(ip("203.0.113.7")));
  EXPECT_FALSE(pool.has_any_from(ip("203.0.113.8")));
  EXPECT_TRUE(pool.has_any_from(ip("2001:db8::2")));
  pool.leave(v4);
  EXPECT_FALSE(pool.has_any_from(ip("203.0.113.7")));
}

TEST(HalfOpenPool, APoolOfNoneRefusesAll) {
  HalfOpenLimits limits;
  limits.total = 0;
  HalfOpenPool pool(limits, first_of);
  EXPECT_TRUE(refused(pool, ip("203.0.113.7")));
  EXPECT_TRUE(refused(pool, ip("203.0.113.7")));
}

TEST(HalfOpenPool, KeepsItsBoundsWhateverHappens) {
  std::mt19937 random(1);
  HalfOpenPool pool(HalfOpenLimits{}, [&random](std::size_t below) { return random() % below; });
  std::map<Ticket, IpAddress> model;
  TimePoint now = kStart;
  const int steps = test::by_effort<int>({.whole = 20'000, .usual = 20'000, .sanitized = 5'000});
  for (int step = 0; step < steps; ++step) {
    now += std::chrono::milliseconds(random() % 5);
    const auto some = [&model, &random] {
      return std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
    };
    if (!model.empty() && random() % 8 == 0) {
      const auto leaving = some();
      pool.leave(leaving->first);
      model.erase(leaving);
    } else if (!model.empty() && random() % 3 == 0) {
      pool.progress(some()->first, random() % 2 == 0 ? Stage::authentication : Stage::node_info);
    } else {
      // Of few neighbourhoods for a while, then of many.
      const unsigned networks = step / 5'000 % 2 == 0 ? 12 : 200;
      const IpAddress from = IpAddress::v4(10, 0, static_cast<std::uint8_t>(random() % networks),
                                           static_cast<std::uint8_t>(random() % 4));
      const auto entered = pool.enter(from, now);
      if (entered) {
        if (entered->displaced) {
          ASSERT_EQ(model.size(), 64u);
          ASSERT_EQ(model.erase(*entered->displaced), 1u);
        }
        ASSERT_TRUE(model.emplace(entered->ticket, from).second);
      }
    }
    ASSERT_EQ(pool.size(), model.size());
    ASSERT_LE(pool.size(), 64u);
    std::map<IpAddress, std::size_t> hosts, neighbourhoods;
    for (const auto& [ticket, from] : model) {
      ASSERT_LE(++hosts[host_of(from)], 4u);
      ASSERT_LE(++neighbourhoods[neighbourhood_of(from)], 8u);
    }
    for (unsigned i = 0; i < 4; ++i) {
      const IpAddress asked = IpAddress::v4(10, 0, 3, static_cast<std::uint8_t>(i));
      ASSERT_EQ(pool.has_any_from(asked), hosts.contains(asked));
    }
  }
}

}  // namespace
}  // namespace peerage::p2p
