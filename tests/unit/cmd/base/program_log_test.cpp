#include "cmd/base/program_log.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::LogField;
using conn::LogLevel;
using conn::LogRecord;

// 2026-11-21 10:15:00.250 UTC
constexpr auto kNow = std::chrono::system_clock::time_point(1795256100s + 250ms);

class ProgramLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
    // Two hours east of Greenwich.
    ::setenv("TZ", "TEST-2", 1);
    ::tzset();
  }
  void TearDown() override {
    last.reset();
    ::close(pipe[0]);
    ::close(pipe[1]);
    ::unsetenv("TZ");
    ::tzset();
  }
  ProgramLog log(const std::string& levels, LogFormat format = LogFormat::plain) {
    last.emplace(*LogLevels::parse(levels), format, pipe[1], [] { return kNow; });
    return *last;
  }
  std::string written() const {
    EXPECT_TRUE(last->flush(10s));
    return written_by_now();
  }
  std::string written_by_now() const {
    std::string text(1 << 16, '\0');
    const ssize_t count = ::read(pipe[0], text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return text;
  }
  std::array<int, 2> pipe{};
  std::optional<ProgramLog> last;
};

void say(conn::LogSink& sink, LogLevel level, std::string_view message,
         const std::vector<LogField>& fields = {}) {
  const std::shared_ptr<conn::LogSink> not_owned(std::shared_ptr<void>(), &sink);
  conn::Log(not_owned).write(level, message, fields);
}

TEST_F(ProgramLogTest, APlainLineIsThatOfACometNode) {
  const auto sink = log("info").module("p2p");
  say(*sink, LogLevel::info, "Dialled a peer", {{"id", "6c8f"}, {"rtt_ms", 11}});
  EXPECT_EQ(written(),
            "I[2026-11-21|12:15:00.250] Dialled a peer                               "
            "module=p2p id=6c8f rtt_ms=11\n");
  say(*sink, LogLevel::error, std::string(50, 'x'));
  EXPECT_EQ(written(), "E[2026-11-21|12:15:00.250] " + std::string(50, 'x') + " module=p2p\n");
}

TEST_F(ProgramLogTest, AJsonLineIsThatOfACometNode) {
  const auto sink = log("debug", LogFormat::json).module("p2p");
  say(*sink, LogLevel::debug, "Dialled", {{"rtt_ms", 11}, {"id", "6c8f"}});
  EXPECT_EQ(written(),
            R"({"_msg":"Dialled","id":"6c8f","level":"debug","module":"p2p","rtt_ms":11,)"
            R"("ts":"2026-11-21T10:15:00.25Z"})"
            "\n");
}

TEST_F(ProgramLogTest, WhateverIsInARecordItIsOneLineThatCanBeParsed) {
  const std::string odd = "a \"b\"\\\n\x1b[31m=\x7f\xff\xc3\xa9";
  const LogRecord record{LogLevel::warn, "two\nlines", {}};
  EXPECT_EQ(plain_line("m", record, kNow).find('\n'), std::string::npos);
  const std::vector<LogField> fields = {{"k ey", odd}, {"empty", ""}, {"null", "null"}, {"", "x"}};
  const LogRecord full{LogLevel::warn, "m", fields};
  const std::string plain = plain_line("p2p", full, kNow);
  for (const char c : plain) EXPECT_TRUE(c >= ' ' && c < 0x7f) << plain;
  EXPECT_NE(plain.find(R"( k_ey="a \"b\"\\\n\u001b[31m=\u007f\ufffd\u00e9")"), std::string::npos)
      << plain;
  EXPECT_NE(plain.find(" empty= null=\"null\" _=x"), std::string::npos) << plain;

  const auto json = nlohmann::json::parse(json_line("p2p", full, kNow));
  EXPECT_EQ(json["k ey"], "a \"b\"\\\n\x1b[31m=\x7f\xef\xbf\xbd\xc3\xa9");
}

TEST_F(ProgramLogTest, NumbersAreNumbersInJsonAndTextsThatLookLikeOneAreTexts) {
  const std::vector<LogField> fields = {{"count", std::uint64_t{18446744073709551615U}},
                                        {"less", -7},
                                        {"size", std::size_t{0}},
                                        {"moniker", "12"},
                                        {"version", std::string("1e3")}};
  const auto json = nlohmann::json::parse(json_line("p2p", {LogLevel::info, "m", fields}, kNow));
  EXPECT_EQ(json["count"], 18446744073709551615U);
  EXPECT_EQ(json["less"], -7);
  EXPECT_TRUE(json["size"].is_number_integer());
  EXPECT_EQ(json["moniker"], "12");
  EXPECT_EQ(json["version"], "1e3");
}

TEST_F(ProgramLogTest, AFieldCannotPassForTheLevelOrTheMessage) {
  const std::vector<LogField> fields = {{"level", "x"}, {"_msg", "y"}, {"level", "z"}};
  const auto json = nlohmann::json::parse(json_line("p2p", {LogLevel::info, "m", fields}, kNow));
  EXPECT_EQ(json["level"], "info");
  EXPECT_EQ(json["level_"], "x");
  EXPECT_EQ(json["level__"], "z");
  EXPECT_EQ(json["_msg"], "m");
}

TEST_F(ProgramLogTest, EachModuleHasItsLevelAndItMayChange) {
  ProgramLog program = log("p2p:debug,*:error");
  const auto p2p = program.module("p2p"), pex = program.module("pex");
  EXPECT_TRUE(p2p->wants(LogLevel::debug));
  EXPECT_FALSE(pex->wants(LogLevel::warn));
  say(*pex, LogLevel::warn, "not wanted");
  EXPECT_EQ(written(), "");
  program.set_levels(*LogLevels::parse("p2p:none,*:info"));
  EXPECT_FALSE(p2p->wants(LogLevel::error));
  EXPECT_TRUE(pex->wants(LogLevel::info));
  EXPECT_FALSE(pex->wants(LogLevel::debug));
}

TEST_F(ProgramLogTest, LinesOfManyThreadsDoNotMix) {
  const ProgramLog program = log("info");
  std::vector<std::thread> threads;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    threads.emplace_back([sink = program.module(std::string(1, letter)), letter] {
      for (int i = 0; i < 50; ++i) say(*sink, LogLevel::info, std::string(60, letter));
    });
  }
  for (std::thread& each : threads) each.join();
  const std::string text = written();
  std::size_t lines = 0, begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    const char letter = line.back();
    EXPECT_NE(line.find(" " + std::string(60, letter) + " module="), std::string::npos) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 200u);
}

TEST_F(ProgramLogTest, HowManyLinesWereLostIsSaidInTheFormOfTheLog) {
  for (const LogFormat format : {LogFormat::plain, LogFormat::json}) {
    const ProgramLog program = log("info", format);
    const auto sink = program.module("p2p");
    for (int i = 0; i < 20'000; ++i) say(*sink, LogLevel::info, std::string(100, 'x'));
    std::string text;
    do {
      text += written_by_now();
    } while (!program.flush(1ms));
    text += written_by_now();
    EXPECT_NE(text.find(format == LogFormat::json
                            ? R"({"_msg":"lines of the log were lost","level":"warn","lines":)"
                            : "W[2026-11-21|12:15:00.250] lines of the log were lost          "
                              "         module=main lines="),
              std::string::npos);
  }
}

}  // namespace
}  // namespace peerage::cmd
