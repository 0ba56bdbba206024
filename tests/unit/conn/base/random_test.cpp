#include "conn/base/random.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

TEST(Random, TheSameSeedGivesTheSameStreamAndAnotherAnother) {
  Random a({1}), b({1}), c({2});
  std::size_t same = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto word = a.next();
    EXPECT_EQ(word, b.next());
    same += word == c.next() ? 1 : 0;
  }
  EXPECT_EQ(same, 0u);
}

TEST(Random, ItDoesNotRepeatAndDoesNotShowItsSeed) {
  Random random({1});
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(random.next());
  EXPECT_EQ(seen.size(), 10'000u);
}

TEST(Random, NumbersBelowABoundAreEven) {
  Random random({3});
  EXPECT_EQ(random.below(0), 0u);
  EXPECT_EQ(random.below(1), 0u);
  std::vector<int> counts(10);
  for (int i = 0; i < 100'000; ++i) ++counts.at(random.below(10));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
}

TEST(Random, SharesLieBetweenNoneAndAll) {
  Random random({4});
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double share = random.share();
    ASSERT_GE(share, 0);
    ASSERT_LT(share, 1);
    sum += share;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
}

}  // namespace
}  // namespace peerage::conn
