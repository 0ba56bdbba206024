#include "addrbook/book/address_table.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::NetAddress;
using test::address;
using test::kBookStart;
using Index = AddressTable::Index;
using Capped = AddressTable::Capped;

constexpr Geometry kSmall{4, 2, 4};

Placement placement(std::uint8_t key = 1) {
  return Placement(test::book_key(key), conn::IpAddress::Strict::yes, kSmall);
}

KnownAddress heard(const NetAddress& address) {
  KnownAddress known;
  known.address = address;
  known.source = test::ip("77.1.2.3");
  known.first_seen = known.last_seen = kBookStart;
  return known;
}
// The node has said so itself.
KnownAddress said(const NetAddress& address, Time when) {
  KnownAddress known = heard(address);
  known.said_itself = when;
  return known;
}

class AddressTableTest : public testing::Test {
 protected:
  AddressTableTest() : table(placement(), conn::KeyedHash(conn::KeyedHash::Key{1})) {}
  ~AddressTableTest() override { EXPECT_EQ(table.broken_invariant(), std::nullopt); }

  Place place_for(const KnownAddress& known) const {
    return table.place_for(known.kind, known.address, known.source);
  }
  Index insert(const KnownAddress& known, Capped capped = Capped::yes) {
    return table.insert(known, place_for(known), capped);
  }
  std::vector<NetAddress> near(std::string_view ip) const {
    std::vector<NetAddress> found;
    table.for_each_near(test::ip(ip),
                        [&](Index index) { found.push_back(table.record(index).address); });
    return found;
  }
  bool is_drawn(Index index) const { return table.drawn(table.record(index).kind).contains(index); }

  AddressTable table;
};

TEST_F(AddressTableTest, HasNothingAtFirst) {
  EXPECT_EQ(table.find(address(1, "31.1.1.1")), std::nullopt);
  EXPECT_EQ(table.drawn(Kind::new_).size(), 0u);
  EXPECT_EQ(table.rested(kBookStart), std::nullopt);
}

TEST_F(AddressTableTest, FindsAnEntryByItsAddressAndByItsId) {
  const Index one = insert(heard(address(1, "31.1.1.1")));
  const Index other = insert(heard(address(1, "32.1.1.1")));
  insert(heard(address(2, "33.1.1.1")));
  EXPECT_EQ(table.find(address(1, "31.1.1.1")), one);
  EXPECT_EQ(table.find(address(1, "31.1.1.1", 1)), std::nullopt);
  auto of_the_id = table.find(address(1, "9.9.9.9").id);
  std::sort(of_the_id.begin(), of_the_id.end());
  EXPECT_EQ(of_the_id, (std::vector{one, other}));
}

TEST_F(AddressTableTest, WhatIsErasedLeavesItsPlaceAndIsFoundNoMore) {
  const KnownAddress known = heard(address(1, "31.1.1.1"));
  const Index index = insert(known);
  const Place place = table.place(index);
  table.erase(index);
  EXPECT_EQ(table.find(known.address), std::nullopt);
  EXPECT_EQ(table.holder(Kind::new_, place), std::nullopt);
  EXPECT_TRUE(near("31.1.1.1").empty());
  EXPECT_EQ(table.groups().groups(), 0u);
  EXPECT_FALSE(table.used(index));
  EXPECT_EQ(insert(heard(address(2, "32.1.1.1"))), index) << "its memory is another's now";
}

TEST_F(AddressTableTest, OfANeighbourhoodTheCappedAreVisited) {
  insert(heard(address(1, "31.1.1.1")));
  insert(heard(address(2, "31.1.1.2")), Capped::no);
  insert(heard(address(3, "31.1.2.3")));
  EXPECT_EQ(near("31.1.1.200"), std::vector{address(1, "31.1.1.1")});
}

TEST_F(AddressTableTest, WhatRestsIsNotDrawnUntilItIsLetOff) {
  const Index index = insert(heard(address(1, "31.1.1.1")));
  table.rest(index, kBookStart + Seconds(10));
  EXPECT_FALSE(is_drawn(index));
  EXPECT_FALSE(table.groups().contains(index));
  EXPECT_EQ(table.resting(), 1u);
  table.rest(index, kNever);
  EXPECT_TRUE(is_drawn(index));
  EXPECT_TRUE(table.groups().contains(index));
  EXPECT_EQ(table.resting(), 0u);
}

TEST_F(AddressTableTest, TheRestThatEndsFirstIsOverFirst) {
  const Index late = insert(heard(address(1, "31.1.1.1")));
  const Index early = insert(heard(address(2, "32.1.1.1")));
  table.rest(late, kBookStart + Seconds(20));
  table.rest(early, kBookStart + Seconds(10));
  EXPECT_EQ(table.rested(kBookStart + Seconds(9)), std::nullopt);
  EXPECT_EQ(table.rested(kBookStart + Seconds(30)), early);
  table.erase(early);
  EXPECT_EQ(table.rested(kBookStart + Seconds(30)), late);
}

TEST_F(AddressTableTest, OfTheFirstHandAddressesOfAnIdTheLastIsDrawnAndTheOthersStandBy) {
  const Index hearsay = insert(heard(address(1, "30.1.1.1")));
  const Index before = insert(said(address(1, "31.1.1.1"), kBookStart));
  EXPECT_TRUE(is_drawn(before));
  const Index last = insert(said(address(1, "32.1.1.1"), kBookStart + Seconds(1)));
  EXPECT_TRUE(table.stands_by(hearsay));
  EXPECT_TRUE(table.stands_by(before));
  EXPECT_FALSE(is_drawn(before));
  EXPECT_TRUE(is_drawn(last));
}

TEST_F(AddressTableTest, NoneStandsByForOneThatFailedOrRestsOrIsGone) {
  const Index before = insert(said(address(1, "31.1.1.1"), kBookStart));
  const Index last = insert(said(address(1, "32.1.1.1"), kBookStart + Seconds(1)));
  table.record(last).failures = 1;
  table.settle(last);
  EXPECT_FALSE(table.stands_by(before));
  table.record(last).failures = 0;
  table.settle(last);
  EXPECT_TRUE(table.stands_by(before));
  table.rest(last, kBookStart + Seconds(10));
  EXPECT_FALSE(table.stands_by(before));
  table.rest(last, kNever);
  EXPECT_TRUE(table.stands_by(before));
  table.erase(last);
  EXPECT_FALSE(table.stands_by(before));
}

TEST_F(AddressTableTest, WhatWasVerifiedIsDrawnAsSuch) {
  const Index index = insert(heard(address(1, "31.1.1.1")));
  EXPECT_EQ(table.verified().size(), 0u);
  table.record(index).last_verified = kBookStart;
  table.settle(index);
  EXPECT_TRUE(table.verified().contains(index));
  table.unlist_verified(index);
  EXPECT_FALSE(table.verified().contains(index));
  table.settle(index);
  EXPECT_TRUE(table.verified().contains(index));
  table.rest(index, kBookStart + Seconds(10));
  EXPECT_FALSE(table.verified().contains(index));
}

TEST_F(AddressTableTest, AnEntryMovesToAPlaceOfTheOtherKind) {
  const Index index = insert(heard(address(1, "31.1.1.1")));
  const Place before = table.place(index);
  const Place after = table.place_for(Kind::tried, address(1, "31.1.1.1"), test::ip("77.1.2.3"));
  table.move(index, Kind::tried, after);
  EXPECT_EQ(table.record(index).kind, Kind::tried);
  EXPECT_EQ(table.holder(Kind::new_, before), std::nullopt);
  EXPECT_EQ(table.holder(Kind::tried, after), index);
  EXPECT_EQ(table.drawn(Kind::new_).size(), 0u);
  EXPECT_EQ(table.drawn(Kind::tried).size(), 1u);
}

TEST_F(AddressTableTest, AVacatedPlaceIsFreeForAnother) {
  const Index holder = insert(heard(address(1, "31.1.1.1")));
  const Index other = insert(heard(address(2, "32.1.1.1")));
  const Place place = table.place(holder);
  table.vacate(holder);
  EXPECT_FALSE(is_drawn(holder));
  table.settle(holder);
  EXPECT_FALSE(is_drawn(holder)) << "it has no place yet";
  const Place back = table.place(other);
  table.move(other, Kind::new_, place);
  table.move(holder, Kind::new_, back);
  EXPECT_EQ(table.holder(Kind::new_, place), other);
  EXPECT_EQ(table.holder(Kind::new_, back), holder);
  EXPECT_TRUE(is_drawn(holder));
}

TEST_F(AddressTableTest, APlaceIsSoughtInOneBucketAlone) {
  // One source and one group: all belong in one bucket, of four.
  for (std::uint32_t i = 0; i < 4; ++i) {
    const KnownAddress known = heard(address(i, "31.1.1.1"));
    EXPECT_EQ(table.holder(Kind::new_, place_for(known)), std::nullopt);
    insert(known);
  }
  EXPECT_EQ(table.buckets_used(Kind::new_), 1u);
  const KnownAddress one_more = heard(address(9, "31.1.1.1"));
  EXPECT_NE(table.holder(Kind::new_, place_for(one_more)), std::nullopt);
}

TEST_F(AddressTableTest, IsEmptyOnceReset) {
  const Index index = insert(said(address(1, "31.1.1.1"), kBookStart));
  table.rest(index, kBookStart + Seconds(10));
  table.reset(placement(2));
  EXPECT_EQ(table.find(address(1, "31.1.1.1")), std::nullopt);
  EXPECT_EQ(table.resting(), 0u);
  EXPECT_EQ(table.buckets_used(Kind::new_), 0u);
  EXPECT_EQ(table.place_for(Kind::new_, address(1, "31.1.1.1"), test::ip("77.1.2.3")),
            placement(2).in_new(address(1, "31.1.1.1"), test::ip("77.1.2.3")));
}

// The check itself: what goes round `rest`, `settle` and `move` is noticed.
TEST(AddressTableCheck, NoticesWhatDoesNotHold) {
  const auto wrong_after = [](auto&& change) {
    AddressTable table(placement(), conn::KeyedHash(conn::KeyedHash::Key{1}));
    const auto insert = [&table](const KnownAddress& known) {
      return table.insert(known, table.place_for(known.kind, known.address, known.source),
                          Capped::yes);
    };
    const Index one = insert(said(address(1, "31.1.1.1"), kBookStart));
    const Index last = insert(said(address(1, "32.1.1.1"), kBookStart + Seconds(1)));
    table.record(last).last_verified = kBookStart;
    table.settle(last);
    EXPECT_EQ(table.broken_invariant(), std::nullopt);
    change(table, one, last);
    return table.broken_invariant().value_or("nothing");
  };
  const auto expect_wrong = [&](const std::string& what, auto&& change) {
    const std::string found = wrong_after(change);
    EXPECT_NE(found.find(what), std::string::npos) << found << ", not: " << what;
  };
  expect_wrong("has no place", [](AddressTable& t, Index one, Index) { t.vacate(one); });
  expect_wrong("rests until another time", [](AddressTable& t, Index one, Index) {
    t.record(one).bad_until = kBookStart + Seconds(10);
  });
  expect_wrong("stands by, or not", [](AddressTable& t, Index, Index last) {
    t.record(last).bad_until = kBookStart + Seconds(10);
  });
  expect_wrong("stands by, or not",
               [](AddressTable& t, Index, Index last) { t.record(last).failures = 1; });
  expect_wrong("is drawn as verified",
               [](AddressTable& t, Index, Index last) { t.record(last).last_verified = kNever; });
  expect_wrong("not found", [](AddressTable& t, Index one, Index) {
    t.record(one).address.id = test::numbered_id(9);
  });
  expect_wrong("is not the holder",
               [](AddressTable& t, Index one, Index) { t.record(one).kind = Kind::tried; });
}

class AddressTableModelTest : public testing::TestWithParam<unsigned> {};

TEST_P(AddressTableModelTest, KeepsItsInvariantsWhateverIsDone) {
  std::mt19937 random(GetParam());
  AddressTable table(placement(), conn::KeyedHash(conn::KeyedHash::Key{1}));
  std::map<NetAddress, KnownAddress> model;
  std::size_t moved = 0;
  for (int step = 0; step < 3000; ++step) {
    const auto below = [&random](std::uint32_t bound) {
      return static_cast<std::uint32_t>(random() % bound);
    };
    const auto ip = "31." + std::to_string(below(3)) + "." + std::to_string(below(2)) + ".1";
    const NetAddress some = address(1 + below(6), ip);
    const auto index = table.find(some);
    ASSERT_EQ(index.has_value(), model.contains(some)) << "after step " << step;
    if (!index) {
      const KnownAddress known = said(some, below(2) == 0 ? kNever : kBookStart + Seconds(step));
      const Place place = table.place_for(Kind::new_, some, known.source);
      if (table.holder(Kind::new_, place)) continue;
      const Capped capped = below(2) == 0 ? Capped::no : Capped::yes;
      model[some] = table.record(table.insert(known, place, capped));
    } else {
      ASSERT_EQ(table.record(*index), model[some]) << "after step " << step;
      switch (below(6)) {
        case 0:
          table.erase(*index);
          model.erase(some);
          continue;
        case 1:
          table.rest(*index, below(2) == 0 ? kNever : kBookStart + Seconds(below(50)));
          break;
        case 2:
          table.record(*index).failures = below(2);
          break;
        case 3:
          table.record(*index).last_connected = kBookStart + Seconds(step);
          break;
        case 4:
          table.record(*index).last_verified = below(2) == 0 ? kNever : kBookStart;
          break;
        default: {
          const Kind kind = below(2) == 0 ? Kind::new_ : Kind::tried;
          const Place place = table.place_for(kind, some, table.record(*index).source);
          if (table.holder(kind, place)) continue;
          table.move(*index, kind, place);
          ++moved;
        }
      }
      table.settle(*index);
      model[some] = table.record(*index);
    }
    ASSERT_EQ(table.broken_invariant(), std::nullopt) << "after step " << step;
  }
  EXPECT_GT(moved, 20u) << "little happened";
}

INSTANTIATE_TEST_SUITE_P(Seeds, AddressTableModelTest, testing::Range(1U, 9U));

}  // namespace
}  // namespace peerage::addrbook
