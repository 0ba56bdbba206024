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

CrawlRow answering(int number, std::size_t addresses) {
  CrawlRow node = reachable(number, "0.38.1", 10);
  node.answer = pex::AnswerCounts{.usable = addresses};
  return node;
}

CrawlRow silent(int number, Reason reason) {
  CrawlRow node = reachable(number, "0.38.1", 10);
  node.failure = conn::Failure{Stage::established, reason, ""};
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

TEST(CrawlReport, CountsAnswersAndWhyOthersDidNot) {
  CrawlRow cut_short = reachable(6, "0.38.1", 10);
  const CrawlResult result = crawl_of(
      {answering(1, 3), answering(2, 0), silent(3, Reason::packet_too_long),
       silent(4, p2p::PeerReason::answer_timed_out), silent(5, p2p::PeerReason::answer_timed_out),
       cut_short, failed(7, Stage::connect, Reason::connection_refused)});
  const CrawlSummary summary = summarise(result);
  EXPECT_EQ(summary.answered, 2u);
  EXPECT_EQ(summary.answers.usable, 3u);
  using Trouble = CrawlSummary::Trouble;
  EXPECT_THAT(summary.silent,
              ElementsAre(Trouble{Stage::established, p2p::PeerReason::answer_timed_out, 2},
                          Trouble{Stage::established, Reason::packet_too_long, 1}));
  EXPECT_FALSE(nobody_answered(summary));
  const std::string text = crawl_text(result);
  EXPECT_THAT(text, HasSubstr("2 of 6 that were asked for addresses, with 3\n"));
  EXPECT_THAT(text, HasSubstr("NOT ANSWERED"));
  EXPECT_THAT(text, HasSubstr("(packet_too_long)"));
  EXPECT_THAT(text, Not(HasSubstr("NOBODY")));
}

TEST(CrawlReport, BeginsWithTheNewsThatNobodyAnswered) {
  const CrawlResult result = crawl_of({silent(1, p2p::PeerReason::answer_timed_out)});
  const std::string text = crawl_text(result);
  EXPECT_EQ(text.find("NOBODY ANSWERED: 1 node was reached"), 0u) << text;
  EXPECT_THAT(text, HasSubstr("(answer_timed_out)"));
  EXPECT_THAT(text, Not(HasSubstr("has been visited")));
  const auto json = nlohmann::json::parse(crawl_json(result));
  EXPECT_EQ(json.at("failure").at("reason"), "answer_timed_out");
  EXPECT_EQ(json.at("answered"), 0);
  EXPECT_EQ(json.at("nodes").at(0).at("answered"), false);
  EXPECT_EQ(json.at("nodes").at(0).at("failure").at("reason"), "answer_timed_out");
  EXPECT_TRUE(json.at("nodes").at(0).at("addresses").is_null());
  EXPECT_THAT(crawl_csv(result), HasSubstr(",reachable,established,answer_timed_out,false,,"));
}

TEST(CrawlReport, SaysSoTooWhenNobodyCouldBeAskedOrNothingCameInTime) {
  const auto unreached =
      nobody_answered(summarise(crawl_of({failed(1, Stage::connect, Reason::connect_timed_out),
                                          failed(2, Stage::connect, Reason::connection_refused),
                                          failed(3, Stage::connect, Reason::connection_refused)})));
  ASSERT_TRUE(unreached);
  EXPECT_EQ(unreached->reason, Reason::connection_refused);
  EXPECT_THAT(unreached->detail, HasSubstr("none of 3 addresses"));
  for (const CrawlResult& early : {crawl_of({}), crawl_of({reachable(1, "0.38.1", 10)}),
                                   crawl_of({row(1, Outcome::not_visited)})}) {
    ASSERT_TRUE(nobody_answered(summarise(early)));
    EXPECT_THAT(crawl_text(early), HasSubstr("it ended before"));
  }
}

TEST(CrawlReport, CountsPrivateAddressesThatItDidNotVisit) {
  CrawlRow node = answering(1, 5);
  node.answer->unroutable = 4;
  EXPECT_THAT(crawl_text(crawl_of({node})), HasSubstr("4 of them are private: with --private"));
}

TEST(CrawlReport, ReadsAsATextThatExplains) {
  const std::string text = crawl_text(
      crawl_of({answering(1, 1), failed(2, Stage::connect, Reason::connection_refused)}));
  EXPECT_THAT(text, HasSubstr("1 min: all that was heard of has been visited"));
  EXPECT_THAT(text, HasSubstr("1 (50% of those visited)"));
  EXPECT_THAT(text, HasSubstr(std::string(explain(Reason::connection_refused))));
  EXPECT_THAT(text, Not(HasSubstr("OTHER NETWORK")));
}

TEST(CrawlReport, OfNothingIsAReportAllTheSame) {
  const CrawlResult nothing = crawl_of({});
  EXPECT_THAT(crawl_text(nothing), HasSubstr("heard of     0"));
  EXPECT_EQ(nlohmann::json::parse(crawl_json(nothing)).at("nodes").size(), 0u);
  EXPECT_TRUE(nlohmann::json::parse(crawl_json(nothing)).at("round_trip_ms").is_null());
  const std::string csv = crawl_csv(nothing);
  EXPECT_EQ(csv.find("\r\n"), csv.size() - 2);
}

TEST(CrawlReport, AsJsonSaysWhatItKnowsAndNullForWhatItDoesNot) {
  const auto json = nlohmann::json::parse(crawl_json(
      crawl_of({answering(1, 7), failed(2, Stage::connect, Reason::connection_refused)})));
  EXPECT_EQ(json.at("outcomes").at("reachable"), 1);
  EXPECT_EQ(json.at("outcomes").at("guarded"), 0);
  EXPECT_EQ(json.at("began"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(json.at("lasted_ms"), 75'000);
  EXPECT_TRUE(json.at("failure").is_null());
  EXPECT_EQ(json.at("round_trip_ms").at("p50"), 0.01);
  EXPECT_EQ(json.at("nodes").at(0).at("round_trip_ms"), 0.01);
  EXPECT_EQ(json.at("nodes").at(0).at("answered"), true);
  EXPECT_EQ(json.at("nodes").at(0).at("addresses"), 7);
  EXPECT_TRUE(json.at("nodes").at(1).at("answered").is_null());
  EXPECT_TRUE(json.at("nodes").at(0).at("failure").is_null());
  EXPECT_TRUE(json.at("nodes").at(1).at("version").is_null());
  EXPECT_EQ(json.at("nodes").at(1).at("failure").at("reason"), "connection_refused");
}

TEST(CrawlReport, QuotesCsvAsTheRfcHasIt) {
  CrawlRow node = reachable(1, "0.38.1", 10);
  node.moniker = "a \"big\", node";
  const std::string csv = crawl_csv(crawl_of({node, row(2, Outcome::not_visited)}));
  EXPECT_THAT(csv, HasSubstr(",\"a \"\"big\"\", node\",0.38.1,net-1,0.01,1,"));
  EXPECT_THAT(csv, HasSubstr("10.0.0.2,26656,not_visited,,,,,,,,,0,,,\r\n"));
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
