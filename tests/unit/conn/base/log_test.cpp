#include "conn/base/log.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/log_lines.h"

namespace peerage::conn {
namespace {

using Expected = std::vector<std::string>;

struct LogTest : testing::Test {
  std::shared_ptr<test::LogLines> sink = std::make_shared<test::LogLines>();
  const Log log{sink};
};

TEST_F(LogTest, ARecordIsALevelAMessageAndFieldsInTheirOrder) {
  log.write(LogLevel::info, "listening", {{"address", "1.2.3.4:5"}, {"channels", "3"}});
  log.write(LogLevel::error, "stopped");
  EXPECT_EQ(sink->lines,
            (Expected{"info listening address=1.2.3.4:5 channels=3", "error stopped"}));
}

TEST_F(LogTest, LevelsHaveNames) {
  EXPECT_EQ(name(LogLevel::debug), "debug");
  EXPECT_EQ(name(LogLevel::info), "info");
  EXPECT_EQ(name(LogLevel::warn), "warn");
  EXPECT_EQ(name(LogLevel::error), "error");
}

TEST_F(LogTest, WithoutASinkNothingIsLogged) {
  const Log silent(nullptr);
  EXPECT_FALSE(silent.wants(LogLevel::error));
  silent.write(LogLevel::error, "x", {{"a", "b"}});
}

TEST_F(LogTest, WhatTheSinkDoesNotWantIsNotLogged) {
  sink->least = LogLevel::warn;
  EXPECT_FALSE(log.wants(LogLevel::info));
  EXPECT_TRUE(log.wants(LogLevel::warn));
  log.write(LogLevel::info, "x");
  EXPECT_EQ(sink->lines, Expected());
}

TEST_F(LogTest, CopiesShareTheSink) {
  const Log copy = log;  // NOLINT(performance-unnecessary-copy-initialization): what is tested
  copy.write(LogLevel::info, "first");
  log.write(LogLevel::info, "second");
  EXPECT_EQ(sink->lines, (Expected{"info first", "info second"}));
}

}  // namespace
}  // namespace peerage::conn
