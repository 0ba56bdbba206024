#include "tests/sim/go/go_book.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace peerage::sim::go {
namespace {

using conn::IpAddress;
using conn::NetAddress;
using conn::NodeId;
using conn::TimePoint;
using Added = GoBook::Added;
using Kind = GoBook::Kind;
const TimePoint kStart{1000h};

// A node with an ID of its own; its address shows its group, a /16, and the host in it.
NetAddress node(std::uint32_t number, unsigned group, unsigned host = 1) {
  conn::ByteArray<NodeId::kBytes> id{};
  for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<std::uint8_t>(number >> (8 * i));
  id[19] = 1;
  return {
      NodeId(id),
      {IpAddress::v4(static_cast<std::uint8_t>(20 + group / 256), static_cast<std::uint8_t>(group),
                     static_cast<std::uint8_t>(host / 256), static_cast<std::uint8_t>(host)),
       26656}};
}

class GoBookTest : public testing::Test {
 protected:
  GoBook make(GoBook::Settings settings = {}, const std::vector<GoBook::Row>& rows = {}) {
    return {std::move(settings), [this] { return lots(); }, rows};
  }
  static std::map<std::size_t, std::size_t> filled(const GoBook& book, Kind kind) {
    std::map<std::size_t, std::size_t> sizes;
    book.for_each([&](const GoBook::Row& row) {
      if (row.kind != kind) return;
      for (const auto number : row.buckets) ++sizes[number];
    });
    return sizes;
  }
  std::mt19937_64 lots{42};
};

TEST_F(GoBookTest, OneSourceGroupReaches32NewBucketsOf65) {
  GoBook book = make();
  const NetAddress source = node(1, 0);
  for (unsigned i = 0; i < 20'000; ++i) book.add(node(10 + i, 1 + i % 5'000, i), source, kStart);
  const auto sizes = filled(book, Kind::new_);
  EXPECT_LE(sizes.size(), kNewBucketsPerGroup);
  EXPECT_GE(sizes.size(), kNewBucketsPerGroup - 8);  // two of the 32 may fall on one
  for (const auto& [number, size] : sizes) EXPECT_EQ(size, kNewBucketSize + 1);
  EXPECT_EQ(book.size(), sizes.size() * (kNewBucketSize + 1));
}

TEST_F(GoBookTest, OneGroupOfAddressesFromOneSourceStaysInOneNewBucket) {
  GoBook book = make();
  for (unsigned i = 0; i < 500; ++i) book.add(node(10 + i, 7, i), node(1, 0), kStart);
  EXPECT_EQ(filled(book, Kind::new_).size(), 1u);
  EXPECT_EQ(book.size(), kNewBucketSize + 1);
}

TEST_F(GoBookTest, OneGroupReachesFourOldBucketsAndLosesWhatTheyCannotHold) {
  GoBook book = make();
  for (unsigned i = 0; i < 1000; ++i) {
    const NetAddress each = node(10 + i, 7, i);
    book.add(each, node(1, i % 200), kStart);
    book.mark_good(each.id, kStart + i * 1s);
  }
  const auto sizes = filled(book, Kind::old);
  EXPECT_LE(sizes.size(), kOldBucketsPerGroup);
  for (const auto& [number, size] : sizes) EXPECT_EQ(size, kOldBucketSize + 1);
  EXPECT_EQ(book.size_old(), sizes.size() * (kOldBucketSize + 1));
  EXPECT_EQ(book.size_new(), 0u);  // one that fell out of an old bucket is in no new one
  EXPECT_TRUE(book.is_old(node(10 + 999, 7).id));
  EXPECT_FALSE(book.has(node(10, 7).id));
}

TEST_F(GoBookTest, AnAddressIsInFourBucketsAtMostAndCountsOnce) {
  GoBook book = make();
  const NetAddress known = node(10, 7);
  for (unsigned i = 0; i < 5'000; ++i) book.add(known, node(1, i), kStart);
  EXPECT_EQ(book.size(), 1u);
  EXPECT_EQ(book.rows().front().buckets.size(), kMaxNewBucketsPerAddress);
}

TEST_F(GoBookTest, TheMoreBucketsAnAddressIsInTheMoreSeldomItGetsAnother) {
  unsigned second = 0;
  for (unsigned i = 0; i < 2'000; ++i) {
    GoBook book = make();
    book.add(node(10, 7), node(1, 1), kStart);
    second += book.add(node(10, 7), node(1, 2), kStart) == Added::added;
  }
  EXPECT_NEAR(second, 1'000, 120);
}

TEST_F(GoBookTest, OneHostThatReportsEverNewSourcesFillsTheNewTable) {
  GoBook book = make();
  for (unsigned i = 0; i < 300; ++i) book.add(node(10 + i, i), node(5'000 + i, i), kStart);
  const std::size_t honest = book.size();
  // One host; it reports ever new addresses as its own.
  for (unsigned i = 0; i < 120'000; ++i) {
    const NetAddress trash = node(100'000 + i, i % 20'000, 9);
    book.add(trash, trash, kStart + i * 1s);
  }
  EXPECT_GT(book.size(), kNewBucketCount * kNewBucketSize * 95 / 100);
  std::size_t left = 0;
  for (unsigned i = 0; i < 300; ++i) left += book.has(node(10 + i, i).id);
  EXPECT_GT(honest, 290u);
  EXPECT_LT(left, 10u);
}

TEST_F(GoBookTest, OneHostThatReportsItsTrueSourceFillsAnEighthOfIt) {
  GoBook book = make();
  for (unsigned i = 0; i < 60'000; ++i) book.add(node(10 + i, i), node(1, 3), kStart + i * 1s);
  EXPECT_LE(book.size(), kNewBucketsPerGroup * (kNewBucketSize + 1));
}

TEST_F(GoBookTest, AFullBucketLosesABadEntryBeforeTheOldestOne) {
  GoBook book = make();
  for (unsigned i = 0; i < 65; ++i) book.add(node(10 + i, 7, i), node(1, 0), kStart + i * 1s);
  const NodeId dead = node(10 + 40, 7).id;
  for (int i = 0; i < 3; ++i) book.mark_attempt(dead, kStart + 70s);
  book.add(node(500, 7, 100), node(1, 0), kStart + 10min);
  EXPECT_FALSE(book.has(dead));
  EXPECT_TRUE(book.has(node(10, 7).id));
  book.add(node(501, 7, 101), node(1, 0), kStart + 10min);
  EXPECT_FALSE(book.has(node(10, 7).id));  // now the one that has been there longest
  EXPECT_EQ(book.size(), 65u);
}

TEST_F(GoBookTest, WhatCannotBeDialledIsNotKept) {
  GoBook book = make({IpAddress::Strict::yes, {node(8, 8).id}});
  const NetAddress us = node(9, 9);
  book.add_ours(us);
  const auto at = [](std::uint8_t a, std::uint8_t b) {
    return NetAddress{node(20, 1).id, {IpAddress::v4(a, b, 1, 1), 26656}};
  };
  EXPECT_EQ(book.add(at(10, 0), node(1, 1), kStart), Added::not_routable);
  EXPECT_EQ(book.add({node(20, 1).id, {IpAddress::v4(0, 0, 0, 0), 26656}}, node(1, 1), kStart),
            Added::invalid);
  EXPECT_EQ(book.add(us, node(1, 1), kStart), Added::ours);
  EXPECT_EQ(book.add(node(8, 8), node(1, 1), kStart), Added::is_private);
  EXPECT_EQ(book.add(node(21, 1), node(8, 8), kStart), Added::from_private);
  EXPECT_TRUE(book.empty());
  GoBook lenient = make({IpAddress::Strict::no, {}});
  EXPECT_EQ(lenient.add(at(10, 0), node(1, 1), kStart), Added::added);
}

TEST_F(GoBookTest, ABannedAddressIsOutUntilItIsReinstated) {
  GoBook book = make();
  const NetAddress bad = node(10, 7);
  book.add(bad, node(1, 1), kStart);
  book.mark_bad(bad.id, kDefaultBanTime, kStart);
  EXPECT_TRUE(book.is_banned(bad.id));
  EXPECT_TRUE(book.empty());
  book.reinstate_bad_peers(kStart + 23h);
  EXPECT_EQ(book.add(bad, node(1, 1), kStart + 25h), Added::banned);  // the ban is over, and yet
  book.reinstate_bad_peers(kStart + 25h);
  EXPECT_FALSE(book.is_banned(bad.id));
  EXPECT_TRUE(book.has(bad.id));
  EXPECT_EQ(book.size_new(), 1u);
}

TEST_F(GoBookTest, ABanOfAnUnknownIdIsNoneAndThatOfAnOldOneIsForEver) {
  GoBook book = make();
  book.mark_bad(node(10, 7).id, kDefaultBanTime, kStart);
  EXPECT_FALSE(book.is_banned(node(10, 7).id));
  book.add(node(10, 7), node(1, 1), kStart);
  book.mark_good(node(10, 7).id, kStart);
  EXPECT_EQ(book.size_old(), 1u);
  book.mark_bad(node(10, 7).id, kDefaultBanTime, kStart);
  book.reinstate_bad_peers(kStart + 25h);
  EXPECT_FALSE(book.is_banned(node(10, 7).id));
  EXPECT_TRUE(book.empty());
}

TEST_F(GoBookTest, TheBiasDecidesBetweenNewAndOld) {
  GoBook book = make();
  EXPECT_FALSE(book.pick(50));
  for (unsigned i = 0; i < 40; ++i) book.add(node(10 + i, i), node(1, 1), kStart);
  for (unsigned i = 0; i < 20; ++i) book.mark_good(node(10 + i, i).id, kStart);
  const auto share_of_new = [&](unsigned bias) {
    unsigned fresh = 0;
    for (int i = 0; i < 4'000; ++i) fresh += !book.is_old(book.pick(bias)->id);
    return fresh / 4'000.0;
  };
  EXPECT_EQ(share_of_new(0), 0);
  EXPECT_EQ(share_of_new(100), 1);
  EXPECT_NEAR(share_of_new(30), 0.3, 0.04);  // as many of each
}

TEST_F(GoBookTest, NewOnesAloneServeAnyBiasAndOldOnesAloneAllButOne) {
  GoBook book = make();
  for (unsigned i = 0; i < 40; ++i) book.add(node(10 + i, i), node(1, 1), kStart);
  for (const unsigned bias : {0u, 50u, 100u}) EXPECT_TRUE(book.pick(bias));
  for (unsigned i = 0; i < 40; ++i) book.mark_good(node(10 + i, i).id, kStart);
  EXPECT_TRUE(book.pick(90));
  EXPECT_FALSE(book.pick(100));
}

TEST_F(GoBookTest, TheFirstAddressToldOfAnIdStays) {
  GoBook book = make();
  NetAddress wrong = node(10, 7);
  wrong.endpoint.ip = IpAddress::v4(66, 6, 6, 6);
  book.add(wrong, node(1, 1), kStart);
  for (unsigned i = 0; i < 100; ++i) book.add(node(10, 7), node(2, i), kStart + 1h);
  EXPECT_EQ(book.pick(50), wrong);
}

TEST_F(GoBookTest, ASelectionIsAllOfFewAndAPartOfMany) {
  const std::map<std::size_t, std::size_t> expected = {
      {0, 0}, {5, 5}, {32, 32}, {100, 32}, {144, 33}, {1000, 230}, {3000, 250}};
  for (const auto& [size, wanted] : expected) {
    GoBook book = make();
    for (unsigned i = 0; book.size() < size; ++i) {
      const NetAddress each = node(10 + i, i);
      book.add(each, each, kStart);
    }
    const auto chosen = book.selection();
    EXPECT_EQ(std::set<NetAddress>(chosen.begin(), chosen.end()).size(), wanted);
    EXPECT_EQ(chosen.size(), wanted);
    EXPECT_EQ(book.selection_with_bias(30).size(), wanted);
  }
}

TEST_F(GoBookTest, ASeedsSelectionHasNewOnesFirst) {
  GoBook book = make();
  for (unsigned i = 0; i < 400; ++i) book.add(node(10 + i, i), node(1, i), kStart);
  for (unsigned i = 0; i < 200; ++i) book.mark_good(node(10 + i, i).id, kStart);
  const auto chosen = book.selection_with_bias(30);
  ASSERT_EQ(chosen.size(), 92u);
  const auto is_old = [&](const NetAddress& each) { return book.is_old(each.id); };
  EXPECT_EQ(std::count_if(chosen.begin(), chosen.end(), is_old), 92 - 28);
  EXPECT_TRUE(std::is_partitioned(chosen.rbegin(), chosen.rend(), is_old));
}

TEST_F(GoBookTest, ItsRowsMakeTheSameBook) {
  GoBook book = make();
  for (unsigned i = 0; i < 400; ++i) book.add(node(10 + i, i), node(1, i / 2), kStart + i * 1s);
  for (unsigned i = 0; i < 50; ++i) book.mark_good(node(10 + i, i).id, kStart + 1h);
  for (unsigned i = 50; i < 90; ++i) book.mark_attempt(node(10 + i, i).id, kStart + 2h);
  for (unsigned i = 90; i < 95; ++i) book.mark_bad(node(10 + i, i).id, kDefaultBanTime, kStart);
  GoBook again = make({}, book.rows());
  EXPECT_EQ(again.size_new(), book.size_new());
  EXPECT_EQ(again.size_old(), 50u);
  EXPECT_FALSE(again.has(node(10 + 92, 92).id));
  EXPECT_FALSE(again.is_banned(node(10 + 92, 92).id));
  const auto by_id = [](const GoBook::Row& a, const GoBook::Row& b) {
    return a.address < b.address;
  };
  auto before = book.rows();
  auto after = again.rows();
  std::sort(before.begin(), before.end(), by_id);
  std::sort(after.begin(), after.end(), by_id);
  EXPECT_EQ(before, after);
}

// The counters, the table of IDs and the buckets agree, whatever is done.
TEST_F(GoBookTest, CountsAndPlacesAgreeAfterAnyLife) {
  GoBook book = make();
  TimePoint now = kStart;
  for (int step = 0; step < 60'000; ++step) {
    now += 17s;
    const auto number = static_cast<unsigned>(lots() % 6'000);
    const NetAddress address = node(10 + number, number % 40, number);
    switch (lots() % 12) {
      case 0:
        book.mark_good(address.id, now);
        break;
      case 1:
        book.mark_attempt(address.id, now);
        break;
      case 2:
        book.mark_bad(address.id, kDefaultBanTime, now);
        break;
      case 3:
        book.remove(address.id);
        break;
      case 4:
        book.reinstate_bad_peers(now);
        break;
      default:
        book.add(address, node(1, static_cast<unsigned>(lots() % 30)), now);
    }
  }
  std::size_t fresh = 0, old = 0;
  std::set<NodeId> ids;
  book.for_each([&](const GoBook::Row& row) {
    (row.kind == Kind::old ? old : fresh) += 1;
    EXPECT_TRUE(ids.insert(row.address.id).second);
    EXPECT_TRUE(book.has(row.address.id));
    const std::set<std::uint16_t> buckets(row.buckets.begin(), row.buckets.end());
    EXPECT_EQ(buckets.size(), row.buckets.size());
    EXPECT_GE(buckets.size(), 1u);
    EXPECT_LE(buckets.size(), row.kind == Kind::old ? 1 : kMaxNewBucketsPerAddress);
  });
  EXPECT_EQ(fresh, book.size_new());
  EXPECT_EQ(old, book.size_old());
  for (const Kind kind : {Kind::new_, Kind::old}) {
    for (const auto& [number, size] : filled(book, kind)) EXPECT_LE(size, 65u);
  }
}

}  // namespace
}  // namespace peerage::sim::go
