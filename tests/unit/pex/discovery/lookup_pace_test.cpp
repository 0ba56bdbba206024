#include "pex/discovery/lookup_pace.h"

#include <gtest/gtest.h>

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

TEST(LookupPace, WithoutPeersItIsEachSecondAndWithAllEachTwentySeconds) {
  EXPECT_EQ(lookup_interval({}, 0, 10), 1s);
  EXPECT_EQ(lookup_interval({}, 10, 10), 20s);
  EXPECT_EQ(lookup_interval({}, 30, 10), 20s);
}

TEST(LookupPace, ANodeThatWantsNoPeersIsInNoHurry) {
  EXPECT_EQ(lookup_interval({}, 0, 0), 20s);
  EXPECT_EQ(lookup_interval({}, 5, 0), 20s);
}

TEST(LookupPace, BetweenTheTwoItEasesInAndOut) {
  // 4c³ below a half, 1 - (2 - 2c)³ / 2 from there on.
  const auto seconds = [](std::size_t peers) {
    return std::chrono::duration<double>(lookup_interval({}, peers, 100)).count();
  };
  EXPECT_NEAR(seconds(25), 1 + 19 * 0.0625, 1e-6);
  EXPECT_NEAR(seconds(50), 1 + 19 * 0.5, 1e-6);
  EXPECT_NEAR(seconds(75), 1 + 19 * 0.9375, 1e-6);
  for (std::size_t peers = 1; peers <= 100; ++peers) EXPECT_GT(seconds(peers), seconds(peers - 1));
}

TEST(LookupPace, TheBoundsAreSettings) {
  DiscoveryLimits limits;
  limits.lookup_interval_low = 5s;
  limits.lookup_interval_high = 7s;
  EXPECT_EQ(lookup_interval(limits, 0, 2), 5s);
  EXPECT_EQ(lookup_interval(limits, 1, 2), 6s);
  EXPECT_EQ(lookup_interval(limits, 2, 2), 7s);
}

}  // namespace
}  // namespace peerage::pex
