#include "cmd/base/log_levels.h"

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using conn::LogLevel;

TEST(LogLevels, OneWordIsForEveryModule) {
  const auto levels = LogLevels::parse("warn");
  ASSERT_TRUE(levels);
  EXPECT_FALSE(levels->wants("p2p", LogLevel::info));
  EXPECT_TRUE(levels->wants("p2p", LogLevel::warn));
  EXPECT_TRUE(levels->wants("pex", LogLevel::error));
}

TEST(LogLevels, ModulesHaveTheirOwnAndTheRestHasTheStars) {
  const auto levels = LogLevels::parse("p2p:debug,pex:none,*:error");
  ASSERT_TRUE(levels);
  EXPECT_TRUE(levels->wants("p2p", LogLevel::debug));
  EXPECT_FALSE(levels->wants("pex", LogLevel::error));
  EXPECT_FALSE(levels->wants("main", LogLevel::warn));
  EXPECT_TRUE(levels->wants("main", LogLevel::error));
}

TEST(LogLevels, WithoutAStarTheRestIsInfo) {
  const auto levels = LogLevels::parse("p2p:error");
  ASSERT_TRUE(levels);
  EXPECT_TRUE(levels->wants("main", LogLevel::info));
  EXPECT_FALSE(levels->wants("main", LogLevel::debug));
}

TEST(LogLevels, WhatIsWrongIsNamed) {
  for (const auto& [text, named] :
       std::vector<std::pair<std::string, std::string>>{{"", "\"\""},
                                                        {"loud", "\"loud\""},
                                                        {"p2p:loud", "\"loud\""},
                                                        {"p2p:debug,error", "\"error\""},
                                                        {"p2p:debug,", "\"\""},
                                                        {":debug", "\":debug\""},
                                                        {"a b:debug", "\"a b:debug\""},
                                                        {"info,debug", "\"info,debug\""},
                                                        {"p2p:debug:x", "\"debug:x\""},
                                                        {"p2p:DEBUG\x01", "\"DEBUG\\x01\""}}) {
    const auto levels = LogLevels::parse(text);
    ASSERT_FALSE(levels) << text;
    EXPECT_NE(levels.error().detail.find(named), std::string::npos) << levels.error().detail;
  }
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "m" + std::to_string(i) + ":info,";
  EXPECT_FALSE(LogLevels::parse(many + "*:info"));
}

TEST(LogLevels, ThereAreTwoFormats) {
  EXPECT_EQ(*parse_log_format("plain"), LogFormat::plain);
  EXPECT_EQ(*parse_log_format("json"), LogFormat::json);
  EXPECT_FALSE(parse_log_format("text"));
}

}  // namespace
}  // namespace peerage::cmd
