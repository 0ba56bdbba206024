#include "p2p/admission/ban_list.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Cidr;
using conn::IpAddress;
using conn::NodeId;
using conn::TimePoint;
using test::ip;
using test::network;
using test::numbered_id;
const TimePoint kStart{1h};

IpAddress v4(std::uint32_t value) {
  return IpAddress::v4(static_cast<std::uint8_t>(value >> 24),
                       static_cast<std::uint8_t>(value >> 16),
                       static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value));
}

constexpr BanOrigin kStrangers = BanOrigin::misbehaviour;

// A list, and what it reports, as one that follows it would keep.
struct Followed : BanList {
  using BanList::BanList;
  std::set<BanTarget> kept;

  // What has been reported as added.
  std::optional<Ban> put(BanTarget target, TimePoint until, BanOrigin origin,
                         TimePoint now = kStart) {
    const auto changes = add({target, until, "why", origin}, now);
    EXPECT_TRUE(changes) << (changes ? "" : changes.error().text());
    if (!changes) return std::nullopt;
    for (const BanTarget& each : changes->dropped) EXPECT_EQ(kept.erase(each), 1u);
    if (changes->added) kept.insert(changes->added->target);
    return changes->added;
  }
  // The first hosts of a /24, banned for misbehaviour.
  void put_hosts(const char* first, std::uint32_t count, TimePoint until = kStart + 10min) {
    const auto bytes = ip(first).bytes();
    for (std::uint32_t i = 0; i < count; ++i) {
      auto host = bytes;
      host[15] = static_cast<std::uint8_t>(host[15] + i);
      put(Cidr(IpAddress::v6(host)), until, kStrangers);
    }
  }
};

TEST(BanList, ABannedIdIsFoundUntilItsEnd) {
  BanList bans;
  (void)bans.add({numbered_id(1), kStart + 1h, "spoke nonsense"}, kStart);
  ASSERT_NE(bans.find(numbered_id(1), kStart), nullptr);
  EXPECT_EQ(bans.find(numbered_id(1), kStart)->reason, "spoke nonsense");
  EXPECT_NE(bans.find(numbered_id(1), kStart + 1h - 1ns), nullptr);
  EXPECT_EQ(bans.find(numbered_id(1), kStart + 1h), nullptr);
  EXPECT_EQ(bans.find(numbered_id(2), kStart), nullptr);
}

TEST(BanList, ABannedAddressIsFoundUntilItsEnd) {
  BanList bans;
  (void)bans.add({Cidr(ip("203.0.113.7")), kStart + 1h, ""}, kStart);
  EXPECT_NE(bans.find(ip("203.0.113.7"), kStart + 1h - 1ns), nullptr);
  EXPECT_NE(bans.find(ip("::ffff:203.0.113.7"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.113.7"), kStart + 1h), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.113.8"), kStart), nullptr);
}

TEST(BanList, ABannedNetworkBansEveryAddressInIt) {
  BanList bans;
  (void)bans.add({network("203.0.113.0/24"), kStart + 1h, ""}, kStart);
  (void)bans.add({network("2001:db8::/32"), kStart + 1h, ""}, kStart);
  EXPECT_NE(bans.find(ip("203.0.113.0"), kStart), nullptr);
  EXPECT_NE(bans.find(ip("203.0.113.255"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.114.0"), kStart), nullptr);
  EXPECT_NE(bans.find(ip("2001:db8:ffff::1"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("2001:db9::1"), kStart), nullptr);
}

TEST(BanList, ANetworkOfNoBitsBansItsFamilyAndNotTheOther) {
  BanList bans;
  (void)bans.add({network("0.0.0.0/0"), kStart + 1h, ""}, kStart);
  EXPECT_NE(bans.find(ip("8.8.8.8"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("2001:db8::1"), kStart), nullptr);
}

TEST(BanList, ABanOfAnIpv4AddressIsOneOfWhatCarriesIt) {
  BanList bans;
  ASSERT_TRUE(bans.add({network("5.6.7.0/24"), kStart + 1h, "", BanOrigin::operator_}, kStart));
  for (const char* text : {"64:ff9b::506:708", "2002:506:708::1", "2001:0:808:808::faf9:f8f7"}) {
    EXPECT_TRUE(bans.find(ip(text), kStart)) << text;
  }
  EXPECT_FALSE(bans.find(ip("64:ff9b::506:808"), kStart));
  // And one that is made for what came through a translator is for that host alone.
  const BanTarget target = bans.target_for(numbered_id(1), ip("64:ff9b::506:909"));
  EXPECT_EQ(target, BanTarget(network("5.6.9.9")));
  // An operator's word about the outer address holds, too.
  ASSERT_TRUE(bans.add({network("2002:a01::/32"), kStart + 1h, "", BanOrigin::operator_}, kStart));
  EXPECT_TRUE(bans.find(ip("2002:a01:203::1"), kStart));
  EXPECT_FALSE(bans.find(ip("10.1.2.3"), kStart));
}

TEST(BanList, AnEndedBanDoesNotHideAWiderOneInForce) {
  BanList bans;
  (void)bans.add({network("203.0.0.0/16"), kStart + 2h, "wide"}, kStart);
  (void)bans.add({network("203.0.113.0/24"), kStart + 1h, "middle"}, kStart);
  (void)bans.add({network("0.0.0.0/1"), kStart + 1h, "of others"}, kStart);
  ASSERT_NE(bans.find(ip("203.0.113.7"), kStart + 1h), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.113.7"), kStart + 1h)->reason, "wide");
}

TEST(BanList, ASecondBanOfATargetReplacesTheFirst) {
  BanList bans;
  (void)bans.add({numbered_id(1), kStart + 2h, "first"}, kStart);
  (void)bans.add({numbered_id(1), kStart + 1h, "second"}, kStart);
  EXPECT_EQ(bans.size(), 1u);
  EXPECT_EQ(bans.find(numbered_id(1), kStart)->reason, "second");
  EXPECT_EQ(bans.find(numbered_id(1), kStart + 1h), nullptr);
  (void)bans.add({network("10.0.0.0/8"), kStart + 1h, "first"}, kStart);
  (void)bans.add({network("10.0.0.0/8"), kStart + 2h, "second"}, kStart);
  EXPECT_EQ(bans.size(), 2u);
  EXPECT_EQ(bans.find(ip("10.1.1.1"), kStart + 1h)->reason, "second");
}

TEST(BanList, NetworksOfOneBaseAndAnotherLengthAreDifferentTargets) {
  BanList bans;
  (void)bans.add({network("10.0.0.0/8"), kStart + 1h, ""}, kStart);
  (void)bans.add({network("10.0.0.0/9"), kStart + 1h, ""}, kStart);
  (void)bans.add({network("10.0.0.0"), kStart + 1h, ""}, kStart);
  EXPECT_EQ(bans.size(), 3u);
  EXPECT_TRUE(bans.remove(network("10.0.0.0/8")));
  EXPECT_EQ(bans.find(ip("10.200.0.0"), kStart), nullptr);
  EXPECT_NE(bans.find(ip("10.1.0.0"), kStart), nullptr);
}

TEST(BanList, ABanThatHasEndedChangesNothing) {
  BanList bans;
  (void)bans.add({numbered_id(1), kStart, ""}, kStart);
  EXPECT_EQ(bans.size(), 0u);
  (void)bans.add({numbered_id(1), kStart + 1h, "stands"}, kStart);
  (void)bans.add({numbered_id(1), kStart - 1h, "a row from long ago"}, kStart);
  ASSERT_NE(bans.find(numbered_id(1), kStart), nullptr);
  EXPECT_EQ(bans.find(numbered_id(1), kStart)->reason, "stands");
}

TEST(BanList, WhatIsRemovedIsLetInAgain) {
  BanList bans;
  (void)bans.add({numbered_id(1), kStart + 1h, ""}, kStart);
  (void)bans.add({network("10.0.0.0/8"), kStart + 1h, ""}, kStart);
  EXPECT_TRUE(bans.remove(numbered_id(1)));
  EXPECT_FALSE(bans.remove(numbered_id(1)));
  EXPECT_TRUE(bans.remove(network("10.0.0.0/8")));
  EXPECT_FALSE(bans.remove(network("10.0.0.0/8")));
  EXPECT_FALSE(bans.remove(network("10.0.0.0/9")));
  EXPECT_EQ(bans.find(numbered_id(1), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("10.0.0.1"), kStart), nullptr);
  EXPECT_EQ(bans.size(), 0u);
}

TEST(BanList, ListsThoseInForceTheOldestFirst) {
  BanList bans;
  (void)bans.add({numbered_id(1), kStart + 3h, ""}, kStart);
  (void)bans.add({network("10.0.0.0/8"), kStart + 1h, ""}, kStart);
  (void)bans.add({network("2001:db8::/32"), kStart + 2h, ""}, kStart);
  const auto all = bans.all(kStart + 1h);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(to_string(all[0].target), numbered_id(1).to_string());
  EXPECT_EQ(to_string(all[1].target), "2001:db8::/32");
}

TEST(BanList, HoldsTenThousandForMisbehaviourAndDropsTheFirstToEndOfTheLargestGroup) {
  Followed bans;
  // One half are IDs, the others of forty networks.
  for (std::uint32_t i = 0; i < conn::kMaxBans; ++i) {
    BanTarget target = numbered_id(i);
    if (i % 2 == 1) target = Cidr(v4(i << 8));
    bans.put(target, kStart + 1h + std::chrono::seconds(i), kStrangers);
  }
  EXPECT_EQ(bans.size(), conn::kMaxBans);
  bans.put(numbered_id(77'777), kStart + 1h,
           kStrangers);  // it ends first, and is in force all the same
  EXPECT_NE(bans.find(numbered_id(77'777), kStart), nullptr);
  EXPECT_EQ(bans.find(numbered_id(0), kStart), nullptr);
  bans.put(numbered_id(88'888), kStart + 9h, kStrangers);
  EXPECT_EQ(bans.find(numbered_id(77'777), kStart), nullptr);
  bans.put(Cidr(v4(0xcb007107)), kStart + 1h, kStrangers);
  EXPECT_EQ(bans.find(numbered_id(2), kStart), nullptr);
  EXPECT_NE(bans.find(v4(1 << 8), kStart), nullptr) << "of a smaller group, though it ends first";
  EXPECT_EQ(bans.size(), conn::kMaxBans);
  EXPECT_EQ(bans.kept.size(), conn::kMaxBans) << "what is dropped is reported";
}

// Bans for misbehaviour by many groups, more than there is room for.
struct SharedRoom : testing::Test {
  Followed bans;

  void ban(const BanTarget& target, TimePoint until = kStart + 1h) {
    bans.put(target, until, kStrangers);
  }
  bool is_banned(const BanTarget& target) const { return bans.kept.contains(target); }
  // One host of each neighbourhood of a group, so that none are joined: `group` is a /16 of IPv4,
  // or, from 0x10000 on, a /32 of IPv6; beyond, IDs.
  static constexpr std::uint32_t kV6 = 0x10000, kIds = 0x20000;
  static BanTarget of_group(std::uint32_t group, std::uint32_t number) {
    if (group >= kIds) return numbered_id(number);
    if (group < kV6) {
      return Cidr(
          v4(group << 16 | (number % 256) << 8 | (number / 256 % 15 + number / 3'840 * 16)));
    }
    conn::ByteArray<16> bytes{0x2a, 0x00, 0, static_cast<std::uint8_t>(group)};
    bytes[4] = static_cast<std::uint8_t>(number >> 8);
    bytes[5] = static_cast<std::uint8_t>(number);
    return Cidr(IpAddress::v6(bytes), 64);
  }
  // The others end before any of the flood, and hold 30 bans each.
  void expect_others_stay_beside(std::uint32_t flood) {
    std::set<BanTarget> others;
    for (std::uint32_t i = 0; i < 3'000; ++i) {
      const BanTarget other = of_group(0x1400 + i % 100, i / 100);
      others.insert(other);
      ban(other, kStart + 1min);
    }
    for (std::uint32_t i = 0; i < 30'000; ++i) ban(of_group(flood, i), kStart + 24h);
    for (const BanTarget& each : others) EXPECT_TRUE(is_banned(each)) << to_string(each);
    EXPECT_EQ(bans.size(), conn::kMaxBans);
    EXPECT_TRUE(is_banned(of_group(flood, 29'999)));
  }
};

TEST_F(SharedRoom, AnyNumberOfIdsTakesTheRoomOfNoNetwork) {
  expect_others_stay_beside(kIds);
}

TEST_F(SharedRoom, OneAllocationOfIpV6TakesTheRoomOfNoOther) {
  expect_others_stay_beside(kV6);
}

TEST_F(SharedRoom, OfGroupsThatHoldAsMuchTheNewcomersOwnMakesRoom) {
  for (std::uint32_t i = 0; i < conn::kMaxBans / 2; ++i) {
    ban(of_group(kV6, i), kStart + 1min);
    ban(of_group(kIds, i), kStart + 1h);
  }
  ban(numbered_id(77'777), kStart + 24h);
  EXPECT_FALSE(is_banned(numbered_id(0)));
  EXPECT_TRUE(is_banned(of_group(kV6, 0)));
}

TEST_F(SharedRoom, OfManyGroupsThatHoldAsMuchTheBanThatEndsFirstMakesRoom) {
  for (std::uint32_t i = 0; i < conn::kMaxBans; ++i) {
    ban(of_group(0x1400 + i, 0), kStart + 1h + std::chrono::seconds(i * 7 % conn::kMaxBans));
  }
  // One of a group that had none, twice: the first that ends is gone, then the second.
  ban(numbered_id(1), kStart + 24h);
  EXPECT_FALSE(is_banned(of_group(0x1400, 0)));
  ban(of_group(kV6, 0), kStart + 24h);
  EXPECT_FALSE(is_banned(of_group(0x1400 + 7'143, 0))) << "i * 7 = 50 001";
  EXPECT_TRUE(is_banned(numbered_id(1)));
  EXPECT_EQ(bans.size(), conn::kMaxBans);
}

TEST_F(SharedRoom, WhatIsRenewedCountsOnceAndWhatIsGoneNoMore) {
  constexpr std::uint32_t kHalf = conn::kMaxBans / 2;
  for (std::uint32_t i = 0; i < kHalf; ++i) {
    ban(of_group(kV6, i), kStart + 1min);
    ban(of_group(kIds, i), kStart + 1h);
  }
  for (std::uint32_t i = 0; i < 10; ++i) ban(of_group(kV6, i), kStart + 2min);
  EXPECT_EQ(bans.size(), conn::kMaxBans) << "renewed, they take no room";
  EXPECT_TRUE(bans.remove(of_group(kV6, 10)));
  bans.kept.erase(of_group(kV6, 10));
  bans.put(of_group(kV6, 11), kStart + 1h, BanOrigin::operator_);
  for (std::uint32_t i = 0; i < 2; ++i) ban(of_group(0x1400, i));
  EXPECT_EQ(bans.kept.size(), conn::kMaxBans + 1) << "two had room";
  ban(of_group(0x1400, 2));
  EXPECT_FALSE(is_banned(of_group(kIds, 0))) << "the IDs are two more";
}

// Whatever one group adds, the bans of groups that hold fewer stay.
TEST_F(SharedRoom, OnlyTheLargestGroupLosesABanAndOfItTheFirstToEnd) {
  std::mt19937 random(7);
  const std::vector<std::uint32_t> groups = {0x1400, 0x1401, 0x1402, kV6 + 1, kV6 + 2, kIds};
  std::map<BanTarget, std::pair<std::uint32_t, TimePoint>> model;
  std::map<std::uint32_t, std::set<std::pair<TimePoint, BanTarget>>> by_group;
  TimePoint now = kStart;
  std::size_t dropped = 0;
  for (std::uint32_t step = 0; step < 60'000; ++step) {
    now += 5ms;
    for (auto& [group, ends] : by_group) {
      while (!ends.empty() && ends.begin()->first <= now) {
        model.erase(ends.begin()->second);
        ends.erase(ends.begin());
      }
    }
    // Some are busier than others, each for a while.
    const std::size_t skewed = std::min(random() % groups.size(), random() % groups.size());
    const std::uint32_t group = groups[(skewed + step / 10'000) % groups.size()];
    const BanTarget target =
        of_group(group, static_cast<std::uint32_t>(random() % (group < kV6 ? 3'840 : 60'000)));
    const TimePoint until = now + std::chrono::milliseconds(60'000 + random() % 900'000);
    const auto changes = bans.add({target, until, "", kStrangers}, now);
    ASSERT_TRUE(changes && changes->added);
    if (const auto known = model.find(target); known != model.end()) {
      by_group[group].erase({known->second.second, target});
      ASSERT_TRUE(changes->dropped.empty()) << "a renewed one takes no room";
    }
    for (const BanTarget& each : changes->dropped) {
      const auto found = model.find(each);
      ASSERT_NE(found, model.end());
      const auto [victim, end] = found->second;
      ASSERT_EQ(by_group[victim].begin()->first, end) << step;
      const auto held = [&](std::uint32_t of) {
        return by_group[of].size() + (of == group ? 1 : 0);
      };
      for (const std::uint32_t other : groups) ASSERT_GE(held(victim), held(other)) << step;
      by_group[victim].erase({end, each});
      model.erase(found);
      ++dropped;
    }
    model[target] = {group, until};
    by_group[group].insert({until, target});
    ASSERT_EQ(bans.size(), model.size());
  }
  EXPECT_GT(dropped, 10'000u) << "little happened";
}

TEST(BanList, OfBansThatEndTogetherTheOldestIsDropped) {
  Followed bans;
  for (std::uint32_t i = 0; i < conn::kMaxBans; ++i)
    bans.put(numbered_id(i), kStart + 1h, kStrangers);
  bans.put(numbered_id(0), kStart + 1h, kStrangers);  // renewed
  EXPECT_EQ(bans.size(), conn::kMaxBans);
  bans.put(numbered_id(10'000), kStart + 1h, kStrangers);
  EXPECT_NE(bans.find(numbered_id(0), kStart), nullptr);
  EXPECT_EQ(bans.find(numbered_id(1), kStart), nullptr);
}

TEST(BanList, EndedBansAreDroppedBeforeAnyInForce) {
  Followed bans;
  bans.put(network("203.0.0.0/16"), kStart + 2h, kStrangers);
  for (std::uint32_t i = 1; i < conn::kMaxBans; ++i)
    bans.put(numbered_id(i), kStart + 1min, kStrangers);
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    bans.put(numbered_id(20'000 + i), kStart + 3h, kStrangers, kStart + 1h);
  }
  EXPECT_NE(bans.find(ip("203.0.113.7"), kStart + 1h), nullptr);
  EXPECT_EQ(bans.size(), 5'001u);
}

TEST(BanList, NoNumberOfStrangersDisplacesAnOperatorsBan) {
  for (const std::uint32_t strangers : {10'100u, 100'000u}) {
    Followed bans;
    bans.put(network("203.0.113.0/24"), kStart + 720h, BanOrigin::operator_);
    bans.put(numbered_id(0), kStart + 1min, BanOrigin::operator_);
    for (std::uint32_t i = 1; i <= strangers; ++i) {
      BanTarget target = numbered_id(i);
      if (i % 2 == 1) target = Cidr(v4(0x14000000 + (i << 7)));
      bans.put(target, kStart + 24h, kStrangers);
    }
    EXPECT_NE(bans.find(ip("203.0.113.7"), kStart), nullptr);
    EXPECT_NE(bans.find(numbered_id(0), kStart), nullptr) << "though it ends first";
    EXPECT_EQ(bans.size(), conn::kMaxBans + 2);
    EXPECT_EQ(bans.kept.size(), conn::kMaxBans + 2);
  }
}

TEST(BanList, AnOperatorsBanBeyondTheirRoomIsRefusedAndNothingIsLost) {
  BanList bans;
  for (std::uint32_t i = 0; i < conn::kMaxBans; ++i) {
    ASSERT_TRUE(bans.add({numbered_id(i), kStart + 1h, ""}, kStart));
  }
  const auto refused = bans.add({numbered_id(77'777), kStart + 1h, ""}, kStart);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, PeerReason::ban_list_full);
  EXPECT_EQ(bans.all(kStart).size(), conn::kMaxBans);
  EXPECT_TRUE(bans.add({numbered_id(0), kStart + 2h, "renewed"}, kStart));
  EXPECT_TRUE(bans.add({numbered_id(88'888), kStart + 1h, "", kStrangers}, kStart))
      << "they have their own";
  EXPECT_FALSE(bans.add({numbered_id(88'888), kStart + 1h, ""}, kStart));
  EXPECT_EQ(bans.find(numbered_id(88'888), kStart)->origin, kStrangers)
      << "a refusal changes nothing";
  EXPECT_TRUE(bans.add({numbered_id(77'777), kStart + 3h, ""}, kStart + 1h))
      << "when others have ended";
}

TEST(BanList, AnOperatorsBanHoldsAgainstOneForMisbehaviourOfTheSameTarget) {
  Followed bans;
  bans.put(numbered_id(1), kStart + 720h, BanOrigin::operator_);
  EXPECT_FALSE(bans.put(numbered_id(1), kStart + 1min, kStrangers));
  EXPECT_EQ(bans.find(numbered_id(1), kStart)->until, kStart + 720h);
  bans.put(numbered_id(2), kStart + 720h, kStrangers);
  EXPECT_TRUE(bans.put(numbered_id(2), kStart + 1min, BanOrigin::operator_));
  EXPECT_EQ(bans.find(numbered_id(2), kStart)->origin, BanOrigin::operator_);
  EXPECT_EQ(bans.size(), 2u);
}

// --- neighbourhoods ---

TEST(BanList, BansOfSixteenHostsOfANeighbourhoodBecomeOneOfIt) {
  Followed bans;
  bans.put_hosts("203.0.113.1", 15);
  EXPECT_EQ(bans.find(ip("203.0.113.200"), kStart), nullptr) << "fifteen do not";
  EXPECT_EQ(bans.size(), 15u);
  bans.put_hosts("203.0.113.16", 1);
  ASSERT_NE(bans.find(ip("203.0.113.200"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.112.200"), kStart), nullptr);
  EXPECT_EQ(bans.size(), 1u);
  EXPECT_EQ(bans.kept, std::set<BanTarget>{network("203.0.113.0/24")});
  EXPECT_EQ(bans.all(kStart)[0].reason, "16 of its hosts were banned; the last: why");
}

TEST(BanList, ANeighbourhoodOfIpV6IsA48AndItsHostsAreWhole64s) {
  Followed bans;
  for (std::uint8_t i = 0; i < 16; ++i) {
    auto bytes = ip("2001:db8:7::1").bytes();
    bytes[7] = i;
    EXPECT_EQ(bans.find(ip("2001:db8:7:ffff::1"), kStart), nullptr);
    // One address stands for its /64.
    bans.put(Cidr(IpAddress::v6(bytes)), kStart + 1h, kStrangers);
    bytes[15] = 2;
    EXPECT_NE(bans.find(IpAddress::v6(bytes), kStart), nullptr);
  }
  ASSERT_EQ(bans.kept.size(), 1u);
  EXPECT_NE(bans.find(ip("2001:db8:7:ffff::1"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("2001:db8:8::1"), kStart), nullptr);
  EXPECT_EQ(bans.kept, std::set<BanTarget>{network("2001:db8:7::/48")});
}

TEST(BanList, ANeighbourhoodsBanEndsWithTheLastOfItsHosts) {
  Followed bans;
  bans.put_hosts("203.0.113.1", 3, kStart + 20min);
  bans.put_hosts("203.0.113.4", 13, kStart + 10min);
  EXPECT_NE(bans.find(ip("203.0.113.200"), kStart + 20min - 1ns), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.113.200"), kStart + 20min), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.113.1"), kStart + 20min), nullptr);
}

TEST(BanList, HostsThatAreNotBannedAtOnceDoNotSpread) {
  Followed bans;
  for (std::uint32_t i = 0; i < 64; ++i) {
    const TimePoint now = kStart + i * 1min;
    bans.put(Cidr(v4(0xcb007100 + i)), now + 10min, kStrangers, now);
  }
  EXPECT_EQ(bans.find(ip("203.0.113.200"), kStart + 64min), nullptr);
}

TEST(BanList, OneHostBannedOftenDoesNotSpread) {
  Followed bans;
  for (int i = 0; i < 100; ++i) bans.put_hosts("203.0.113.1", 1);
  // Nor does one in a neighbourhood that is banned make that ban longer.
  bans.put_hosts("203.0.113.1", 16);
  bans.put_hosts("203.0.113.1", 1, kStart + 24h);
  EXPECT_EQ(bans.find(ip("203.0.113.200"), kStart + 1h), nullptr);
  EXPECT_NE(bans.find(ip("203.0.113.1"), kStart + 1h), nullptr);
}

TEST(BanList, WhatAnOperatorBansDoesNotSpread) {
  Followed bans;
  for (std::uint32_t i = 0; i < 64; ++i) {
    bans.put(Cidr(v4(0xcb007100 + i)), kStart + 1h, BanOrigin::operator_);
  }
  EXPECT_EQ(bans.find(ip("203.0.113.200"), kStart), nullptr);
  EXPECT_EQ(bans.size(), 64u);
}

TEST(BanList, ANeighbourhoodOfWhichAPartIsExemptIsNeverBannedForMisbehaviour) {
  for (const char* exempt : {"203.0.113.200", "203.0.113.128/25", "203.0.0.0/16"}) {
    BanList bans({network(exempt)});
    for (std::uint32_t i = 1; i < 100; ++i) {
      (void)bans.add({Cidr(v4(0xcb007100 + i)), kStart + 1h, "", kStrangers}, kStart);
    }
    EXPECT_EQ(bans.find(ip("203.0.113.200"), kStart), nullptr) << exempt;
  }
}

TEST(BanList, ANeighbourhoodOfATrustedNodeIsNeverBannedForMisbehaviour) {
  Followed bans;
  bans.set_has_named([](const Cidr& in) { return in.contains(ip("203.0.113.200")); });
  bans.put_hosts("203.0.113.1", 100);
  EXPECT_EQ(bans.find(ip("203.0.113.200"), kStart), nullptr);
  EXPECT_EQ(bans.size(), 100u);
  bans.put_hosts("203.0.112.1", 16);
  EXPECT_NE(bans.find(ip("203.0.112.200"), kStart), nullptr);
}

TEST(BanList, ANeighbourhoodOfAnEstablishedPeerIsNotBannedWhileItIsThere) {
  Followed bans;
  bool here = true;
  bans.set_has_established([&](const Cidr& in) {
    EXPECT_NE(bans.find(in.base(), kStart), nullptr) << "the host's ban is in force by then";
    return here && in.contains(ip("203.0.113.200"));
  });
  bans.put_hosts("203.0.113.0", 100);
  EXPECT_EQ(bans.find(ip("203.0.113.200"), kStart), nullptr);
  EXPECT_EQ(bans.size(), 100u);
  EXPECT_EQ(bans.target_for(numbered_id(1), ip("203.0.113.200")),
            BanTarget(network("203.0.113.200")))
      << "it spares no host, and its own least of all";
  here = false;
  bans.put_hosts("203.0.113.101", 1);
  EXPECT_EQ(bans.kept, std::set<BanTarget>{network("203.0.113.0/24")});
}

TEST(BanList, AnExemptHostIsNotBannedForMisbehaviourButByAnOperator) {
  BanList bans({network("203.0.113.0/24")});
  const Ban ban{network("203.0.113.7"), kStart + 1h, "", kStrangers};
  const auto refused = bans.add(ban, kStart);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, conn::Reason::invalid_argument);
  EXPECT_FALSE(bans.add({network("203.0.0.0/16"), kStart + 1h, "", kStrangers}, kStart));
  EXPECT_EQ(bans.size(), 0u);
  EXPECT_TRUE(bans.add({network("203.0.113.7"), kStart + 1h, ""}, kStart));
  EXPECT_NE(bans.find(ip("203.0.113.7"), kStart), nullptr);
}

TEST(BanList, ThatIsForMisbehaviourIsOfTheHostOrOfTheIdWhereOthersShareIt) {
  BanList bans({network("10.0.0.0/8")});
  bans.set_has_named([](const Cidr& in) { return in.contains(ip("198.51.100.7")); });
  EXPECT_EQ(bans.target_for(numbered_id(1), ip("203.0.113.7")), BanTarget(network("203.0.113.7")));
  EXPECT_EQ(bans.target_for(numbered_id(1), ip("2001:db8::7")),
            BanTarget(network("2001:db8::/64")));
  EXPECT_EQ(bans.target_for(numbered_id(1), ip("10.1.1.1")), BanTarget(numbered_id(1)));
  EXPECT_EQ(bans.target_for(numbered_id(1), ip("198.51.100.7")), BanTarget(numbered_id(1)));
  EXPECT_EQ(bans.target_for(numbered_id(1), ip("198.51.100.8")),
            BanTarget(network("198.51.100.8")));
}

TEST(BanList, AgreesWithAPlainListWhateverHappens) {
  auto random = [engine = std::mt19937(1)]() mutable {
    return static_cast<std::uint32_t>(engine());
  };
  BanList bans;
  std::map<BanTarget, TimePoint> model;
  TimePoint now = kStart;
  const auto target = [&random]() -> BanTarget {
    if (random() % 3 == 0) return numbered_id(random() % 20);
    if (random() % 2 == 0) return Cidr(v4(random()), random() % 6);
    conn::ByteArray<16> bytes{};
    bytes[0] = static_cast<std::uint8_t>(random());
    return Cidr(IpAddress::v6(bytes), random() % 6);
  };
  for (int step = 0; step < 20'000; ++step) {
    now += std::chrono::seconds(random() % 10);
    const BanTarget chosen = target();
    if (random() % 4 == 0) {
      const auto found = model.find(chosen);
      const bool in_force = found != model.end() && found->second > now;
      // Of an ended one it is left open whether it is still there.
      if (const bool removed = bans.remove(chosen); in_force) {
        EXPECT_TRUE(removed);
      }
      model.erase(chosen);
    } else {
      const TimePoint until = now + std::chrono::seconds(random() % 100);
      (void)bans.add({chosen, until, ""}, now);
      if (until > now) model[chosen] = until;
    }
    std::erase_if(model, [now](const auto& entry) { return entry.second <= now; });
    ASSERT_EQ(bans.all(now).size(), model.size());
    const IpAddress asked =
        std::get_if<Cidr>(&chosen) != nullptr ? std::get<Cidr>(chosen).base() : v4(random());
    const bool banned = std::any_of(model.begin(), model.end(), [&](const auto& entry) {
      const auto* cidr = std::get_if<Cidr>(&entry.first);
      return cidr != nullptr && cidr->contains(asked);
    });
    ASSERT_EQ(bans.find(asked, now) != nullptr, banned);
    const NodeId node = numbered_id(random() % 20);
    ASSERT_EQ(bans.find(node, now) != nullptr, model.contains(node));
  }
}

}  // namespace
}  // namespace peerage::p2p
