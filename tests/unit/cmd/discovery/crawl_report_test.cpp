#include "cmd/discovery/crawl_report.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "pex/discovery/record/rlp.h"
#include "tests/unit/cmd/discovery/answering_nodes.h"

namespace peerage::cmd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;
using Count = DiscoveryCrawlSummary::Count;
using namespace std::chrono_literals;

struct DiscoveryCrawlReport : testing::Test {
  test::AnsweringNodes nodes;

  CrawledNode live(std::uint16_t number, const std::string& network = {}) {
    const auto& node = nodes.add(number, network);
    CrawledNode seen{.contact = node.contact};
    seen.contact.record = node.record;
    seen.pong = pex::PingAnswer{.round_trip = 12ms};
    return seen;
  }
  CrawledNode silent(std::uint16_t number) {
    CrawledNode seen{.contact = nodes.add(number).contact};
    seen.failure = test::no_answer();
    return seen;
  }
  CrawledNode unasked(std::uint16_t number) {
    return CrawledNode{.contact = nodes.add(number).contact};
  }
  static DiscoveryCrawlResult result(std::vector<CrawledNode> nodes) {
    DiscoveryCrawlResult result;
    result.lasted = 1500ms;
    result.nodes = std::move(nodes);
    return result;
  }
};

TEST_F(DiscoveryCrawlReport, CountsNodesNetworksAndRecords) {
  const auto summary = summarise(result(
      {live(1, "net-1"), live(2, "net-2"), live(3, "net-2"), live(4), silent(5), unasked(6)}));
  EXPECT_EQ(summary.heard, 6u);
  EXPECT_EQ(summary.asked, 5u);
  EXPECT_EQ(summary.live, 4u);
  EXPECT_EQ(summary.with_record, 3u);
  EXPECT_EQ(summary.comet, 3u);
  EXPECT_THAT(summary.networks, ElementsAre(Count{"net-2", 2}, Count{"net-1", 1}));
  EXPECT_THAT(summary.clients, ElementsAre(Count{"", 4}));
}

TEST_F(DiscoveryCrawlReport, ANetworkThatARecordNamesTwiceCountsOnce) {
  CrawledNode node = live(1);
  pex::Cmt cmt;
  cmt.node_id = *conn::NodeId::parse("000102030405060708090a0b0c0d0e0f10111213");
  cmt.networks = {"net-1", "net-1"};
  node.contact.record =
      *pex::EnrBuilder().set("cmt", cmt.encode()).sign(test::secp256k1_key(1u), 1);
  EXPECT_THAT(summarise(result({node})).networks, ElementsAre(Count{"net-1", 1}));
}

TEST_F(DiscoveryCrawlReport, PeopleGetATableOfNodesLiveOnesFirstAndTheFigures) {
  const std::string text = crawl_text(result({silent(1), unasked(2), live(3, "net-1")}));
  EXPECT_LT(text.find("live"), text.find("silent"));
  EXPECT_LT(text.find("silent"), text.find("not asked"));
  EXPECT_THAT(text, HasSubstr("12.0 ms"));
  EXPECT_THAT(text, HasSubstr("1500.0 ms: nobody was left to ask"));
  EXPECT_THAT(text, HasSubstr("1 of these, 1 of a comet node"));
  EXPECT_THAT(text, HasSubstr("net-1"));
  EXPECT_THAT(text, Not(HasSubstr("look the same")));
}

TEST_F(DiscoveryCrawlReport, WhenNobodyAnsweredItSaysWhatThatDoesNotTell) {
  EXPECT_THAT(crawl_text(result({silent(1)})), HasSubstr("look the same"));
}

TEST_F(DiscoveryCrawlReport, ANetworkShowsItsNodesAloneAndCountsAll) {
  auto crawl = result({live(1, "net-1"), live(2, "net-2"), silent(3)});
  crawl.network = "net-2";
  const Json json = Json::parse(crawl_json(crawl));
  EXPECT_EQ(json["heard"], 3);
  ASSERT_EQ(json["nodes"].size(), 1u);
  EXPECT_EQ(json["nodes"][0]["record"]["comet"]["networks"], Json({"net-2"}));
}

TEST_F(DiscoveryCrawlReport, ProgramsGetAllOfIt) {
  auto crawl = result({live(1, "net-1"), silent(2), unasked(3)});
  crawl.nodes[1].told_by = crawl.nodes[0].contact.id;
  crawl.ended = DiscoveryCrawlResult::Ended::interrupted;
  crawl.left_out = 4;
  const Json json = Json::parse(crawl_json(crawl));
  EXPECT_EQ(json["ended"], "interrupted");
  EXPECT_EQ(json["lasted_ms"], 1500.0);
  EXPECT_EQ(json["left_out"], 4);
  EXPECT_EQ(json["live"], 1);
  EXPECT_EQ(json["networks"], Json({{"net-1", 1}}));
  const Json& rows = json["nodes"];
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["state"], "live");
  EXPECT_EQ(rows[0]["round_trip_ms"], 12.0);
  EXPECT_EQ(rows[0]["told_by"], nullptr);
  EXPECT_EQ(rows[1]["state"], "silent");
  EXPECT_EQ(rows[1]["told_by"], crawl.nodes[0].contact.id.to_string());
  EXPECT_EQ(rows[1]["failure"]["reason"], "no_answer");
  EXPECT_EQ(rows[2]["state"], "not_asked");
  EXPECT_EQ(rows[2]["failure"], nullptr);
}

TEST_F(DiscoveryCrawlReport, RecordsAreThoseOfLiveNodes) {
  const CrawledNode node = live(1, "net-1");
  CrawledNode gone = live(2, "net-1");
  gone.pong.reset();
  EXPECT_EQ(crawl_records(result({node, gone, live(3)})), node.contact.record->text() + "\n");
}

TEST_F(DiscoveryCrawlReport, WhatRecordsSayIsPrintable) {
  CrawledNode node = live(1);
  conn::Bytes client = pex::RlpWriter().open().string("\x1b[2J").close().take();
  node.contact.record =
      *pex::EnrBuilder().set("client", std::move(client)).sign(test::secp256k1_key(1u), 1);
  EXPECT_EQ(crawl_text(result({node})).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace peerage::cmd
