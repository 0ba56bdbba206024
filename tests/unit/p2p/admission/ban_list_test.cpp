#include "p2p/admission/ban_list.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

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
const TimePoint kStart{1h};

NodeId id(std::uint32_t number) {
  conn::ByteArray<NodeId::kBytes> bytes{};
  for (int i = 0; i < 4; ++i)
    bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> 8 * i);
  return NodeId(bytes);
}

IpAddress v4(std::uint32_t value) {
  return IpAddress::v4(static_cast<std::uint8_t>(value >> 24),
                       static_cast<std::uint8_t>(value >> 16),
                       static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value));
}

TEST(BanList, ABannedIdIsFoundUntilItsEnd) {
  BanList bans;
  bans.add({id(1), kStart + 1h, "spoke nonsense"}, kStart);
  ASSERT_NE(bans.find(id(1), kStart), nullptr);
  EXPECT_EQ(bans.find(id(1), kStart)->reason, "spoke nonsense");
  EXPECT_NE(bans.find(id(1), kStart + 1h - 1ns), nullptr);
  EXPECT_EQ(bans.find(id(1), kStart + 1h), nullptr);
  EXPECT_EQ(bans.find(id(2), kStart), nullptr);
}

TEST(BanList, ABannedAddressIsFoundUntilItsEnd) {
  BanList bans;
  bans.add({Cidr(ip("203.0.113.7")), kStart + 1h, ""}, kStart);
  EXPECT_NE(bans.find(ip("203.0.113.7"), kStart + 1h - 1ns), nullptr);
  EXPECT_NE(bans.find(ip("::ffff:203.0.113.7"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.113.7"), kStart + 1h), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.113.8"), kStart), nullptr);
}

TEST(BanList, ABannedNetworkBansEveryAddressInIt) {
  BanList bans;
  bans.add({network("203.0.113.0/24"), kStart + 1h, ""}, kStart);
  bans.add({network("2001:db8::/32"), kStart + 1h, ""}, kStart);
  EXPECT_NE(bans.find(ip("203.0.113.0"), kStart), nullptr);
  EXPECT_NE(bans.find(ip("203.0.113.255"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.114.0"), kStart), nullptr);
  EXPECT_NE(bans.find(ip("2001:db8:ffff::1"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("2001:db9::1"), kStart), nullptr);
}

TEST(BanList, ANetworkOfNoBitsBansItsFamilyAndNotTheOther) {
  BanList bans;
  bans.add({network("0.0.0.0/0"), kStart + 1h, ""}, kStart);
  EXPECT_NE(bans.find(ip("8.8.8.8"), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("2001:db8::1"), kStart), nullptr);
}

TEST(BanList, AnEndedBanDoesNotHideAWiderOneInForce) {
  BanList bans;
  bans.add({network("203.0.0.0/16"), kStart + 2h, "wide"}, kStart);
  bans.add({network("203.0.113.0/24"), kStart + 1h, "middle"}, kStart);
  bans.add({network("0.0.0.0/1"), kStart + 1h, "of others"}, kStart);
  ASSERT_NE(bans.find(ip("203.0.113.7"), kStart + 1h), nullptr);
  EXPECT_EQ(bans.find(ip("203.0.113.7"), kStart + 1h)->reason, "wide");
}

TEST(BanList, ASecondBanOfATargetReplacesTheFirst) {
  BanList bans;
  bans.add({id(1), kStart + 2h, "first"}, kStart);
  bans.add({id(1), kStart + 1h, "second"}, kStart);
  EXPECT_EQ(bans.size(), 1u);
  EXPECT_EQ(bans.find(id(1), kStart)->reason, "second");
  EXPECT_EQ(bans.find(id(1), kStart + 1h), nullptr);
  bans.add({network("10.0.0.0/8"), kStart + 1h, "first"}, kStart);
  bans.add({network("10.0.0.0/8"), kStart + 2h, "second"}, kStart);
  EXPECT_EQ(bans.size(), 2u);
  EXPECT_EQ(bans.find(ip("10.1.1.1"), kStart + 1h)->reason, "second");
}

TEST(BanList, NetworksOfOneBaseAndAnotherLengthAreDifferentTargets) {
  BanList bans;
  bans.add({network("10.0.0.0/8"), kStart + 1h, ""}, kStart);
  bans.add({network("10.0.0.0/9"), kStart + 1h, ""}, kStart);
  bans.add({network("10.0.0.0"), kStart + 1h, ""}, kStart);
  EXPECT_EQ(bans.size(), 3u);
  EXPECT_TRUE(bans.remove(network("10.0.0.0/8")));
  EXPECT_EQ(bans.find(ip("10.200.0.0"), kStart), nullptr);
  EXPECT_NE(bans.find(ip("10.1.0.0"), kStart), nullptr);
}

TEST(BanList, ABanThatHasEndedChangesNothing) {
  BanList bans;
  bans.add({id(1), kStart, ""}, kStart);
  EXPECT_EQ(bans.size(), 0u);
  bans.add({id(1), kStart + 1h, "stands"}, kStart);
  bans.add({id(1), kStart - 1h, "a row from long ago"}, kStart);
  ASSERT_NE(bans.find(id(1), kStart), nullptr);
  EXPECT_EQ(bans.find(id(1), kStart)->reason, "stands");
}

TEST(BanList, WhatIsRemovedIsLetInAgain) {
  BanList bans;
  bans.add({id(1), kStart + 1h, ""}, kStart);
  bans.add({network("10.0.0.0/8"), kStart + 1h, ""}, kStart);
  EXPECT_TRUE(bans.remove(id(1)));
  EXPECT_FALSE(bans.remove(id(1)));
  EXPECT_TRUE(bans.remove(network("10.0.0.0/8")));
  EXPECT_FALSE(bans.remove(network("10.0.0.0/8")));
  EXPECT_FALSE(bans.remove(network("10.0.0.0/9")));
  EXPECT_EQ(bans.find(id(1), kStart), nullptr);
  EXPECT_EQ(bans.find(ip("10.0.0.1"), kStart), nullptr);
  EXPECT_EQ(bans.size(), 0u);
}

TEST(BanList, ListsThoseInForceTheOldestFirst) {
  BanList bans;
  bans.add({id(1), kStart + 3h, ""}, kStart);
  bans.add({network("10.0.0.0/8"), kStart + 1h, ""}, kStart);
  bans.add({network("2001:db8::/32"), kStart + 2h, ""}, kStart);
  const auto all = bans.all(kStart + 1h);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(to_string(all[0].target), id(1).to_string());
  EXPECT_EQ(to_string(all[1].target), "2001:db8::/32");
}

TEST(BanList, HoldsTenThousandAndDropsTheOldest) {
  BanList bans;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    BanTarget target = id(i);
    if (i % 2 == 1) target = Cidr(v4(i));
    bans.add({target, kStart + 1h, ""}, kStart);
  }
  EXPECT_EQ(bans.size(), BanList::kMaxBans);
  bans.add({id(77'777), kStart + 1h, ""}, kStart);
  bans.add({id(88'888), kStart + 1h, ""}, kStart);
  EXPECT_EQ(bans.size(), BanList::kMaxBans);
  EXPECT_EQ(bans.find(id(0), kStart), nullptr);
  EXPECT_EQ(bans.find(v4(1), kStart), nullptr);
  EXPECT_NE(bans.find(id(2), kStart), nullptr);
  EXPECT_NE(bans.find(id(88'888), kStart), nullptr);
}

TEST(BanList, ABanThatIsRenewedIsTheYoungestAgain) {
  BanList bans;
  for (std::uint32_t i = 0; i < 10'000; ++i) bans.add({id(i), kStart + 1h, ""}, kStart);
  bans.add({id(0), kStart + 1h, ""}, kStart);
  EXPECT_EQ(bans.size(), BanList::kMaxBans);
  bans.add({id(10'000), kStart + 1h, ""}, kStart);
  EXPECT_NE(bans.find(id(0), kStart), nullptr);
  EXPECT_EQ(bans.find(id(1), kStart), nullptr);
}

TEST(BanList, EndedBansAreDroppedBeforeAnyInForce) {
  BanList bans;
  bans.add({network("203.0.113.0/24"), TimePoint::max(), "by the operator"}, kStart);
  for (std::uint32_t i = 1; i < 10'000; ++i) bans.add({id(i), kStart + 1min, ""}, kStart);
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    bans.add({id(20'000 + i), kStart + 2h, ""}, kStart + 1h);
  }
  EXPECT_NE(bans.find(ip("203.0.113.7"), kStart + 1h), nullptr);
  EXPECT_EQ(bans.size(), 5'001u);
}

TEST(BanList, AgreesWithAPlainListWhateverHappens) {
  auto random = [engine = std::mt19937(1)]() mutable {
    return static_cast<std::uint32_t>(engine());
  };
  BanList bans;
  std::map<BanTarget, TimePoint> model;
  TimePoint now = kStart;
  const auto target = [&random]() -> BanTarget {
    if (random() % 3 == 0) return id(random() % 20);
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
      bans.add({chosen, until, ""}, now);
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
    const NodeId node = id(random() % 20);
    ASSERT_EQ(bans.find(node, now) != nullptr, model.contains(node));
  }
}

}  // namespace
}  // namespace peerage::p2p
