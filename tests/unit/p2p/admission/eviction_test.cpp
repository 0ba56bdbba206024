#include "p2p/admission/eviction.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::TimePoint;
const TimePoint kNow{100h};

using Candidates = std::vector<EvictionCandidate>;

EvictionCandidate candidate(std::uint64_t link, const std::string& group, conn::Duration age) {
  EvictionCandidate peer;
  peer.link = link;
  peer.group = group;
  peer.keyed_group = std::hash<std::string>{}(group);
  peer.connected_since = kNow - age;
  return peer;
}

// `count` peers of a group, each a second older than the next.
void add(Candidates& candidates, int count, const std::string& group, conn::Duration youngest) {
  for (int i = 0; i < count; ++i) {
    const conn::Duration age = youngest + (count - i) * 1s;
    candidates.push_back(candidate(candidates.size() + 1, group, age));
  }
}

const EvictionCandidate& find(const Candidates& candidates, std::uint64_t link) {
  return *std::find_if(candidates.begin(), candidates.end(),
                       [link](const auto& peer) { return peer.link == link; });
}

bool useful_and_long_lived(const EvictionCandidate& peer) {
  return kNow - peer.connected_since > kLongLived && peer.last_useful &&
         kNow - *peer.last_useful < kLongLived;
}

TEST(Eviction, AmongNoCandidatesNoneIsChosen) {
  EXPECT_EQ(choose_eviction({}, kNow), std::nullopt);
}

TEST(Eviction, ASingleCandidateIsChosen) {
  EXPECT_EQ(choose_eviction({candidate(7, "a", 1s)}, kNow), 7u);
}

TEST(Eviction, FortyAttackersOfThreeGroupsMakeRoomForANewcomer) {
  Candidates candidates;
  add(candidates, 14, "6.1.0.0", 1h);
  add(candidates, 13, "6.2.0.0", 1h);
  add(candidates, 13, "6.3.0.0", 1h);
  EXPECT_TRUE(choose_eviction(candidates, kNow));
}

TEST(Eviction, TheNewcomerThatGotInIsNotTheNextToGo) {
  for (const int honest : {1, 2, 3}) {
    Candidates candidates;
    add(candidates, 14, "6.1.0.0", 10s);
    add(candidates, 13, "6.2.0.0", 10s);
    add(candidates, 13 - honest, "6.3.0.0", 10s);
    for (int i = 0; i < honest; ++i) add(candidates, 1, "20." + std::to_string(i) + ".0.0", 0s);
    ASSERT_EQ(candidates.size(), 40u);
    const auto chosen = choose_eviction(candidates, kNow);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(find(candidates, *chosen).group.substr(0, 2), "6.");
  }
}

TEST(Eviction, AttackersThatComeWithoutEndOnlyPushOneAnotherOut) {
  std::mt19937 random(1);
  Candidates candidates;
  add(candidates, 14, "6.1.0.0", 5s);
  add(candidates, 13, "6.2.0.0", 5s);
  add(candidates, 11, "6.3.0.0", 5s);
  add(candidates, 1, "20.0.0.0", 0s);
  add(candidates, 1, "20.1.0.0", 0s);
  std::uint64_t next = candidates.size() + 1;
  for (int second = 1; second <= 600; ++second) {
    const TimePoint now = kNow + second * 1s;
    const auto chosen = choose_eviction(candidates, now);
    ASSERT_TRUE(chosen);
    ASSERT_EQ(find(candidates, *chosen).group.substr(0, 2), "6.") << second;
    std::erase_if(candidates, [&chosen](const auto& peer) { return peer.link == *chosen; });
    auto attacker = candidate(next++, "6." + std::to_string(1 + random() % 3) + ".0.0", 0s);
    attacker.connected_since = now;
    attacker.round_trip = 1ms;
    attacker.last_useful = now;
    candidates.push_back(attacker);
  }
}

TEST(Eviction, TheYoungestOfTheLargestGroupGoes) {
  Candidates candidates;
  add(candidates, 2, "a", 1s);
  add(candidates, 4, "b", 1min);
  // The older half, of b and one more, is protected; of the three that remain two are of a.
  EXPECT_EQ(choose_eviction(candidates, kNow), 2u);
  add(candidates, 3, "b", 2s);
  // Now three of b remain, though none of them is as young.
  EXPECT_EQ(choose_eviction(candidates, kNow), 9u);
}

TEST(Eviction, OfGroupsOfOneSizeTheYoungestPeerGoes) {
  Candidates candidates;
  add(candidates, 1, "a", 10s);
  add(candidates, 1, "b", 5s);
  add(candidates, 1, "c", 20s);
  EXPECT_EQ(choose_eviction(candidates, kNow), 2u);
}

TEST(Eviction, UsefulLongLivedPeersNeverGo) {
  Candidates candidates;
  add(candidates, 40, "6.1.0.0", 11min);
  for (auto& peer : candidates) peer.last_useful = kNow - 1min;
  EXPECT_EQ(choose_eviction(candidates, kNow), std::nullopt);
  candidates[17].last_useful.reset();
  EXPECT_EQ(choose_eviction(candidates, kNow), 18u);
}

TEST(Eviction, LongLivedIsOverTenMinutesAndUsefulIsWithinTen) {
  const auto goes = [](conn::Duration age, conn::Duration since_useful) {
    auto peer = candidate(1, "a", age);
    peer.last_useful = kNow - since_useful;
    return choose_eviction({peer}, kNow).has_value();
  };
  EXPECT_FALSE(goes(10min + 1ns, 10min - 1ns));
  EXPECT_TRUE(goes(10min, 1s));
  EXPECT_TRUE(goes(11min, 10min));
}

TEST(Eviction, OfFortyFourAreProtectedByKeyedGroupEightByRoundTripAndFourByUse) {
  // All of an age, so that age says nothing; a protected one is never chosen, though all the others
  // go one by one.
  Candidates candidates;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    candidates.push_back(candidate(i, "g" + std::to_string(i), 1min));
    candidates.back().keyed_group = i;
    candidates.back().round_trip = 1s;
  }
  for (std::size_t i = 0; i < 8; ++i) candidates[i].round_trip = 1ms;
  for (std::size_t i = 8; i < 12; ++i) candidates[i].last_useful = kNow - 1s;
  // By keyed group: 37 to 40; by round trip: 1 to 8; by use: 9 to 12.
  std::mt19937 random(1);
  for (int i = 0; i < 1'000; ++i) {
    std::shuffle(candidates.begin(), candidates.end(), random);
    for (auto& peer : candidates) {
      // Of the rest any may be the older half; those protected are the youngest of all.
      const bool free = peer.link <= 12 || peer.link >= 37;
      peer.connected_since = free ? kNow - 1ms : kNow - std::chrono::seconds(1 + random() % 500);
    }
    const auto chosen = choose_eviction(candidates, kNow);
    ASSERT_TRUE(chosen);
    ASSERT_GT(*chosen, 12u);
    ASSERT_LT(*chosen, 37u);
  }
}

TEST(Eviction, TheOlderHalfOfTheRestIsProtected) {
  Candidates candidates;
  for (std::uint64_t i = 1; i <= 9; ++i) {
    candidates.push_back(candidate(i, i <= 4 ? "old" : "g" + std::to_string(i), (10 - i) * 1s));
  }
  // The largest group by far, but of the oldest.
  EXPECT_EQ(choose_eviction(candidates, kNow), 9u);
}

TEST(Eviction, ACandidateIsChosenWheneverOneIsNotProtectedForEver) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size <= 200; ++size) {
    for (int round = 0; round < 20; ++round) {
      Candidates candidates;
      for (std::size_t i = 0; i < size; ++i) {
        auto peer = candidate(i + 1, std::to_string(random() % (1 + random() % 50)),
                              std::chrono::seconds(random() % 1'200));
        peer.keyed_group = random() % 5;
        if (random() % 2 == 0) peer.round_trip = std::chrono::milliseconds(random() % 300);
        if (random() % 2 == 0) peer.last_useful = kNow - std::chrono::seconds(random() % 1'200);
        candidates.push_back(peer);
      }
      const auto chosen = choose_eviction(candidates, kNow);
      ASSERT_EQ(chosen.has_value(),
                !std::all_of(candidates.begin(), candidates.end(), useful_and_long_lived));
      if (chosen) {
        ASSERT_GE(*chosen, 1u);
        ASSERT_LE(*chosen, size);
        ASSERT_FALSE(useful_and_long_lived(find(candidates, *chosen)));
      }
    }
  }
}

TEST(Eviction, TheOrderOfTheCandidatesSaysNothing) {
  std::mt19937 random(1);
  Candidates candidates;
  add(candidates, 14, "a", 1s);
  add(candidates, 26, "b", 1min);
  for (auto& peer : candidates) {
    peer.keyed_group = random();
    peer.round_trip = std::chrono::nanoseconds(random());
    peer.last_useful = kNow - std::chrono::nanoseconds(random());
  }
  const auto chosen = choose_eviction(candidates, kNow);
  for (int i = 0; i < 100; ++i) {
    std::shuffle(candidates.begin(), candidates.end(), random);
    EXPECT_EQ(choose_eviction(candidates, kNow), chosen);
  }
}

}  // namespace
}  // namespace peerage::p2p
