#include "p2p/spdlog_sink.h"

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "tests/support/hostile_texts.h"

namespace peerage::p2p {
namespace {

// A logger that writes "level: line" to a text.
struct SpdlogSinkTest : testing::Test {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> logger = make_logger("peerage-test", text);

  static std::shared_ptr<spdlog::logger> make_logger(const std::string& name,
                                                     std::ostringstream& to) {
    auto made = std::make_shared<spdlog::logger>(
        name, std::make_shared<spdlog::sinks::ostream_sink_mt>(to));
    made->set_pattern("%l: %v");
    made->set_level(spdlog::level::trace);
    return made;
  }
  void SetUp() override { spdlog::register_logger(logger); }
  void TearDown() override { spdlog::drop("peerage-test"); }

  std::string written() {
    const std::string lines = text.str();
    text.str("");
    return lines;
  }
  std::string value(const std::string& raw) {
    const std::vector<conn::LogField> fields = {{"k", raw}};
    conn::Log(make_spdlog_sink("peerage-test")).write(conn::LogLevel::info, "m", fields);
    const std::string line = written();
    const std::string before = "info: m k=";
    EXPECT_EQ(line.substr(0, before.size()), before);
    EXPECT_EQ(line.back(), '\n');
    return line.substr(before.size(), line.size() - before.size() - 1);
  }
};

TEST_F(SpdlogSinkTest, ALineIsTheMessageAndItsFields) {
  const conn::Log log(make_spdlog_sink("peerage-test"));
  const std::vector<conn::LogField> fields = {{"peer", "ab12"}, {"count", "3"}};
  log.write(conn::LogLevel::warn, "peer dropped", fields);
  EXPECT_EQ(written(), "warning: peer dropped peer=ab12 count=3\n");
  log.write(conn::LogLevel::info, "done");
  EXPECT_EQ(written(), "info: done\n");
}

TEST_F(SpdlogSinkTest, EveryLevelHasItsOwn) {
  const conn::Log log(make_spdlog_sink("peerage-test"));
  for (const auto level :
       {conn::LogLevel::debug, conn::LogLevel::info, conn::LogLevel::warn, conn::LogLevel::error}) {
    log.write(level, "m");
  }
  EXPECT_EQ(written(), "debug: m\ninfo: m\nwarning: m\nerror: m\n");
}

TEST_F(SpdlogSinkTest, ValuesThatCouldBeMisreadAreQuoted) {
  EXPECT_EQ(value("plain"), "plain");
  EXPECT_EQ(value("tcp://1.2.3.4:26656"), "tcp://1.2.3.4:26656");
  EXPECT_EQ(value("back\\slash"), "back\\slash");
  EXPECT_EQ(value(""), "\"\"");
  EXPECT_EQ(value("two words"), "\"two words\"");
  EXPECT_EQ(value("a=b"), "\"a=b\"");
  EXPECT_EQ(value("say \"hi\""), "\"say \\\"hi\\\"\"");
  EXPECT_EQ(value("a \\ b"), "\"a \\\\ b\"");
}

TEST_F(SpdlogSinkTest, AValueCannotBreakTheLine) {
  EXPECT_EQ(value("a\nerror: forged"), "\"a\\x0aerror: forged\"");
  EXPECT_EQ(value("\r\t"), "\"\\x0d\\x09\"");
  EXPECT_EQ(value(std::string("\x1b\x00\x7f", 3)), "\"\\x1b\\x00\\x7f\"");
}

TEST_F(SpdlogSinkTest, WhateverIsInARecordTheLineIsPrintableAscii) {
  for (const std::string& hostile : test::hostile_texts()) {
    conn::Log(make_spdlog_sink("peerage-test")).write(conn::LogLevel::info, hostile);
    test::expect_inert(written());
    (void)value(hostile);
    conn::Log(make_spdlog_sink("peerage-test")).write(conn::LogLevel::info, "m", {{"k", hostile}});
    test::expect_inert(written());
  }
}

TEST_F(SpdlogSinkTest, BracesAreNoFormat) {
  EXPECT_EQ(value("{}"), "{}");
  conn::Log(make_spdlog_sink("peerage-test")).write(conn::LogLevel::info, "{} {0}");
  EXPECT_EQ(written(), "info: {} {0}\n");
}

TEST_F(SpdlogSinkTest, ItWantsWhatTheLoggerWants) {
  const auto sink = make_spdlog_sink("peerage-test");
  EXPECT_TRUE(sink->wants(conn::LogLevel::debug));
  logger->set_level(spdlog::level::warn);
  EXPECT_FALSE(sink->wants(conn::LogLevel::debug));
  EXPECT_FALSE(sink->wants(conn::LogLevel::info));
  EXPECT_TRUE(sink->wants(conn::LogLevel::warn));
  EXPECT_TRUE(sink->wants(conn::LogLevel::error));
}

TEST_F(SpdlogSinkTest, WithoutALoggerOfThatNameTheDefaultOneIsUsed) {
  const auto before = spdlog::default_logger();
  std::ostringstream elsewhere;
  spdlog::set_default_logger(make_logger("default-of-the-test", elsewhere));
  conn::Log(make_spdlog_sink("no-such-logger")).write(conn::LogLevel::info, "m");
  EXPECT_EQ(elsewhere.str(), "info: m\n");
  EXPECT_EQ(written(), "");
  spdlog::drop("default-of-the-test");
  spdlog::set_default_logger(nullptr);
  EXPECT_EQ(make_spdlog_sink("no-such-logger"), nullptr);
  spdlog::set_default_logger(before);
}

TEST_F(SpdlogSinkTest, ALogWritesThroughIt) {
  const conn::Log log(make_spdlog_sink("peerage-test"));
  log.write(conn::LogLevel::info, "listening", {{"address", "0.0.0.0:26656"}});
  EXPECT_EQ(written(), "info: listening address=0.0.0.0:26656\n");
}

}  // namespace
}  // namespace peerage::p2p
