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
       std::vector<std::pair<std::string, std::string>>{{"loud", "\"loud\""},
                                                        {"128", "\"128\""},
                                                        {"1.5", "\"1.5\""},
                                                        {"traces", "\"traces\""},
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

// What a level lets through: the lowest of ours, or none.
std::string least(const std::string& text, const char* module = "p2p") {
  const auto levels = LogLevels::parse(text);
  if (!levels) return levels.error().detail;
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    if (levels->wants(module, level)) return std::string(conn::name(level));
  }
  return "none";
}

TEST(LogLevels, ThoseOfApplicationsAreOurs) {
  for (const auto& [text, level] :
       std::vector<std::pair<std::string, std::string>>{{"trace", "debug"},
                                                        {"fatal", "error"},
                                                        {"panic", "error"},
                                                        {"disabled", "none"},
                                                        {"TRACE", "debug"},
                                                        {"Info", "info"},
                                                        {" warn\n", "warn"},
                                                        {"warning", "warn"},
                                                        {"crit", "error"},
                                                        {"off", "none"},
                                                        {"-1", "debug"},
                                                        {"0", "debug"},
                                                        {"1", "info"},
                                                        {"2", "warn"},
                                                        {"5", "error"},
                                                        {"7", "none"},
                                                        {"", "info"},
                                                        {"*:error,p2p:trace", "debug"},
                                                        {"oracle:disabled,*:info", "info"},
                                                        {"oracle:disabled, *:WARN ", "warn"},
                                                        {"p2p : fatal,*:debug", "error"}}) {
    EXPECT_EQ(least(text), level) << text;
  }
  EXPECT_EQ(least("oracle:disabled,*:info", "oracle"), "none");
}

TEST(LogLevels, ThereAreTwoFormats) {
  EXPECT_EQ(*parse_log_format("plain"), LogFormat::plain);
  EXPECT_EQ(*parse_log_format("json"), LogFormat::json);
  EXPECT_EQ(*parse_log_format(" JSON\n"), LogFormat::json);
  EXPECT_EQ(*parse_log_format("Text"), LogFormat::plain) << "of applications";
  EXPECT_EQ(*parse_log_format(""), LogFormat::plain);
  EXPECT_FALSE(parse_log_format("xml"));
}

}  // namespace
}  // namespace peerage::cmd
