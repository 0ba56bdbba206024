#include "cmd/config/setting_value.h"

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

TEST(SettingValue, DurationsAreGosDurations) {
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("100ms"), 100ms);
  EXPECT_EQ(parse_duration("7us"), 7us);
  EXPECT_EQ(parse_duration("0"), 0s);
  for (const std::string bad :
       {"", "10", "s", "-1s", "1 s", "1d", "1..5s", "99999999999h", "1e3s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace peerage::cmd
