#include "cmd/discovery/lookup.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/cmd/discovery/answering_nodes.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

struct LookupInquiryTest : testing::Test {
  test::AnsweringNodes nodes;
  pex::LookupTarget target = pex::LookupTarget::of(test::secp256k1_key(9'999u).public_key().xy());
  pex::EnodeId own{};
  conn::TimePoint now{};

  void fill(std::uint16_t count) {
    for (std::uint16_t number = 1; number <= count; ++number) nodes.add(number, "net-1");
    nodes.introduce_all();
  }
  LookupReport look_up(const pex::Contact& start) {
    LookupInquiry inquiry(target, own, {start});
    nodes.run(inquiry, now);
    EXPECT_TRUE(inquiry.finished());
    return inquiry.report(now);
  }
};

TEST_F(LookupInquiryTest, FindsTheSixteenClosestOfAllAndTheirRecords) {
  fill(200);
  const LookupReport report = look_up(nodes.add(1).contact);
  std::vector<pex::EnodeId> all;
  for (std::uint16_t number = 1; number <= 200; ++number)
    all.push_back(nodes.add(number).contact.id);
  std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    return pex::compare_distance(target.id, a, b) < 0;
  });
  ASSERT_EQ(report.found.size(), 16u);
  for (std::size_t i = 0; i < report.found.size(); ++i) {
    EXPECT_EQ(report.found[i].contact.id, all[i]) << i;
    EXPECT_EQ(report.found[i].distance, pex::log_distance(all[i], target.id));
    EXPECT_TRUE(report.found[i].contact.record);
    EXPECT_EQ(nodes.at(all[i]).records, 1u);
  }
  EXPECT_TRUE(report.finished);
  EXPECT_FALSE(report.failure);
  EXPECT_EQ(report.asked, report.answered);
}

TEST_F(LookupInquiryTest, WhoIsSilentIsNoResult) {
  fill(5);
  auto& silent = nodes.add(3);
  silent.answers = false;
  const LookupReport report = look_up(nodes.add(1).contact);
  EXPECT_EQ(report.found.size(), 4u);
  EXPECT_EQ(report.asked, 5u);
  EXPECT_EQ(report.answered, 4u);
  EXPECT_EQ(report.heard, 5u);
  EXPECT_FALSE(report.failure) << "the others have answered";
}

TEST_F(LookupInquiryTest, WhenNobodyAnswersTheReasonIsKept) {
  auto& node = nodes.add(1);
  node.answers = false;
  const LookupReport report = look_up(node.contact);
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.answered, 0u);
  EXPECT_NE(to_text(report).find("look the same"), std::string::npos);
  EXPECT_EQ(Json::parse(to_json(report))["failure"]["reason"], "no_answer");
}

TEST_F(LookupInquiryTest, ItGoesOnWithoutWhoIsSlow) {
  auto& slow = nodes.add(1, "net-1");
  auto& quick = nodes.add(2, "net-1");
  LookupInquiry inquiry(target, own, {slow.contact, quick.contact}, 500ms);
  std::vector<Question> asked;
  while (const auto question = inquiry.next(now)) asked.push_back(*question);
  ASSERT_EQ(asked.size(), 2u);
  for (const Question& question : asked) {
    if (question.whom.id == quick.contact.id) inquiry.on_answer(question, NodesAnswer{}, now);
  }
  EXPECT_FALSE(inquiry.finished());
  ASSERT_EQ(inquiry.next_deadline(), now + 500ms);
  now += 500ms;
  const auto record = inquiry.next(now);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->what, Question::What::record);
  EXPECT_EQ(record->whom.id, quick.contact.id);
  inquiry.on_answer(*record, nodes.ask(*record), now);
  EXPECT_TRUE(inquiry.finished());
  EXPECT_FALSE(inquiry.next_deadline());
}

TEST_F(LookupInquiryTest, ARecordThatWasNamedIsNotAskedForAgain) {
  auto& node = nodes.add(1, "net-1");
  pex::Contact named = node.contact;
  named.record = node.record;
  const LookupReport report = look_up(named);
  EXPECT_EQ(node.records, 0u);
  ASSERT_EQ(report.found.size(), 1u);
  EXPECT_EQ(report.found[0].contact.record, node.record);
}

TEST_F(LookupInquiryTest, OneThatWasCutShortSaysSo) {
  auto& node = nodes.add(1);
  LookupInquiry inquiry(target, own, {node.contact});
  ASSERT_TRUE(inquiry.next(now));
  const LookupReport report = inquiry.report(now + 2s);
  EXPECT_FALSE(report.finished);
  EXPECT_EQ(report.lasted, 2s);
  EXPECT_NE(to_text(report).find("cut short"), std::string::npos);
}

TEST_F(LookupInquiryTest, TheReportHasDistanceEndpointAndNetworks) {
  auto& node = nodes.add(1, "net-1");
  const LookupReport report = look_up(node.contact);
  const std::string text = to_text(report);
  EXPECT_NE(text.find(node.contact.id.brief()), std::string::npos) << text;
  EXPECT_NE(text.find("10.0.0.1:30303"), std::string::npos) << text;
  EXPECT_NE(text.find("net-1"), std::string::npos) << text;
  const Json json = Json::parse(to_json(report));
  EXPECT_EQ(json["target"], target.id.to_string());
  ASSERT_EQ(json["nodes"].size(), 1u);
  EXPECT_EQ(json["nodes"][0]["distance"], pex::log_distance(node.contact.id, target.id));
  EXPECT_EQ(json["nodes"][0]["record"]["comet"]["networks"], Json({"net-1"}));
}

}  // namespace
}  // namespace peerage::cmd
