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
  double chi_square = 0;
  for (const NetAddress& each : few) {
    const double off = times[each] - kPicks / 8.0;
    chi_square += off * off / (kPicks / 8.0);
  }
  EXPECT_LT(chi_square, 24.3) << "of 7 degrees of freedom, 1 in 1000 would be beyond";
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
  book.mark_bad(scattered(1), Reason::misbehaved, now + 1h, now);
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
    for (const auto& each : all) book.mark_bad(each, Reason::misbehaved, now + 1h, now);
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

}  // namespace
}  // namespace peerage::addrbook
