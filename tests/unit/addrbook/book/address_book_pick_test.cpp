// Picking where few addresses are acceptable, or none.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/book/address_book.h"
#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::NetAddress;
using conn::Reason;
using conn::Stage;
using test::scattered;
using namespace std::chrono_literals;

// How far the counts are from `expected` each, of all that are named: chi-square.
template <typename Key, typename Named>
double unevenness(std::map<Key, int>& times, const Named& named, double expected) {
  double sum = 0;
  for (const Key& each : named) {
    const double off = times[each] - expected;
    sum += off * off / expected;
  }
  return sum;
}

class PickTest : public test::BookTest {
 protected:
  // `tried` of them are.
  void fill(std::uint32_t new_ones, std::uint32_t tried) {
    for (std::uint32_t i = 0; book.size_of(Kind::tried) < tried; ++i) {
      if (hear(scattered(i)) == Added::added) make_tried(scattered(i));
    }
    for (std::uint32_t i = 10'000; book.size_of(Kind::new_) < new_ones; ++i) hear(scattered(i));
  }
};

TEST_F(PickTest, EachOfAFewAcceptableAddressesIsEquallyLikely) {
  fill(3000, 0);
  // They were heard of one after another, as an attacker would arrange it.
  std::set<NetAddress> few;
  book.for_each([&](const KnownAddress& known) {
    if (few.size() < 8) few.insert(known.address);
  });
  const auto one_of_them = [&](const KnownAddress& known) { return few.contains(known.address); };
  std::map<NetAddress, int> times;
  constexpr int kPicks = 4000;
  for (int i = 0; i < kPicks; ++i) ++times[*book.pick({100}, now, one_of_them)];
  EXPECT_LT(unevenness(times, few, kPicks / 8.0), 24.3)
      << "of 7 degrees of freedom, 1 in 1000 would be beyond";
}

TEST_F(PickTest, LongestKnownIsTheFirstVerifiedOfTheAcceptableTriedOnes) {
  EXPECT_EQ(book.longest_known(now), std::nullopt);
  for (std::uint32_t i = 0; i < 5; ++i) {
    hear(scattered(i));
    i == 0 ? visit(scattered(i)) : make_tried(scattered(i));
    now += 1h;
  }
  EXPECT_EQ(book.longest_known(now), scattered(1)) << "the first was only visited";
  // A recent connection does not make it younger.
  visit(scattered(1));
  EXPECT_EQ(book.longest_known(now), scattered(1));
  EXPECT_EQ(book.longest_known(
                now, [](const KnownAddress& known) { return known.address != scattered(1); }),
            scattered(2));
  book.mark_bad(scattered(1), Reason::packet_malformed, now + 1h, now);
  EXPECT_EQ(book.longest_known(now), scattered(2));
  EXPECT_EQ(book.longest_known(now + 2h), scattered(1));
  // Another node is there: how long it was known no longer counts.
  fail(scattered(1), Reason::wrong_id, Stage::authentication);
  EXPECT_NE(book.longest_known(now + 2h), scattered(1));
}

TEST_F(PickTest, NoneIsPickedWhereAllRest) {
  for (const auto& [new_ones, tried] :
       {std::pair{1u, 0u}, {0u, 1u}, {0u, 30u}, {30u, 0u}, {9u, 9u}}) {
    SCOPED_TRACE(std::to_string(new_ones) + "/" + std::to_string(tried));
    for (std::uint32_t i = 0; i < 20'000; ++i) book.forget(scattered(i));
    fill(new_ones, tried);
    std::vector<NetAddress> all;
    book.for_each([&](const KnownAddress& known) { all.push_back(known.address); });
    for (const auto& each : all) book.mark_bad(each, Reason::packet_malformed, now + 1h, now);
    for (const unsigned bias : {0u, 1u, 50u, 99u, 100u, ~0u}) {
      EXPECT_FALSE(book.pick({bias}, now));
      EXPECT_FALSE(book.pick({bias}, now + 59min, [](const KnownAddress&) { return true; }));
    }
    EXPECT_TRUE(book.selection(now).empty());
    EXPECT_TRUE(book.verified_selection(now).empty());
    now += 1h;
    EXPECT_TRUE(book.pick({50}, now));
    EXPECT_EQ(book.selection(now).size(), std::min<std::size_t>(all.size(), kMinSelection));
  }
}

TEST_F(PickTest, TheKindWithAnAcceptableAddressIsPickedWhateverTheBias) {
  fill(50, 50);
  for (const Kind only : {Kind::new_, Kind::tried}) {
    for (const unsigned bias : {0u, 50u, 100u}) {
      const auto of_it = [&](const KnownAddress& known) { return known.kind == only; };
      const auto picked = book.pick({bias}, now, of_it);
      ASSERT_TRUE(picked);
      EXPECT_EQ(book.find(*picked)->kind, only);
    }
  }
}

TEST_F(PickTest, AddressesFromBlamedGroupsAloneArePickedNevertheless) {
  for (std::uint32_t i = 0; i < 200; ++i) {
    const NetAddress wrong = test::address(i + 1, "31.1.1.1");
    ASSERT_EQ(hear(wrong), Added::added);
    fail(wrong, Reason::wrong_id, Stage::authentication);
    fail(wrong, Reason::wrong_id, Stage::authentication);
    ASSERT_EQ(book.find(wrong), nullptr);
  }
  fill(10, 0);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(book.pick({100}, now));
}

class PickByGroupTest : public PickTest {
 protected:
  // `groups` /16s, the n-th with n + 1 addresses in different neighbourhoods.
  void fill_groups(unsigned groups) {
    for (unsigned group = 0; group < groups; ++group) {
      for (unsigned k = 0; k <= group; ++k) {
        const std::string ip = "5." + std::to_string(group) + "." + std::to_string(k) + ".1";
        // From as many sources as there are addresses, for one reaches one bucket with a group.
        ASSERT_EQ(hear(test::address(100 * group + k + 1, ip), "66." + std::to_string(k) + ".1.1"),
                  Added::added);
      }
    }
  }
  static unsigned group_of(const NetAddress& address) { return address.endpoint.ip.v4_bytes()[1]; }
};

TEST_F(PickByGroupTest, NoGroupIsPickedFromAnEmptyBook) {
  EXPECT_TRUE(book.pick_by_group(4, now).empty());
  EXPECT_FALSE(book.pick_of_group(book.group(*conn::IpAddress::parse("5.1.1.1")), now));
}

TEST_F(PickByGroupTest, EachGroupIsEquallyLikelyHoweverManyAddressesItHas) {
  fill_groups(20);
  std::map<unsigned, int> times;
  constexpr int kPicks = 2000;
  for (int i = 0; i < kPicks; ++i) {
    const auto picked = book.pick_by_group(4, now);
    ASSERT_EQ(picked.size(), 4u);
    std::set<unsigned> groups;
    for (const NetAddress& each : picked) groups.insert(group_of(each));
    EXPECT_EQ(groups.size(), 4u) << "one of each";
    for (const unsigned group : groups) ++times[group];
  }
  std::set<unsigned> all;
  for (unsigned group = 0; group < 20; ++group) all.insert(group);
  EXPECT_LT(unevenness(times, all, kPicks / 5.0), 43.8)
      << "of 19 degrees of freedom, 1 in 1000 would be beyond";
  EXPECT_EQ(book.pick_by_group(100, now).size(), 20u);
}

TEST_F(PickByGroupTest, OfAGroupEachFirstHandAddressIsEquallyLikelyAndHearsayComesLast) {
  fill_groups(20);
  std::set<NetAddress> first_hand;
  for (const unsigned k : {3u, 7u, 11u, 12u}) {
    const NetAddress its = test::address(1901 + k, "5.19." + std::to_string(k) + ".1");
    ASSERT_NE(book.find(its), nullptr);
    visit(its);
    first_hand.insert(its);
  }
  const auto group = book.group(first_hand.begin()->endpoint.ip);
  std::map<NetAddress, int> times;
  constexpr int kPicks = 2000;
  for (int i = 0; i < kPicks; ++i) {
    const auto picked = book.pick_of_group(group, now);
    ASSERT_TRUE(picked);
    ++times[*picked];
  }
  EXPECT_LT(unevenness(times, first_hand, kPicks / 4.0), 16.3)
      << "of 3 degrees of freedom, 1 in 1000 would be beyond";
  EXPECT_EQ(times.size(), 4u) << "no hearsay";
  const auto other = book.pick_of_group(
      group, now, [&](const KnownAddress& known) { return !first_hand.contains(known.address); });
  ASSERT_TRUE(other);
  EXPECT_EQ(group_of(*other), 19u);
}

TEST_F(PickByGroupTest, WhatRestsOrStandsByOrIsGoneIsNotPicked) {
  fill_groups(3);
  const NetAddress first = test::address(201, "5.2.0.1"), second = test::address(202, "5.2.1.1"),
                   third = test::address(203, "5.2.2.1");
  const auto group = book.group(first.endpoint.ip);
  book.mark_bad(first, Reason::packet_malformed, now + 1h, now);
  book.forget(third);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(book.pick_of_group(group, now), second);
  book.mark_bad(second, Reason::packet_malformed, now + 2h, now);
  EXPECT_FALSE(book.pick_of_group(group, now));
  EXPECT_EQ(book.pick_by_group(100, now).size(), 2u);
  EXPECT_EQ(book.pick_of_group(group, now + 1h), first) << "it is back";
  // Its node shows itself in another group: the address of before stands by.
  now += 3h;
  visit(first);
  now += 1min;
  const NetAddress elsewhere = test::address(201, "6.6.6.6");
  ASSERT_EQ(book.add(elsewhere,
                     {elsewhere.endpoint.ip, elsewhere.id, Origin::inbound, Word::unasked}, now),
            Added::added);
  ASSERT_TRUE(book.stands_by(first));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(book.pick_of_group(group, now), second);
}

TEST_F(PickByGroupTest, AddressesFromBlamedGroupsAloneArePickedNevertheless) {
  for (std::uint32_t i = 0; i < 200; ++i) {
    const NetAddress wrong = test::address(i + 1, "31.1.1.1");
    ASSERT_EQ(hear(wrong), Added::added);
    fail(wrong, Reason::wrong_id, Stage::authentication);
    fail(wrong, Reason::wrong_id, Stage::authentication);
  }
  fill(1, 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(book.pick_by_group(4, now).size(), 1u);
}

}  // namespace
}  // namespace peerage::addrbook
