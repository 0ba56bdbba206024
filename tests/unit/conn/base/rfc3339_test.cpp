#include "conn/base/rfc3339.h"

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

TEST(Timestamp, IsReadAndWrittenToTheNanosecond) {
  for (const std::string text :
       {"2026-11-21T01:41:40.850813214Z", "2026-11-21T01:41:40.85081719Z", "2024-02-29T23:59:59Z",
        "1970-01-01T00:00:00.000000001Z", "2262-04-11T23:47:16Z"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(rfc3339_text(*time), text);
  }
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.5Z"), Timestamp(1500ms));
}

TEST(Timestamp, TheZeroTimeOfGoIsNever) {
  EXPECT_EQ(parse_rfc3339("0001-01-01T00:00:00Z"), kNoTimestamp);
  EXPECT_EQ(rfc3339_text(kNoTimestamp), "0001-01-01T00:00:00Z");
}

TEST(Timestamp, TheOffsetOfTheMachineThatWroteItIsTakenOff) {
  const auto utc = parse_rfc3339("2026-03-01T00:30:00Z");
  EXPECT_EQ(parse_rfc3339("2026-03-01T02:30:00+02:00"), utc);
  EXPECT_EQ(parse_rfc3339("2026-02-28T19:00:00-05:30"), utc);
}

TEST(Timestamp, TimesThatCannotBeHeldAreBroughtIntoRange) {
  EXPECT_EQ(parse_rfc3339("1969-12-31T23:59:59Z"), kNoTimestamp);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:30:00+01:00"), kNoTimestamp);
  for (const char* text : {"9999-12-31T23:59:59.999999999Z", "2262-04-11T23:47:16.999999999Z"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_GT(*time, parse_rfc3339("2262-04-11T23:47:15Z"));
  }
  EXPECT_EQ(to_timestamp(std::chrono::sys_seconds(-5s)), kNoTimestamp);
  EXPECT_GT(to_timestamp(std::chrono::sys_seconds::max()), parse_rfc3339("2262-04-11T23:47:15Z"));
  EXPECT_EQ(to_timestamp(std::chrono::sys_seconds(7s)), Timestamp(7s));
}

TEST(Timestamp, FinerThanNanosecondsIsCutOff) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.1234567899999999999999Z"), Timestamp(123456789ns));
}

TEST(Timestamp, WhatIsNoTimeIsRefused) {
  for (const char* text : {"",
                           "Z",
                           "now",
                           "2026-11-21",
                           "2026-11-21T01:41:40",
                           "2026-11-21 01:41:40Z",
                           "2026-11-21T01:41:40z",
                           "2026-11-21t01:41:40Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00,5Z",
                           "2026-01-01T00:00:00+25:00",
                           "2026-01-01T00:00:00+01:60",
                           "2026-01-01T00:00:00+0100",
                           "2026-01-01T00:00:00Z ",
                           "2026-01-01T00:00:00ZZ",
                           "-026-01-01T00:00:00Z",
                           "2026-1-01T00:00:00Z",
                           "2026-01-01T0:00:00Z",
                           "+2026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Timestamp, NoPrefixOfATimeIsATime) {
  const std::string text = "2026-11-21T01:41:40.850813214+01:00";
  ASSERT_TRUE(parse_rfc3339(text));
  for (std::size_t i = 0; i < text.size(); ++i) EXPECT_FALSE(parse_rfc3339(text.substr(0, i))) << i;
}

}  // namespace
}  // namespace peerage::conn
