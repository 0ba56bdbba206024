// Which addresses the book picks for dialling, and which it gives to others.
#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/book_fixture.h"
#include "tests/support/vectors.h"

namespace peerage::addrbook {
namespace {

using conn::NetAddress;
using conn::Reason;
using test::address;
using test::scattered;
using namespace std::chrono_literals;

class DrawTest : public test::BookTest {
 protected:
  // New ones 0..new_ones-1, tried ones from 100'000 on.
  void fill(std::uint32_t new_ones, std::uint32_t tried = 0) {
    for (std::uint32_t i = 0; book.size_of(Kind::new_) < new_ones; ++i) hear(told(i), source(i));
    for (std::uint32_t i = 100'000; book.size_of(Kind::tried) < tried; ++i) {
      if (hear(told(i), source(i)) == Added::added) make_tried(told(i));
      if (book.size_of(Kind::new_) > new_ones) book.forget(told(i));
    }
  }
  static NetAddress told(std::uint32_t i) {
    return {test::numbered_id(10 + i),
            {conn::IpAddress::v4(static_cast<std::uint8_t>(20 + i % 80),
                                 static_cast<std::uint8_t>(i / 80),
                                 static_cast<std::uint8_t>(i / 20480), 1),
             26656}};
  }
  static std::string source(std::uint32_t i) {
    return std::to_string(101 + i % 60) + "." + std::to_string(i % 199) + ".1.1";
  }
};

TEST_F(DrawTest, AnEmptyBookPicksNoAddress) {
  for (const unsigned bias : {0u, 50u, 100u, 1000u}) EXPECT_FALSE(book.pick({bias}, now));
  EXPECT_TRUE(book.selection(now).empty());
  EXPECT_TRUE(book.selection_with_bias({30}, now).empty());
  EXPECT_TRUE(book.verified_selection(now).empty());
  EXPECT_TRUE(book.need_more());
}

TEST_F(DrawTest, PickingEndsWhateverTheBookHolds) {
  for (const auto& [new_ones, tried] :
       {std::pair{1u, 0u}, {0u, 1u}, {3u, 0u}, {0u, 3u}, {5u, 5u}}) {
    SCOPED_TRACE(std::to_string(new_ones) + "/" + std::to_string(tried));
    for (std::uint32_t i = 0; i < 200'000; ++i) book.forget(told(i));
    fill(new_ones, tried);
    for (unsigned bias = 0; bias <= 100; bias += 10) EXPECT_TRUE(book.pick({bias}, now));
    EXPECT_FALSE(book.pick({50}, now, [](const KnownAddress&) { return false; }));
  }
}

TEST_F(DrawTest, TheOneAcceptableAddressIsFoundAmongThousands) {
  fill(5000);
  NetAddress wanted;
  book.for_each([&](const KnownAddress& known) { wanted = known.address; });
  const auto only = [&](const KnownAddress& known) { return known.address == wanted; };
  for (int i = 0; i < 20; ++i) EXPECT_EQ(book.pick({0}, now, only), wanted);
}

TEST_F(DrawTest, EveryAddressOfAKindIsEquallyLikely) {
  fill(200, 20);
  for (const Kind kind : {Kind::new_, Kind::tried}) {
    const std::size_t size = book.size_of(kind);
    const int picks = 500 * static_cast<int>(size);
    std::map<NetAddress, int> times;
    for (int i = 0; i < picks; ++i) {
      ++times[*book.pick({kind == Kind::new_ ? 100u : 0u}, now)];
    }
    ASSERT_EQ(times.size(), size);
    double chi_square = 0;
    for (const auto& [each, count] : times) chi_square += (count - 500.0) * (count - 500.0) / 500;
    const double freedom = static_cast<double>(size - 1);
    EXPECT_LT((chi_square - freedom) / std::sqrt(2 * freedom), 4);
  }
}

TEST_F(DrawTest, TheKindIsChosenAsTheGoNodeDoes) {
  fill(400, 100);
  for (const unsigned bias : {10u, 30u, 50u, 90u}) {
    int new_ones = 0;
    constexpr int kPicks = 20'000;
    for (int i = 0; i < kPicks; ++i) {
      new_ones += book.find(*book.pick({bias}, now))->kind == Kind::new_ ? 1 : 0;
    }
    const double for_new = std::sqrt(400.0) * bias, for_tried = std::sqrt(100.0) * (100 - bias);
    EXPECT_NEAR(new_ones, kPicks * for_new / (for_new + for_tried), kPicks * 0.02) << bias;
  }
}

TEST_F(DrawTest, SelectionsHaveTheRecordedSizes) {
  const auto cases = test::load_vectors("addrbook")["selection_sizes"];
  ASSERT_EQ(cases.size(), 20u);
  for (const auto& each : cases) {
    const std::size_t size = each["size"];
    if (size > 20'000) continue;
    fill(static_cast<std::uint32_t>(size));
    ASSERT_EQ(book.size(), size);
    const auto chosen = book.selection(now);
    EXPECT_EQ(chosen.size(), each["get_selection_len"]) << size;
    EXPECT_EQ(std::set(chosen.begin(), chosen.end()).size(), chosen.size());
    EXPECT_EQ(book.selection_with_bias({30}, now).size(), each["get_selection_with_bias30_len"]);
  }
}

TEST_F(DrawTest, ABiasedSelectionHasTheShareAskedForWhereThereIsEnough) {
  fill(500, 300);
  const auto count_new = [&](unsigned bias) {
    std::size_t new_ones = 0;
    for (const auto& each : book.selection_with_bias({bias}, now)) {
      new_ones += book.find(each)->kind == Kind::new_ ? 1 : 0;
    }
    return new_ones;
  };
  EXPECT_EQ(count_new(0), 0u);
  EXPECT_EQ(count_new(30), 55u);  // of 184
  EXPECT_EQ(count_new(100), 184u);
  for (std::uint32_t i = 100'000; book.size_of(Kind::tried) > 20; ++i) book.forget(told(i));
  EXPECT_EQ(count_new(0), 119u - 20);  // of 520, what the tried ones cannot give
}

TEST_F(DrawTest, SelectionsTogetherCoverTheBook) {
  fill(2000);
  std::set<NetAddress> seen;
  for (int i = 0; i < 100; ++i) {
    const auto chosen = book.selection(now);
    seen.insert(chosen.begin(), chosen.end());
  }
  EXPECT_GT(seen.size(), 1990u);
}

TEST_F(DrawTest, ASeedServesNoAddressThatHasFailedTwiceSinceItWasVerified) {
  const auto node = address(1, "20.1.1.1"), other = address(2, "21.1.1.1");
  hear(node);
  hear(other);
  visit(node);
  visit(other);
  fail(node);
  EXPECT_EQ(book.verified_selection(now).size(), 2u) << "once may be its restart";
  meet_someone();
  fail(node);
  EXPECT_EQ(book.verified_selection(now), std::vector{other});
  visit(node);
  EXPECT_EQ(book.verified_selection(now).size(), 2u) << "until it answers again";
}

TEST_F(DrawTest, ASeedServesWhatItHasVerifiedWithinADay) {
  fill(300);
  std::set<NetAddress> verified;
  book.for_each([&](const KnownAddress& known) {
    if (verified.size() < 20) verified.insert(known.address);
  });
  for (const auto& each : verified) visit(each);
  const auto served = book.verified_selection(now);
  EXPECT_EQ(std::set(served.begin(), served.end()), verified);
  now += 23h;
  visit(*verified.begin());
  now += 2h;
  EXPECT_EQ(book.verified_selection(now), std::vector{*verified.begin()});
}

TEST_F(DrawTest, BetterRecordsAreServedMoreOften) {
  fill(400);
  std::vector<NetAddress> all;
  book.for_each([&](const KnownAddress& known) { all.push_back(known.address); });
  for (int round = 0; round < 20; ++round, now += 1h) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i % 2 == 0 || round % 5 == 4) {
        visit(all[i]);
      } else {
        fail(all[i]);
      }
    }
  }
  std::map<NetAddress, int> served;
  for (int i = 0; i < 200; ++i) {
    for (const auto& each : book.verified_selection(now)) ++served[each];
  }
  int good = 0, poor = 0;
  for (std::size_t i = 0; i < all.size(); ++i) (i % 2 == 0 ? good : poor) += served[all[i]];
  EXPECT_GT(good, 2 * poor);
  EXPECT_GT(poor, 0);  // clients are spread
}

TEST_F(DrawTest, AtMostTenAddressesOfANeighbourhoodAreServed) {
  for (std::uint32_t i = 0; i < 30; ++i) {
    const auto each = address(500 + i, "5.6.7." + std::to_string(1 + i));
    book.add(each, {each.endpoint.ip, {}, Origin::configuration}, now);
    visit(each);
  }
  EXPECT_EQ(book.verified_selection(now).size(), kServedPerNeighbourhood);
}

TEST_F(DrawTest, AThousandAddressesAreEnough) {
  fill(999);
  EXPECT_TRUE(book.need_more());
  fill(1000);
  EXPECT_FALSE(book.need_more());
}

}  // namespace
}  // namespace peerage::addrbook
