#include "cmd/base/control_output.h"

#include <algorithm>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

const std::string kId = "6c8f8607dbe87077a62a2990ce07d94aaf749df7";

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

TEST(ControlOutput, AnObjectIsALineForEachMember) {
  EXPECT_EQ(result_text("ban",
                        R"({"until":"2026-01-01T00:00:00Z","disconnected":2,"changed":true,)"
                        R"("reason":"","next_dial_s":90,"rtt_ms":12,"last_success":null})",
                        80),
            "until         2026-01-01T00:00:00Z\n"
            "disconnected  2\n"
            "changed       yes\n"
            "reason        -\n"
            "next dial     1 min\n"
            "rtt           12 ms\n"
            "last success  -\n");
}

TEST(ControlOutput, TimesHaveTheirUnitWholeOrNot) {
  EXPECT_EQ(result_text("status", R"({"uptime_s":4.547,"age_s":7201.5,"ms":13.39})", 80),
            "uptime  4 s\n"
            "age     2 h\n"
            "took    13.39 ms\n");
}

TEST(ControlOutput, WhatIsShortIsALineAndWhatIsLongASection) {
  EXPECT_EQ(result_text("status",
                        R"({"version":"0.1.0","slots":{"inbound":3,"outbound":10},)"
                        R"("listen":["0.0.0.0:26656"],"store":{},)"
                        R"("book":{"net-1":{"known":5,"verified":2},"net-2":{"known":7}},)"
                        R"("more":{"a":{"b":[[1]]},"c":1}})",
                        80),
            "version  0.1.0\n"
            "slots    inbound 3, outbound 10\n"
            "listen   0.0.0.0:26656\n"
            "store    -\n"
            "\n"
            "book:\n"
            "         known  verified\n"
            "  net-1      5         2\n"
            "  net-2      7         -\n"
            "\n"
            "more:\n"
            "  c  1\n"
            "\n"
            "  a:\n"
            "    b  [[1]]\n");
}

TEST(ControlOutput, AListIsATableUnderTheNamesOfItsMembers) {
  EXPECT_EQ(result_text("seeds list",
                        R"({"seeds":[{"address":"a@1.2.3.4:5","from":"settings"},)"
                        R"({"address":"b@1.2.3.4:55","age_s":7200}]})",
                        80),
            "address       from      age\n"
            "a@1.2.3.4:5   settings    -\n"
            "b@1.2.3.4:55  -         2 h\n");
  EXPECT_EQ(result_text("peers", R"({"peers":[]})", 80), "no peers\n");
}

TEST(ControlOutput, ANarrowTerminalHasTheColumnsThatMatterMost) {
  const std::string peers = R"({"peers":[{"network":"a-long-name-of-a-network","id":")" + kId +
                            R"(","address":"203.0.113.200:26656","direction":"outbound",)"
                            R"("kind":"unconditional","version":"0.38.17","age_s":5,"sent":1,)"
                            R"("moniker":"a moniker that is rather long, as some are"}]})";
  const std::string narrow = result_text("peers", peers, 80);
  EXPECT_LE(widest_line(narrow), 80u);
  EXPECT_NE(narrow.find("6c8f8607db  203.0.113.200:26656"), std::string::npos) << narrow;
  EXPECT_EQ(narrow.find(kId), std::string::npos);
  EXPECT_EQ(narrow.find("a-long-name"), std::string::npos);
  for (const std::size_t columns : {20, 40, 60, 100, 200}) {
    EXPECT_LE(widest_line(result_text("peers", peers, columns)), columns);
  }
  // Where nothing is shown to anybody, nothing is left out.
  const std::string whole = result_text("peers", peers, 0);
  for (const char* const text : {kId.c_str(), "a-long-name-of-a-network", "as some are", "sent"}) {
    EXPECT_NE(whole.find(text), std::string::npos) << text;
  }
}

TEST(ControlOutput, TextOfStrangersIsMadePrintable) {
  const std::string text = result_text(
      "peers", R"({"peers":[{"moniker":"\u001b[2J\nadmin \u00e4","\u001bx":"y"}]})", 80);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_NE(text.find(R"(\x1b[2J\x0aadmin \xc3\xa4)"), std::string::npos) << text;
  EXPECT_EQ(event_text("{\"event\":\"gone\",\"peer\":{\"moniker\":\"\\u001b[2J\"}}").find('\x1b'),
            std::string::npos);
}

TEST(ControlOutput, WhatIsNestedDeeplyStaysJson) {
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += "{\"a\":";
  deep += "1" + std::string(2000, '}');
  EXPECT_LE(result_text("status", deep, 80).size(), 2000u);
  EXPECT_EQ(result_text("status", "no object", 80), "no object\n");
}

TEST(ControlOutput, AnEventIsOneLine) {
  EXPECT_EQ(event_text(R"({"event":"connected","time":"2026-01-01T00:00:00Z",)"
                       R"("peer":{"id":"ab","direction":"inbound"},"n":[1,2]})"),
            "2026-01-01T00:00:00Z  connected  peer id ab, direction inbound  n 1, 2");
  EXPECT_EQ(event_text(R"({"event":"lost","n":17})"), "lost  n 17");
  EXPECT_EQ(event_text("odd\n"), R"(odd\x0a)");
}

TEST(ControlOutput, WhetherADialFailedIsReadFromTheAnswer) {
  EXPECT_TRUE(dial_failed_in(R"({"result":"failed","stage":"connect"})"));
  EXPECT_FALSE(dial_failed_in(R"({"result":"connected"})"));
  for (const char* other : {"{}", "[]", "failed", "", R"({"result":1})"}) {
    EXPECT_FALSE(dial_failed_in(other)) << other;
  }
}

TEST(ControlOutput, ReadinessIsReadFromTheAnswer) {
  EXPECT_EQ(ready_in(R"({"ready":true})"), true);
  EXPECT_EQ(ready_in(R"({"ready":false,"why":["no"]})"), false);
  EXPECT_EQ(ready_in(R"({"ready":"yes"})"), std::nullopt);
  EXPECT_EQ(ready_in(R"({})"), std::nullopt);
  EXPECT_EQ(ready_in("[]"), std::nullopt);
  EXPECT_TRUE(dial_failed_in(R"({"result":"failed","ms":3})"));
  EXPECT_FALSE(dial_failed_in(R"({"result":"connected"})"));
  EXPECT_FALSE(dial_failed_in("[]"));
}

}  // namespace
}  // namespace peerage::cmd
