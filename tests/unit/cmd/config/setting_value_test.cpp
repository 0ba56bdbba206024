#include "cmd/config/setting_value.h"

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

// What `set_value` says to a text; "" when it takes it.
template <typename T>
std::string complaint(const std::string& text, T& into) {
  std::string said;
  set_value(into, text, [&said](const std::string& what) { said = what; });
  return said;
}

TEST(SettingValue, ADurationIsNanosecondsWithoutAUnitAndNeverNegative) {
  conn::Duration span = 7h;
  for (const auto& [text, length] : std::vector<std::pair<std::string, conn::Duration>>{
           {"0", 0s}, {"", 0s}, {"5000000000", 5s}, {"3e9", 3s}, {" 1m\n", 1min}}) {
    EXPECT_EQ(complaint(text, span), "") << text;
    EXPECT_EQ(span, length) << text;
  }
  EXPECT_EQ(complaint("-1s", span), "must not be negative");
  EXPECT_EQ(complaint("-5", span), "must not be negative");
  EXPECT_TRUE(complaint("9999999h", span).starts_with("is out of range"));
  EXPECT_TRUE(complaint("99999999999999999999", span).starts_with("is out of range"));
  EXPECT_NE(complaint("soon", span).find("not \"soon\""), std::string::npos);
  EXPECT_EQ(span, 1min) << "what it had";
}

TEST(SettingValue, ANumberIsWithinItsKind) {
  std::uint32_t small = 0;
  EXPECT_EQ(complaint("4294967295", small), "");
  EXPECT_EQ(small, 4'294'967'295u);
  EXPECT_EQ(complaint("4294967296", small), "is out of range: 0 to 4294967295");
  EXPECT_EQ(complaint("-1", small), "is out of range: 0 to 4294967295");
  EXPECT_EQ(complaint("many", small), "must be a whole number, not \"many\"");
  std::uint64_t large = 0;
  EXPECT_EQ(complaint("9223372036854775807", large), "");
  EXPECT_TRUE(complaint("9223372036854775808", large).starts_with("is out of range"))
      << "a comet node's are signed";
  std::optional<std::uint32_t> perhaps = 3;
  EXPECT_EQ(complaint("x", perhaps), "must be a whole number, not \"x\"");
  EXPECT_EQ(perhaps, 3u);
  EXPECT_EQ(complaint("", perhaps), "");
  EXPECT_FALSE(perhaps);
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
