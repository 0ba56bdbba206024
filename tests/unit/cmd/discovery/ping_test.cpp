#include "cmd/discovery/ping.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/cmd/discovery/answering_nodes.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

struct PingTest : testing::Test {
  test::AnsweringNodes nodes;
  conn::TimePoint now{};

  PingReport ping(const pex::Contact& contact, std::size_t count = 1) {
    PingInquiry inquiry(contact, {.count = count, .interval = 1s});
    while (true) {
      nodes.run(inquiry, now);
      const auto wait = inquiry.next_deadline();
      if (!wait) break;
      now = *wait;
    }
    EXPECT_TRUE(inquiry.finished());
    PingReport report = inquiry.take_report();
    report.target = "the node";
    return report;
  }
};

TEST_F(PingTest, APongProvesTheEndpointAndTheRecordIsAskedForOnce) {
  auto& node = nodes.add(1, "net-1");
  const PingReport report = ping(node.contact, 3);
  EXPECT_TRUE(report.proven());
  EXPECT_EQ(report.answered(), 3u);
  EXPECT_EQ(node.pings, 3u);
  EXPECT_EQ(node.records, 1u);
  ASSERT_TRUE(report.record);
  EXPECT_EQ(**report.record, node.record);
}

TEST_F(PingTest, PingsAreAnIntervalApart) {
  auto& node = nodes.add(1, "net-1");
  const auto began = now;
  ping(node.contact, 3);
  EXPECT_EQ(now - began, 2s);
}

TEST_F(PingTest, ASilentNodeIsNotAskedForItsRecord) {
  auto& node = nodes.add(1, "net-1");
  node.answers = false;
  const PingReport report = ping(node.contact, 2);
  EXPECT_FALSE(report.proven());
  EXPECT_EQ(report.pings.size(), 2u);
  EXPECT_EQ(node.records, 0u);
  EXPECT_FALSE(report.record);
}

TEST_F(PingTest, NoPingIsDoneAtOnce) {
  auto& node = nodes.add(1, "net-1");
  EXPECT_EQ(ping(node.contact, 0).pings.size(), 0u);
  EXPECT_EQ(node.pings, 0u);
}

TEST_F(PingTest, TheReportForPeopleHasRoundTripOurAddressAndTheRecord) {
  const std::string text = to_text(ping(nodes.add(1, "net-1").contact));
  EXPECT_NE(text.find("2.0 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("sees us at 10.9.9.9:4000, record seq 1"), std::string::npos) << text;
  EXPECT_NE(text.find("net-1"), std::string::npos) << text;
  EXPECT_NE(text.find("answered 1 of 1: the endpoint is proven"), std::string::npos) << text;
}

TEST_F(PingTest, TheReportOfSilenceSaysWhatItDoesNotTellApart) {
  auto& node = nodes.add(1);
  node.answers = false;
  const std::string text = to_text(ping(node.contact));
  EXPECT_NE(text.find("FAILED"), std::string::npos) << text;
  EXPECT_NE(text.find("look the same"), std::string::npos) << text;
  EXPECT_NE(text.find("answered 0 of 1\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("proven"), std::string::npos) << text;
}

TEST_F(PingTest, AnotherKeyThatAnswersThereIsNamed) {
  auto& node = nodes.add(1);
  node.answers = false;
  PingReport report = ping(node.contact);
  report.other_id = nodes.add(2).contact.id;
  const std::string text = to_text(report);
  EXPECT_NE(text.find("Another key answers there"), std::string::npos) << text;
  EXPECT_NE(text.find(report.other_id->to_string()), std::string::npos) << text;
  EXPECT_EQ(text.find("look the same"), std::string::npos) << text;
  EXPECT_EQ(Json::parse(to_json(report))["answered_by"], report.other_id->to_string());
}

TEST_F(PingTest, TheReportForProgramsHasEachPing) {
  auto& node = nodes.add(1, "net-1");
  const Json json = Json::parse(to_json(ping(node.contact)));
  EXPECT_EQ(json["proven"], true);
  EXPECT_EQ(json["udp"], "10.0.0.1:30303");
  ASSERT_EQ(json["pings"].size(), 1u);
  EXPECT_EQ(json["pings"][0]["round_trip_ms"], 2.0);
  EXPECT_EQ(json["pings"][0]["sees_us_at"], "10.9.9.9:4000");
  EXPECT_EQ(json["record"]["comet"]["networks"], Json({"net-1"}));
  node.answers = false;
  const Json silent = Json::parse(to_json(ping(node.contact)));
  EXPECT_EQ(silent["proven"], false);
  EXPECT_EQ(silent["pings"][0]["failure"]["reason"], "no_answer");
}

TEST_F(PingTest, ANodeThatAnswersNoRecordIsStillProven) {
  const PingReport report = ping(nodes.add(1).contact);
  EXPECT_TRUE(report.proven());
  ASSERT_TRUE(report.record);
  EXPECT_FALSE(*report.record);
  EXPECT_TRUE(Json::parse(to_json(report)).contains("record_failure"));
}

}  // namespace
}  // namespace peerage::cmd
