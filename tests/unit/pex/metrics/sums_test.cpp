#include "pex/metrics/sums.h"

#include <gtest/gtest.h>

#include "pex/metrics/control_figures.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

TEST(NetworkRows, UpTo64NetworksHaveRowsOfTheirOwn) {
  std::vector<std::string> names;
  for (int i = 0; i < 64; ++i) names.push_back("net-" + std::to_string(i));
  const NetworkRows all(names);
  EXPECT_EQ(all.size(), 64u);
  EXPECT_EQ(all.label(all.row_of("net-63")), "net-63");
  names.push_back("net-64");
  names.push_back("net-65");
  const NetworkRows more(names);
  EXPECT_EQ(more.size(), 65u);
  EXPECT_EQ(more.label(more.row_of("net-63")), "net-63");
  EXPECT_EQ(more.label(more.row_of("net-64")), "other");
  EXPECT_EQ(more.row_of("net-65"), more.row_of(std::size_t{64}));
}

TEST(VerifiedWithin, AnAgeBelongsToTheShortestSpanThatHoldsIt) {
  const addrbook::Time now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 28)};
  EXPECT_EQ(verified_within(addrbook::kNever, now), VerifiedWithin::never);
  EXPECT_EQ(verified_within(now, now), VerifiedWithin::two_hours);
  EXPECT_EQ(verified_within(now - 2h, now), VerifiedWithin::two_hours);
  EXPECT_EQ(verified_within(now - 2h - 1s, now), VerifiedWithin::eight_hours);
  EXPECT_EQ(verified_within(now - 8h - 1s, now), VerifiedWithin::day);
  EXPECT_EQ(verified_within(now - 24h - 1s, now), VerifiedWithin::week);
  EXPECT_EQ(verified_within(now - 7 * 24h - 1s, now), VerifiedWithin::older);
  EXPECT_EQ(verified_within(now + 1h, now), VerifiedWithin::two_hours) << "the clock went back";
}

}  // namespace
}  // namespace peerage::pex
