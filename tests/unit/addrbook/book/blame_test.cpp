#include "addrbook/book/blame.h"

#include <gtest/gtest.h>

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::days(20'000)};

TEST(Blame, AGroupThatWasNeverBlamedIsTrusted) {
  Blame blame;
  EXPECT_EQ(blame.trust(1, kStart), 1);
  blame.add(2, kStart);
  EXPECT_EQ(blame.trust(1, kStart), 1);
}

TEST(Blame, EachBlameCostsTrustAndADayHalvesIt) {
  Blame blame;
  for (int i = 0; i < 4; ++i) blame.add(1, kStart);
  EXPECT_NEAR(blame.trust(1, kStart), 1.0 / 5, 1e-9);
  EXPECT_NEAR(blame.trust(1, kStart + 24h), 1.0 / 3, 1e-9);
  EXPECT_NEAR(blame.trust(1, kStart + 48h), 1.0 / 2, 1e-9);
  blame.add(1, kStart + 48h);
  EXPECT_NEAR(blame.trust(1, kStart + 48h), 1.0 / 3, 1e-9);
}

TEST(Blame, TheMostBlamedAreRemembered) {
  Blame blame;
  for (int i = 0; i < 5; ++i) blame.add(1, kStart);
  for (std::uint64_t group = 10; group < 10 + 3 * Blame::kMaxGroups; ++group) {
    blame.add(group, kStart);
  }
  EXPECT_EQ(blame.groups(), Blame::kMaxGroups);
  EXPECT_LT(blame.trust(1, kStart), 0.2);
}

}  // namespace
}  // namespace peerage::addrbook
