#include "cmd/crawl/report.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "p2p/base/peer_reason.h"

namespace peerage::cmd {
namespace {

using conn::Reason;
using conn::Stage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

CrawlRow row(int number, Outcome outcome) {
  CrawlRow row;
  row.id = *conn::NodeId::parse(std::string(38, '0') + std::to_string(10 + number));
  row.host = "10.0.0." + std::to_string(number);
  row.port = 26656;
  row.outcome = outcome;
  row.visits = outcome == Outcome::not_visited ? 0 : 1;
  return row;
}

CrawlRow reachable(int number, const std::string& version, std::uint32_t round_trip_us) {
  CrawlRow node = row(number, Outcome::reachable);
  node.version = version;
  node.network = "net-1";
  node.round_trip_us = round_trip_us;
  return node;
}

CrawlRow failed(int number, Stage stage, Reason reason) {
  CrawlRow node = row(number, Outcome::unreachable);
  node.failure = conn::Failure{stage, reason, "the detail"};
  return node;
}

CrawlResult crawl_of(std::vector<CrawlRow> rows) {
  CrawlResult result;
  result.network = "net-1";
  result.began = addrbook::Time(addrbook::Seconds(1'700'000'000));
  result.lasted = std::chrono::seconds(75);
  result.rows = std::move(rows);
  return result;
}

TEST(CrawlReport, CountsEachAddressOnceByItsOutcome) {
  CrawlRow other = row(3, Outcome::other_network);
  other.network = "net-2";
  other.failure = conn::Failure{Stage::node_info, Reason::wrong_network, ""};
  const CrawlSummary summary = summarise(crawl_of(
      {reachable(1, "0.38.1", 10), reachable(2, "0.38.1", 20), reachable(4, "1.0.1", 30), other,
       failed(5, Stage::connect, Reason::connection_refused), row(6, Outcome::not_visited)}));
  EXPECT_EQ(summary.heard, 6u);
  EXPECT_EQ(summary.visited, 5u);
  EXPECT_EQ(summary.count(Outcome::reachable), 3u);
  EXPECT_EQ(summary.count(Outcome::other_network), 1u);
  EXPECT_EQ(summary.count(Outcome::guarded), 0u);
  EXPECT_THAT(summary.versions,
              ElementsAre(CrawlSummary::Count{"0.38.1", 2}, CrawlSummary::Count{"1.0.1", 1}));
  EXPECT_THAT(summary.other_networks, ElementsAre(CrawlSummary::Count{"net-2", 1}));
}

TEST(CrawlReport, ListsFailuresByStageTheMostFrequentFirst) {
  const CrawlSummary summary =
      summarise(crawl_of({failed(1, Stage::node_info, Reason::node_info_timed_out),
                          failed(2, Stage::connect, Reason::connect_timed_out),
                          failed(3, Stage::connect, Reason::connection_refused),
                          failed(4, Stage::connect, Reason::connect_timed_out)}));
  using Trouble = CrawlSummary::Trouble;
  EXPECT_THAT(summary.troubles,
              ElementsAre(Trouble{Stage::connect, Reason::connect_timed_out, 2},
                          Trouble{Stage::connect, Reason::connection_refused, 1},
                          Trouble{Stage::node_info, Reason::node_info_timed_out, 1}));
}

TEST(CrawlReport, TakesPercentilesOfReachableNodesThatWereMeasured) {
  std::vector<CrawlRow> rows = {reachable(0, "", 0)};
  for (int i = 1; i <= 100; ++i) rows.push_back(reachable(i % 80, "", i * 1000));
  CrawlRow unproven = failed(1, Stage::connect, Reason::io_error);
  unproven.round_trip_us = 9'000'000;
  rows.push_back(unproven);
  const auto times = summarise(crawl_of(rows)).round_trips;
  ASSERT_TRUE(times);
  EXPECT_EQ(times->p50, 50'000u);
  EXPECT_EQ(times->p90, 90'000u);
  EXPECT_EQ(times->p99, 99'000u);
  EXPECT_EQ(times->most, 100'000u);
  const auto of_one = summarise(crawl_of({reachable(1, "", 7)})).round_trips;
  EXPECT_EQ(of_one->p50, 7u);
  EXPECT_EQ(of_one->p99, 7u);
}

TEST(CrawlReport, ReadsAsATextThatExplains) {
  const std::string text = crawl_text(crawl_of(
      {reachable(1, "0.38.1", 10), failed(2, Stage::connect, Reason::connection_refused)}));
  EXPECT_THAT(text, HasSubstr("1 min: all that was heard of has been visited"));
  EXPECT_THAT(text, HasSubstr("1 (50% of those visited)"));
  EXPECT_THAT(text, HasSubstr(std::string(explain(Reason::connection_refused))));
  EXPECT_THAT(text, Not(HasSubstr("OTHER NETWORK")));
}

TEST(CrawlReport, OfNothingIsAReportAllTheSame) {
  const CrawlResult nothing = crawl_of({});
  EXPECT_THAT(crawl_text(nothing), HasSubstr("heard of     0"));
  EXPECT_EQ(nlohmann::json::parse(crawl_json(nothing)).at("nodes").size(), 0u);
  EXPECT_TRUE(nlohmann::json::parse(crawl_json(nothing)).at("rtt_us").is_null());
  const std::string csv = crawl_csv(nothing);
  EXPECT_EQ(csv.find("\r\n"), csv.size() - 2);
}

TEST(CrawlReport, AsJsonSaysWhatItKnowsAndNullForWhatItDoesNot) {
  const auto json = nlohmann::json::parse(crawl_json(crawl_of(
      {reachable(1, "0.38.1", 10), failed(2, Stage::connect, Reason::connection_refused)})));
  EXPECT_EQ(json.at("outcomes").at("reachable"), 1);
  EXPECT_EQ(json.at("outcomes").at("guarded"), 0);
  EXPECT_EQ(json.at("began"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(json.at("seconds"), 75.0);
  EXPECT_EQ(json.at("nodes").at(0).at("rtt_us"), 10);
  EXPECT_TRUE(json.at("nodes").at(0).at("failure").is_null());
  EXPECT_TRUE(json.at("nodes").at(1).at("version").is_null());
  EXPECT_EQ(json.at("nodes").at(1).at("failure").at("reason"), "connection_refused");
}

TEST(CrawlReport, QuotesCsvAsTheRfcHasIt) {
  CrawlRow node = reachable(1, "0.38.1", 10);
  node.moniker = "a \"big\", node";
  const std::string csv = crawl_csv(crawl_of({node, row(2, Outcome::not_visited)}));
  EXPECT_THAT(csv, HasSubstr(",\"a \"\"big\"\", node\",0.38.1,net-1,10,1,"));
  EXPECT_THAT(csv, HasSubstr("10.0.0.2,26656,not_visited,,,,,,,0,,,\r\n"));
}

TEST(CrawlReport, NeverHandsOnRawBytesNorAFormula) {
  CrawlRow node = reachable(1, "\x1b[2J\xff", 10);
  node.moniker = "=HYPERLINK(1)\r\n";
  node.failure = conn::Failure{Stage::admission, p2p::PeerReason::no_free_slot, "\x07"};
  const CrawlResult result = crawl_of({node});
  for (const std::string& text : {crawl_text(result), crawl_json(result), crawl_csv(result)}) {
    for (const char each : text) {
      EXPECT_TRUE((each >= ' ' && each <= '~') || each == '\n' || each == '\r') << int(each);
    }
  }
  EXPECT_THAT(crawl_csv(result), HasSubstr(",'=HYPERLINK(1)\\x0d\\x0a,"));
}

}  // namespace
}  // namespace peerage::cmd
