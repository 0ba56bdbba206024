#include "cmd/config/go_value.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(GoValue, TextThatHoldsAWholeNumberIsOne) {
  for (const auto& [text, number] : std::vector<std::pair<std::string, std::int64_t>>{
           {"0", 0},
           {"", 0},
           {"300", 300},
           {" 300\r\n", 300},
           {"+7", 7},
           {"-7", -7},
           {"0x1F", 31},
           {"0b101", 5},
           {"0o17", 15},
           {"017", 15},
           {"5_120_000", 5'120'000},
           {"0x_ff", 255},
           {"5.12e6", 5'120'000},
           {"5.12E+6", 5'120'000},
           {"40.0", 40},
           {"-1e3", -1000},
           {"9223372036854775807", kMost},
           {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()}}) {
    const auto read = read_whole(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, number) << text;
  }
}

TEST(GoValue, WhatIsNoWholeNumberIsToldFromWhatIsTooLarge) {
  for (const std::string text :
       {"many", "1.5", "5 0", "1__0", "_1",   "1_",   "0x", "0xg",   "0b2", "--1", "1e",
        "e3",   ".",   "inf", "nan",  "-inf", "true", "1s", "1,000", "-",   "1e-3"}) {
    const auto read = read_whole(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error(), Unread::no_number) << text;
  }
  for (const std::string text : {"9223372036854775808", "-9223372036854775809", "1e19", "-1e300",
                                 "1e999", "0xffffffffffffffff", "99999999999999999999999"}) {
    const auto read = read_whole(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error(), Unread::out_of_range) << text;
  }
}

TEST(GoValue, ANumberOfTheFileIsWholeOrNone) {
  EXPECT_EQ(*whole_of(5.12e6), 5'120'000);
  EXPECT_EQ(*whole_of(-0x1p63), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(whole_of(0.5).error(), Unread::no_number);
  EXPECT_EQ(whole_of(0x1p63).error(), Unread::out_of_range);
  EXPECT_EQ(whole_of(INFINITY).error(), Unread::out_of_range);
  EXPECT_EQ(whole_of(NAN).error(), Unread::no_number);
}

TEST(GoValue, BooleansAreThoseOfParseBool) {
  for (const std::string text : {"1", "t", "T", "true", "TRUE", "True", " true\n"}) {
    EXPECT_EQ(read_bool(text), true) << text;
  }
  for (const std::string text : {"0", "f", "F", "false", "FALSE", "False", "", " "}) {
    EXPECT_EQ(read_bool(text), false) << text;
  }
  for (const std::string text : {"yes", "no", "on", "2", "tRUE", "truE", "-1", "null"}) {
    EXPECT_EQ(read_bool(text), std::nullopt) << text;
  }
}

TEST(GoValue, DurationsAreGosDurations) {
  for (const auto& [text, span] : std::vector<std::pair<std::string, conn::Duration>>{
           {"10s", 10s},
           {"1h30m", 90min},
           {"1h2m3.5s", 1h + 2min + 3500ms},
           {"1.5s", 1500ms},
           {".5s", 500ms},
           {"5.s", 5s},
           {"100ms", 100ms},
           {"7us", 7us},
           {"1\u00b5s", 1us},
           {"1\u03bcs", 1us},
           {"0.1h", 6min},
           {"9ns", 9ns},
           {"0", 0s},
           {"-0", 0s},
           {"+1s", 1s},
           {"2562047h47m16.854775807s", conn::Duration(kMost)}}) {
    const auto read = parse_duration(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, span) << text;
  }
  for (const std::string bad :
       {"", "10", "s", "1 s", "1d", "1..5s", "99999999999h", "1e3s", ".s", "-", "-1s", "-1.5h",
        "1s-1s", "2562047h47m16.854775808s", "3m4", "1S", "1\u00b5"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(GoValue, ADurationWithoutAUnitIsNanoseconds) {
  EXPECT_EQ(*read_duration(""), 0s);
  EXPECT_EQ(*read_duration("0"), 0s);
  EXPECT_EQ(*read_duration("3000000000"), 3s);
  EXPECT_EQ(*read_duration("-1"), -1ns);
  EXPECT_EQ(*read_duration("-1.5h"), -90min);
  EXPECT_EQ(*read_duration(" 5s "), 5s);
  EXPECT_EQ(read_duration("5 s").error(), Unread::no_number);
  EXPECT_EQ(read_duration("9999999999999h").error(), Unread::out_of_range);
  EXPECT_EQ(read_duration("99999999999999999999").error(), Unread::out_of_range);
}

}  // namespace
}  // namespace peerage::cmd
