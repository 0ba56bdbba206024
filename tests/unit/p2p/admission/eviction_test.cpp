#include "p2p/admission/eviction.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Cidr;
using conn::IpAddress;
using conn::TimePoint;
using test::ip;
const TimePoint kNow{100h};

using Candidates = std::vector<EvictionCandidate>;

IpAddress attacker(unsigned network, unsigned host = 1) {
  return IpAddress::v4(6, static_cast<std::uint8_t>(network >> 8),
                       static_cast<std::uint8_t>(network), static_cast<std::uint8_t>(host));
}
// Each in a /16 of its own.
IpAddress honest(unsigned number) {
  return IpAddress::v4(20, static_cast<std::uint8_t>(number), 0, 1);
}

EvictionCandidate candidate(std::uint64_t link, const IpAddress& from, conn::Duration age) {
  return {link, from, kNow - age, {}};
}

const EvictionCandidate& find(const Candidates& candidates, std::uint64_t link) {
  return *std::find_if(candidates.begin(), candidates.end(),
                       [link](const auto& peer) { return peer.link == link; });
}

unsigned below(std::mt19937& random, unsigned limit) {
  return static_cast<unsigned>(random() % limit);
}

// What a test has: candidates of a node with `slots` slots, and what was admitted before.
struct Contest {
  explicit Contest(std::size_t count) : slots(count) {}

  // Links are numbered from 1.
  void add(const IpAddress& from, conn::Duration age,
           std::optional<conn::Duration> since_useful = {}) {
    candidates.push_back(candidate(candidates.size() + 1, from, age));
    if (since_useful) candidates.back().last_useful = kNow - *since_useful;
  }
  // Peers of over an hour, each in a /16 of its own, that take the share of age.
  void add_old_half() {
    for (unsigned i = 0; i < slots / 2; ++i) add(honest(100 + i), 2h + i * 1s);
  }
  void note(const IpAddress& from, int times) {
    for (int i = 0; i < times; ++i) recent.note(from, kNow);
  }
  // By default for a newcomer whose network was never heard of.
  std::optional<std::uint64_t> choose(const IpAddress& newcomer = ip("198.51.100.1")) const {
    return choose_eviction(candidates, newcomer, slots, recent, kNow);
  }
  std::set<std::uint64_t> contested_links() const {
    std::set<std::uint64_t> links;
    for (const auto& peer : contested(candidates, slots, recent, kNow)) links.insert(peer.link);
    return links;
  }

  std::size_t slots;
  Candidates candidates;
  RecentAdmissions recent{{Cidr(ip("10.0.0.0"), 8)}};
};

// --- what is protected ---

TEST(Eviction, AmongNoCandidatesNoneIsChosen) {
  EXPECT_EQ(Contest(40).choose(), std::nullopt);
}

TEST(Eviction, ASingleSlotIsContested) {
  Contest contest(1);
  contest.add(honest(1), 24h, 1s);
  EXPECT_EQ(contest.choose(), 1u);
}

TEST(Eviction, TheOlderHalfIsProtectedByAge) {
  Contest contest(8);
  for (unsigned i = 0; i < 8; ++i) contest.add(honest(i), (8 - i) * 1h);
  EXPECT_EQ(contest.contested_links(), (std::set<std::uint64_t>{5, 6, 7, 8}));
}

TEST(Eviction, AQuarterIsProtectedByUseAndTheLongestHereAmongThem) {
  Contest contest(8);
  for (unsigned i = 0; i < 4; ++i) contest.add(honest(i), (18 - i) * 1h);
  contest.add(honest(4), 4min);
  contest.add(honest(5), 3min, 9min);
  contest.add(honest(6), 2min, 9min);
  contest.add(honest(7), 1min, 1s);
  EXPECT_EQ(contest.contested_links(), (std::set<std::uint64_t>{5, 8}));
}

TEST(Eviction, AUseCountsForTenMinutes) {
  const auto protects = [](conn::Duration since_useful) {
    Contest contest(4);
    contest.add(honest(1), 3h);
    contest.add(honest(2), 2h);
    contest.add(honest(3), 1h, since_useful);
    return !contest.contested_links().contains(3);
  };
  EXPECT_TRUE(protects(10min - 1ns));
  EXPECT_FALSE(protects(10min));
}

TEST(Eviction, AQuarterIsContestedHoweverOldAndUsefulAllAre) {
  for (std::size_t slots = 1; slots <= 200; ++slots) {
    Contest contest(slots);
    for (std::size_t i = 0; i < slots; ++i) {
      contest.add(honest(static_cast<unsigned>(i)), 24h + i * 1s, 1s);
    }
    ASSERT_GE(4 * contest.contested_links().size(), slots);
    ASSERT_TRUE(contest.choose()) << slots;
  }
}

TEST(Eviction, WhoComesLaterNeverTakesTheProtectionOfAnother) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    Contest contest(1 + random() % 60);
    const auto settled = random() % (contest.slots + 1);
    for (std::size_t i = 0; i < settled; ++i) {
      const auto since_useful =
          random() % 2 == 0 ? std::optional<conn::Duration>(1min) : std::nullopt;
      contest.add(attacker(below(random, 20), below(random, 9)), 24h + random() % 1000 * 1s,
                  since_useful);
    }
    const auto before = contest.contested_links();
    for (std::size_t i = settled; i < contest.slots; ++i) {
      contest.add(attacker(below(random, 5000)), random() % 24 * 1h, 0s);
    }
    const auto after = contest.contested_links();
    for (std::uint64_t link = 1; link <= settled; ++link) {
      ASSERT_TRUE(before.contains(link) || !after.contains(link)) << "round " << round;
    }
  }
}

TEST(Eviction, OneNetworkHasASixteenthOfEachShareAndOneGroupAnEighth) {
  const auto protected_of = [](const auto& address) {
    Contest contest(320);
    for (unsigned i = 0; i < 160; ++i) contest.add(address(i), 24h, 1s);
    for (unsigned i = 0; i < 160; ++i) contest.add(honest(i), 1h);
    const auto links = contest.contested_links();
    return 160 - std::count_if(links.begin(), links.end(), [](auto link) { return link <= 160; });
  };
  // Of 160 places by age, and of 80 by use.
  EXPECT_EQ(protected_of([](unsigned i) { return IpAddress::v4(6, 1, 1, std::uint8_t(i)); }),
            10 + 5);
  EXPECT_EQ(protected_of([](unsigned i) { return IpAddress::v4(6, 1, std::uint8_t(i), 1); }),
            20 + 10);
  EXPECT_EQ(protected_of([](unsigned i) { return IpAddress::v4(6, std::uint8_t(i), 1, 1); }), 160);
  EXPECT_EQ(protected_of([](unsigned i) { return ip("2001:db8:1:" + std::to_string(i) + "::1"); }),
            10 + 5);
  EXPECT_EQ(protected_of([](unsigned i) { return ip("2001:db8:" + std::to_string(i) + "::1"); }),
            20 + 10);
  EXPECT_EQ(protected_of([](unsigned i) { return IpAddress::v4(10, 1, 1, std::uint8_t(i)); }), 160)
      << "exempt";
}

// --- who goes ---

TEST(Eviction, FortyHostsOfOneSixteenThatAreOldAndUsefulMakeRoomForNewcomers) {
  Contest contest(40);
  for (unsigned i = 0; i < 40; ++i) contest.add(attacker(i), 11min + i * 1s, 1min);
  for (unsigned newcomer = 0; newcomer < 20; ++newcomer) {
    const auto chosen = contest.choose();
    ASSERT_TRUE(chosen) << newcomer;
    ASSERT_EQ(find(contest.candidates, *chosen).ip.v4_bytes()[0], 6);
    std::erase_if(contest.candidates, [&](const auto& peer) { return peer.link == *chosen; });
    contest.candidates.push_back(candidate(100 + newcomer, honest(newcomer), 1s));
  }
}

TEST(Eviction, OfNetworksThatWereGivenAsMuchTheLongestStayGoes) {
  Contest contest(12);
  contest.add_old_half();
  contest.add(attacker(1), 40s);
  contest.add(attacker(2), 60s);
  contest.add(attacker(3), 50s);
  for (unsigned network : {1, 2, 3}) contest.note(attacker(network), 2);
  EXPECT_EQ(contest.choose(), 8u);
}

TEST(Eviction, APeerKeepsItsSlotTheLongerTheLessItsNetworkWasGiven) {
  const auto goes_first = [](int its, conn::Duration stay) {
    Contest contest(4);
    contest.add_old_half();
    contest.add(attacker(1), stay);
    contest.note(attacker(1), its);
    contest.add(attacker(2), 60s);
    contest.note(attacker(2), 2);
    return contest.choose() == 3u;
  };
  EXPECT_TRUE(goes_first(2, 61s));
  EXPECT_FALSE(goes_first(2, 59s));
  EXPECT_TRUE(goes_first(4, 31s));
  EXPECT_FALSE(goes_first(4, 29s));
  EXPECT_TRUE(goes_first(1'000, 1s));
  EXPECT_FALSE(goes_first(1, 119s));
  // A slot that is held is one at least, though it was given long ago.
  EXPECT_TRUE(goes_first(0, 121s));
}

TEST(Eviction, HostsOfAFloodGiveWayToANewcomerAndAreRefusedThemselves) {
  Contest contest(12);
  contest.add_old_half();
  for (unsigned i = 0; i < 4; ++i) contest.add(honest(i), 10min);
  for (unsigned i = 0; i < 2; ++i) contest.add(attacker(i), 100ms);
  for (unsigned network : {0, 1}) contest.note(attacker(network), 10'000);
  EXPECT_EQ(contest.choose(), 12u);
  EXPECT_EQ(contest.choose(attacker(0)), std::nullopt);
  EXPECT_EQ(contest.choose(attacker(9)), 12u) << "another of its networks, which had nothing yet";
}

TEST(Eviction, ANewcomerWhoseNetworkWasGivenNothingIsAdmittedWhateverGoesOn) {
  Contest contest(4);
  contest.add_old_half();
  contest.add(attacker(1), 1ms);
  contest.add(attacker(2), 0s);
  contest.note(attacker(2), 1'000);
  EXPECT_EQ(contest.choose(), 3u);
  contest.candidates[2].connected_since = kNow;
  EXPECT_EQ(contest.choose(), 4u) << "all came at this moment: the last";
}

TEST(Eviction, AgainstANetworkThatWasGivenAsMuchAPeerKeepsItsSlotForTenSeconds) {
  const auto goes = [](int its, int newcomers, conn::Duration stay) {
    Contest contest(4);
    contest.add_old_half();
    contest.add(attacker(1), stay);
    contest.note(attacker(1), its);
    contest.note(attacker(2), newcomers);
    return contest.choose(attacker(2)).has_value();
  };
  EXPECT_FALSE(goes(1, 1, 10s - 1ms));
  EXPECT_TRUE(goes(1, 1, 10s + 1ms));
  EXPECT_FALSE(goes(8, 8, 10s - 1ms));
  EXPECT_TRUE(goes(8, 8, 10s + 1ms));
  // Less, and more.
  EXPECT_FALSE(goes(1, 6, 60s - 1ms));
  EXPECT_TRUE(goes(1, 6, 60s + 1ms));
  EXPECT_TRUE(goes(6, 1, 2s));
}

TEST(Eviction, ABurstFromNetworksThatHadMuchIsRefused) {
  Contest contest(12);
  contest.add_old_half();
  for (unsigned i = 0; i < 6; ++i) contest.add(honest(i), 5min);
  for (unsigned network = 0; network < 6; ++network) contest.note(attacker(network), 100);
  for (unsigned network = 0; network < 6; ++network) {
    EXPECT_EQ(contest.choose(attacker(network)), std::nullopt);
  }
  EXPECT_EQ(contest.choose(), 12u) << "of equal stays";
}

TEST(Eviction, TheContestedSlotsThatANewcomersNetworkHoldsCountAgainstIt) {
  Contest contest(12);
  contest.add_old_half();
  for (unsigned i = 0; i < 2; ++i) contest.add(honest(i), 25s);
  for (unsigned i = 0; i < 4; ++i) contest.add(attacker(1, i), 1s);
  EXPECT_EQ(contest.choose(attacker(1, 9)), std::nullopt);
  EXPECT_EQ(contest.choose(attacker(2)), 8u);
}

TEST(Eviction, SlotsThatOneNetworkHoldsForHoursCountEach) {
  Contest contest(40);
  contest.add_old_half();
  for (unsigned i = 0; i < 3; ++i) contest.add(attacker(1, i), 2h - 1s);
  contest.add(attacker(2), 2h - 1s);
  const auto chosen = contest.choose();
  ASSERT_TRUE(chosen);
  EXPECT_EQ(neighbourhood_of(find(contest.candidates, *chosen).ip), ip("6.0.1.0"));
}

TEST(Eviction, OfEqualsTheYoungestGoes) {
  Contest contest(8);
  for (unsigned i = 0; i < 8; ++i) contest.add(honest(i), 24h - i * 1h);
  EXPECT_EQ(contest.choose(), 8u) << "over an hour all stays are alike";
}

TEST(Eviction, HostsOfOneIpv6NetworkContestAsOne) {
  Contest contest(4);
  contest.add_old_half();
  contest.add(ip("2001:db8:1:1::1"), 30s);
  contest.add(ip("2001:db8:2:1::1"), 20s);
  for (const char* each : {"2001:db8:2:7::1", "2001:db8:2:8::1"}) contest.note(ip(each), 1);
  EXPECT_EQ(contest.choose(), 4u);
}

TEST(Eviction, AnExemptHostContestsAsANetworkOfItsOwn) {
  Contest contest(4);
  contest.add_old_half();
  contest.add(honest(1), 30s);
  contest.add(ip("10.0.0.1"), 20s);
  contest.note(ip("10.0.0.2"), 9);
  EXPECT_EQ(contest.choose(), 3u);
  contest.note(ip("10.0.0.1"), 9);
  EXPECT_EQ(contest.choose(), 4u);
}

TEST(Eviction, TheOrderOfTheCandidatesSaysNothing) {
  std::mt19937 random(1);
  Contest contest(40);
  for (unsigned i = 0; i < 40; ++i) {
    contest.add(attacker(below(random, 12)), random() % 300 * 1s, random() % 1'200 * 1s);
    contest.note(contest.candidates.back().ip, 1);
  }
  const auto chosen = contest.choose();
  ASSERT_TRUE(chosen);
  for (int i = 0; i < 100; ++i) {
    std::shuffle(contest.candidates.begin(), contest.candidates.end(), random);
    EXPECT_EQ(contest.choose(), chosen);
  }
}

}  // namespace
}  // namespace peerage::p2p
