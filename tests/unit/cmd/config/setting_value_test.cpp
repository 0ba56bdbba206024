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

TEST(SettingValue, WhatIsWrittenIsReadAgain) {
  for (const conn::Duration value : {conn::Duration(0s), conn::Duration(5s), conn::Duration(90min),
                                     conn::Duration(1500ms), conn::Duration(1h + 1ns)}) {
    EXPECT_EQ(parse_duration(setting_text(value)), value) << setting_text(value);
  }
  EXPECT_EQ(setting_text(90s), "1m30s");
  EXPECT_EQ(setting_text(0s), "0s");
  const Complain complain = [](const std::string& what) { ADD_FAILURE() << what; };
  std::vector<conn::Cidr> networks, again;
  set_value(networks, "10.0.0.0/8, 2001:db8::/32", complain);
  set_value(again, setting_text(networks), complain);
  EXPECT_EQ(again, networks);
  EXPECT_EQ(networks.size(), 2u);
  EXPECT_EQ(setting_text(std::optional<std::uint32_t>()), "");
  EXPECT_EQ(setting_text(true), "true");
}

}  // namespace
}  // namespace peerage::cmd
