#include "p2p/dial/persistent_peers.h"

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/dial_targets.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Duration;
using conn::HostAddress;
using conn::TimePoint;
using test::node;
using Busy = PersistentPeers::Busy;

// Another address of the same node.
HostAddress also(unsigned number, const char* host = "also.example") {
  HostAddress address = node(number);
  address.host = host;
  return address;
}

const TimePoint kStart{std::chrono::hours(1000)};

struct PersistentPeersTest : testing::Test {
  double drawn = 0.5;
  std::mt19937 random{5};
  TimePoint now = kStart;
  PersistentPeers peers{60s, [this] { return drawn; }};
  // The same, with pauses of any length.
  PersistentPeers spread{60s, [this] { return std::uniform_real_distribution<>(0, 1)(random); }};

  // Dials node 1, which cannot be reached, until `end`; the beginnings.
  std::vector<TimePoint> dials_until(TimePoint end, Duration takes = 0s) {
    std::vector<TimePoint> begun;
    while (now < end) {
      EXPECT_EQ(peers.take_due(now), std::vector{node(1)});
      begun.push_back(now);
      peers.on_unreachable(node(1), now);
      peers.on_idle(node(1).id);
      now = std::max(now + takes, *peers.next());
    }
    return begun;
  }
};

TEST_F(PersistentPeersTest, AnUnreachableOneIsDialledEveryFiveSecondsForTenMinutes) {
  for (const double part : {0.0, 0.5, 0.999}) {
    drawn = part;
    peers.add(node(1), now, Busy::no);
    const auto begun = dials_until(now + 9min);
    for (std::size_t i = 1; i < begun.size(); ++i) {
      EXPECT_EQ(begun[i] - begun[i - 1], begun[1] - begun[0]);
      EXPECT_GE(begun[i] - begun[i - 1], 4500ms);
      EXPECT_LE(begun[i] - begun[i - 1], 5500ms);
    }
  }
}

TEST_F(PersistentPeersTest, ThenThePauseDoublesFromTenSecondsToTheCap) {
  drawn = 0;  // the longest
  peers.add(node(1), now, Busy::no);
  const auto begun = dials_until(now + 20min);
  const auto late = std::find_if(begun.begin(), begun.end(),
                                 [](TimePoint each) { return each - kStart >= 10min; });
  ASSERT_GE(begun.end() - late, 6);
  const std::vector<Duration> expected = {9500ms, 19s, 38s, 57s, 57s};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(
        *(late + static_cast<std::ptrdiff_t>(i) + 1) - *(late + static_cast<std::ptrdiff_t>(i)),
        expected[i])
        << i;
  }
}

TEST_F(PersistentPeersTest, ThePauseCountsFromTheBeginningOfTheAttempt) {
  peers.add(node(1), now, Busy::no);
  const auto begun = dials_until(now + 1min, 3s);
  for (std::size_t i = 1; i < begun.size(); ++i) EXPECT_EQ(begun[i] - begun[i - 1], 5s);
}

TEST_F(PersistentPeersTest, AShorterCapHoldsForEveryPause) {
  PersistentPeers hasty(2s, [] { return 0.5; });
  hasty.add(node(1), now, Busy::no);
  ASSERT_EQ(hasty.take_due(now).size(), 1u);
  hasty.on_unreachable(node(1), now);
  hasty.on_idle(node(1).id);
  EXPECT_EQ(hasty.next(), now + 2s);
}

// Whenever it comes back, of an outage of up to ten minutes.
TEST_F(PersistentPeersTest, AfterAnOutageItIsBackWithinSixSecondsMostlyWithinThree) {
  std::vector<Duration> waited;
  for (int i = 0; i < 2000; ++i) {
    PersistentPeers one(60s, [this] { return std::uniform_real_distribution<>(0, 1)(random); });
    now = kStart;
    one.add(node(1), now, Busy::yes);
    one.on_lost(node(1).id, node(1), now);
    one.on_idle(node(1).id);
    const TimePoint back = kStart + std::uniform_int_distribution<>(0, 600'000)(random) * 1ms;
    while ((now = *one.next()) < back) {
      ASSERT_EQ(one.take_due(now).size(), 1u);
      one.on_unreachable(node(1), now);
      one.on_idle(node(1).id);
    }
    waited.push_back(now - back);
  }
  std::sort(waited.begin(), waited.end());
  EXPECT_LE(waited[waited.size() / 2], 3s);
  EXPECT_LE(waited.back(), 6s);
}

TEST_F(PersistentPeersTest, OneThatAnswersAndDoesNotStayIsDialledLessAndLessOften) {
  drawn = 0;
  peers.add(node(1), now, Busy::no);
  for (const Duration pause : {950ms, 1900ms, 3800ms, 7600ms}) {
    ASSERT_EQ(peers.take_due(now), std::vector{node(1)});
    peers.on_answer(node(1), now);
    peers.on_idle(node(1).id);
    EXPECT_EQ(peers.next(), now + pause);
    now += pause;
  }
}

TEST_F(PersistentPeersTest, AConnectionThatLastedBeginsAnew) {
  drawn = 0;
  peers.add(node(1), now, Busy::no);
  (void)dials_until(now + 30min);
  peers.on_busy(node(1).id);
  peers.on_answer(node(1), now);
  EXPECT_EQ(peers.next(), std::nullopt) << "it is connected";
  now += 1h;
  peers.on_lost(node(1).id, node(1), now);
  peers.on_idle(node(1).id);
  EXPECT_EQ(peers.next(), now + 950ms);
  now += 1s;
  ASSERT_EQ(peers.take_due(now).size(), 1u);
  peers.on_unreachable(node(1), now);
  peers.on_idle(node(1).id);
  EXPECT_EQ(peers.next(), now + 4500ms);
}

TEST_F(PersistentPeersTest, AThousandThatAreDownAtOnceAreSpreadOverThePause) {
  constexpr unsigned kPeers = 1000;
  for (unsigned i = 1; i <= kPeers; ++i) {
    spread.add(node(i), now, Busy::yes);
    spread.on_lost(node(i).id, node(i), now);
    spread.on_idle(node(i).id);
  }
  std::vector<TimePoint> begun;
  while (now < kStart + 5min) {
    for (const HostAddress& target : spread.take_due(now)) {
      begun.push_back(now);
      spread.on_unreachable(target, now);
      spread.on_idle(target.id);
    }
    now = *spread.next();
  }
  std::size_t first = 0;
  for (std::size_t last = 0; last < begun.size(); ++last) {
    while (begun[last] - begun[first] >= 1s) ++first;
    ASSERT_LE(last - first + 1, kPersistentPace);
  }
  // 200 a second, and once the pauses have parted them, no second with less than half of that.
  EXPECT_NEAR(static_cast<double>(begun.size()), 5 * 60 * 200, 1500);
  for (TimePoint second = kStart + 30s; second < kStart + 5min; second += 1s) {
    const auto in_it = std::count_if(begun.begin(), begun.end(), [second](TimePoint each) {
      return each >= second && each < second + 1s;
    });
    EXPECT_GE(in_it, 100) << (second - kStart) / 1s;
  }
}

TEST_F(PersistentPeersTest, WithMoreThanThePaceAllowsTheLongestDueComesFirst) {
  constexpr unsigned kPeers = 3000;
  for (unsigned i = 1; i <= kPeers; ++i) spread.add(node(i), now, Busy::no);
  std::vector<TimePoint> last(kPeers + 1, now);
  while (now < kStart + 2min) {
    for (const HostAddress& target : spread.take_due(now)) {
      const unsigned number = test::number_of(target);
      EXPECT_LE(now - last[number], 20s) << number;
      last[number] = now;
      spread.on_unreachable(target, now);
      spread.on_idle(target.id);
    }
    now = *spread.next();
  }
  for (unsigned i = 1; i <= kPeers; ++i) EXPECT_GE(last[i], now - 20s) << i;
}

TEST_F(PersistentPeersTest, ABusyOneIsNotDueAndARemovedOneIsForgotten) {
  peers.add(node(1), now, Busy::yes);
  EXPECT_EQ(peers.next(), std::nullopt);
  EXPECT_TRUE(peers.take_due(now).empty());
  peers.on_idle(node(1).id);
  EXPECT_EQ(peers.next(), now);
  EXPECT_TRUE(peers.remove(node(1).id));
  EXPECT_FALSE(peers.remove(node(1).id));
  EXPECT_EQ(peers.next(), std::nullopt);
  peers.on_idle(node(1).id);
  peers.on_unreachable(node(1), now);
  EXPECT_EQ(peers.next(), std::nullopt);
  EXPECT_TRUE(peers.targets().empty());
}

TEST_F(PersistentPeersTest, OnesAtAnAddressThatIsHeldAreNotDueBefore) {
  peers.add(node(1), now, Busy::no);
  peers.add(node(2), now + 1s, Busy::no);
  peers.hold([](const HostAddress& each) { return each == node(1); }, now + 24h);
  EXPECT_EQ(peers.next(), now + 1s);
  EXPECT_EQ(peers.take_due(now + 1s), std::vector{node(2)});
  EXPECT_EQ(peers.next(), now + 24h);
}

// --- several addresses of one node ---

struct SeveralAddresses : PersistentPeersTest {
  // Dials until `end`; nobody is there but `at`, from `up` on. When it is reached.
  std::optional<TimePoint> reached(PersistentPeers& of, const HostAddress& at, TimePoint up,
                                   Duration silence, TimePoint end) {
    while (now < end) {
      for (const HostAddress& address : of.take_due(now)) {
        const TimePoint begun = now;
        if (address == at && now >= up) return now;
        now += silence;
        of.on_unreachable(address, begun);
        of.on_idle(address.id);
      }
      now = std::max(now, *of.next());
    }
    return std::nullopt;
  }
};

TEST_F(SeveralAddresses, AllAreTriedOneAfterAnotherInEachRound) {
  const std::vector all = {node(1), also(1), also(1, "third.example")};
  for (const HostAddress& each : all) peers.add(each, now, Busy::no);
  EXPECT_EQ(peers.targets(), all);
  for (int round = 0; round < 100; ++round) {
    const TimePoint begun = now;
    for (const HostAddress& each : all) {
      ASSERT_EQ(peers.take_due(now), std::vector{each}) << "one at a time";
      ASSERT_TRUE(peers.take_due(now).empty());
      peers.on_unreachable(each, now);
      peers.on_idle(each.id);
    }
    ASSERT_TRUE(peers.take_due(now).empty());
    now = *peers.next();
    ASSERT_EQ(now - begun, 5s);
  }
}

TEST_F(SeveralAddresses, InEachOrderTheNodeIsReachedSoonAfterItsComingUp) {
  for (const auto& order : {std::vector{node(1), also(1)}, std::vector{also(1), node(1)}}) {
    for (const Duration silence : {Duration(0), Duration(3s)}) {
      for (const Duration after : {0s, 1s, 75s, 500s}) {
        now = kStart;
        PersistentPeers fresh{60s, [] { return 0.5; }};
        for (const HostAddress& each : order) fresh.add(each, now, Busy::no);
        const auto when = reached(fresh, node(1), kStart + after, silence, kStart + 1h);
        ASSERT_TRUE(when);
        EXPECT_LE(*when - (kStart + after), 10s);
      }
    }
  }
}

TEST_F(SeveralAddresses, OneWhereAnotherNodeAnswersKeepsNoOtherWaiting) {
  peers.add(also(1), now, Busy::no);
  peers.add(node(1), now, Busy::no);
  std::vector<TimePoint> dials;
  while (now < kStart + 5min) {
    for (const HostAddress& address : peers.take_due(now)) {
      if (address == node(1)) {
        dials.push_back(now);
        peers.on_unreachable(address, now);
      } else {
        peers.on_answer(address, now);
      }
      peers.on_idle(address.id);
    }
    now = *peers.next();
  }
  for (std::size_t i = 1; i < dials.size(); ++i) EXPECT_LE(dials[i] - dials[i - 1], 5500ms);
  EXPECT_GE(dials.size(), 50u);
}

TEST_F(SeveralAddresses, AfterAConnectionThatLastedAllAreDueAndItsOwnComesFirst) {
  drawn = 0;
  peers.add(node(1), now, Busy::no);
  peers.add(also(1), now, Busy::no);
  (void)reached(peers, also(1), kStart + 1h, 0s, kStart + 2h);
  peers.on_answer(also(1), now);
  EXPECT_EQ(peers.next(), std::nullopt);
  now += 1h;
  peers.on_lost(node(1).id, also(1), now);
  peers.on_idle(node(1).id);
  EXPECT_EQ(peers.next(), now + 950ms);
  now += 950ms;
  for (const HostAddress& each : {also(1), node(1)}) {
    ASSERT_EQ(peers.take_due(now), std::vector{each});
    peers.on_unreachable(each, now);
    peers.on_idle(each.id);
  }
  EXPECT_EQ(peers.next(), now + 4500ms) << "as often as at first, however long one was dead";
}

TEST_F(SeveralAddresses, WhatIsSaidOfAnAddressThatNobodyNamedChangesNothing) {
  peers.add(node(1), now + 3s, Busy::no);
  for (int i = 0; i < 20; ++i) {
    peers.on_busy(node(1).id);
    peers.on_unreachable(also(1), now);
    peers.on_answer(also(1), now);
    peers.on_idle(node(1).id);
  }
  EXPECT_EQ(peers.next(), now + 3s);
}

TEST_F(SeveralAddresses, OneThatIsRemovedLeavesTheOthersAndTheLastOneThePeer) {
  peers.add(node(1), now, Busy::no);
  peers.add(also(1), now + 1s, Busy::no);
  EXPECT_TRUE(peers.remove(node(1)));
  EXPECT_FALSE(peers.remove(node(1)));
  EXPECT_EQ(peers.targets(), std::vector{also(1)});
  EXPECT_EQ(peers.next(), now + 1s);
  // Also while it is dialled.
  now += 1s;
  ASSERT_EQ(peers.take_due(now), std::vector{also(1)});
  EXPECT_TRUE(peers.remove(also(1)));
  peers.on_unreachable(also(1), now);
  peers.on_idle(node(1).id);
  EXPECT_FALSE(peers.contains(node(1).id));
  EXPECT_EQ(peers.next(), std::nullopt);
}

TEST_F(SeveralAddresses, OneThatLedToOurselvesRestsAndTheOthersDoNot) {
  peers.add(node(1), now, Busy::no);
  peers.add(also(1), now, Busy::no);
  peers.hold([](const HostAddress& each) { return each == node(1); }, now + 24h);
  EXPECT_EQ(peers.take_due(now), std::vector{also(1)});
  peers.on_answer(also(1), now);
  now += 1min;
  peers.on_lost(node(1).id, also(1), now);
  peers.on_idle(node(1).id);
  EXPECT_EQ(peers.take_due(now + 1s), std::vector{also(1)});
  peers.on_unreachable(also(1), now + 1s);
  peers.on_idle(node(1).id);
  EXPECT_TRUE(peers.take_due(now + 2s).empty());
}

}  // namespace
}  // namespace peerage::p2p
