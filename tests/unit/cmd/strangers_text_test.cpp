// Whatever a stranger says of itself, what the program prints of it is printable ASCII: on a
// terminal, in a log, in JSON and in CSV.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cmd/addrbook/addrbook.h"
#include "cmd/base/program_log.h"
#include "cmd/cli/commands.h"
#include "cmd/config/advice.h"
#include "cmd/crawl/report.h"
#include "cmd/demo/table.h"
#include "cmd/probe/probe.h"
#include "p2p/base/peer_reason.h"
#include "tests/support/hostile_texts.h"

namespace peerage::cmd {
namespace {

using conn::Failure;
using conn::Reason;
using conn::Stage;
using test::expect_inert;
using test::hostile_texts;

const conn::NodeId kId = *conn::NodeId::parse(std::string(40, 'a'));
constexpr addrbook::Time kNow{addrbook::Seconds(1'700'000'000)};

ProbeReport probe_of(const std::string& text) {
  ProbeReport report;
  report.target = {kId, "203.0.113.7", 26656};
  report.remote_id = kId;
  report.info.emplace();
  report.info->moniker = report.info->network = report.info->version = text;
  report.info->listen_addr = report.info->tx_index = report.info->rpc_address = text;
  report.node_info_received = report.connected = std::chrono::milliseconds(1);
  return report;
}

TEST(StrangersText, IsInertInAProbesReport) {
  for (const std::string& text : hostile_texts()) {
    ProbeReport report = probe_of(text);
    expect_inert(to_text(report));
    expect_inert(to_json(report));
    // What answers a probe may be any server: what it began with is quoted.
    report.failure = Failure{Stage::key_exchange, Reason::speaks_http, text};
    report.pex_failure = Failure{Stage::established, p2p::PeerReason::answer_timed_out, text};
    expect_inert(to_text(report));
    expect_inert(to_json(report));
    EXPECT_TRUE(nlohmann::json::accept(to_json(report)));
  }
}

TEST(StrangersText, IsInertInACrawlsReport) {
  for (const std::string& text : hostile_texts()) {
    CrawlResult result;
    result.network = text;
    result.began = kNow;
    for (const Outcome outcome : {Outcome::reachable, Outcome::other_network}) {
      CrawlRow row;
      row.id = kId;
      row.host = row.moniker = row.version = row.network = row.told_by = text;
      row.outcome = outcome;
      row.failure = Failure{Stage::node_info, Reason::wrong_network, text};
      result.rows.push_back(row);
    }
    expect_inert(crawl_text(result));
    expect_inert(crawl_json(result));
    EXPECT_TRUE(nlohmann::json::accept(crawl_json(result)));
    std::string csv = crawl_csv(result);
    std::erase(csv, '\r');
    expect_inert(csv);
  }
}

// RFC 4180: the cells of the first row after the header.
std::vector<std::string> first_row(const std::string& csv) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t at = csv.find('\n') + 1; at < csv.size(); ++at) {
    const char c = csv[at];
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else if (c == '\r' && !quoted) {
      break;
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

TEST(StrangersText, IsOneCellOfACsvAndNoFormula) {
  for (const std::string& text : hostile_texts()) {
    CrawlResult result;
    CrawlRow row;
    row.id = kId;
    row.host = row.moniker = row.version = row.network = row.told_by = text;
    row.outcome = Outcome::reachable;
    result.rows.push_back(row);
    const std::vector<std::string> cells = first_row(crawl_csv(result));
    EXPECT_EQ(cells.size(), 16u);
    for (const std::string& cell : cells) {
      const bool is_formula =
          !cell.empty() && std::string("=+-@").find(cell[0]) != std::string::npos;
      EXPECT_FALSE(is_formula) << cell;
    }
  }
}

TEST(StrangersText, IsInertInWhatIsPrintedOfABook) {
  for (const std::string& text : hostile_texts()) {
    addrbook::KnownAddress row;
    row.address = {kId, {conn::IpAddress::v4(20, 0, 0, 1), 26656}};
    row.facts = std::make_shared<const addrbook::NodeFacts>(addrbook::NodeFacts{text, text, {}});
    const Listed listed{text, &row};
    addrbook::Contents contents;
    contents.bans = {{kId, kNow + std::chrono::hours(1), kNow, text}};
    expect_inert(list_text({listed}, kNow, Width::wide));
    expect_inert(show_text(listed, contents, {}, kNow));
    expect_inert(to_json(listed));
    expect_inert(bans_text(contents.bans, kNow));
    expect_inert(to_json(contents.bans.front()));
    BookStats stats;
    stats.networks[text].addresses = 1;
    expect_inert(stats_text(stats));
    expect_inert(to_json(stats));
  }
}

TEST(StrangersText, IsInertInTheLogInBothForms) {
  for (const std::string& text : hostile_texts()) {
    const std::vector<conn::LogField> fields = {{"moniker", text}, {"why", text}, {text, "x"}};
    const conn::LogRecord record{conn::LogLevel::info, text, fields};
    expect_inert(plain_line("p2p", record, {}));
    expect_inert(json_line("p2p", record, {}));
    EXPECT_TRUE(nlohmann::json::accept(json_line("p2p", record, {})));
  }
}

TEST(StrangersText, IsInertInTheDemosTable) {
  for (const std::string& text : hostile_texts()) {
    NodeView node;
    node.name = "node-1";
    node.begin_life();
    const std::vector<conn::LogField> fields = {{"why", text}};
    for (const auto level : {conn::LogLevel::info, conn::LogLevel::error}) {
      take_log_line(node, json_line("p2p", {level, text, fields}, {}), {});
    }
    expect_inert(node.last_event);
    expect_inert(node.error);
  }
}

TEST(StrangersText, IsInertInWhatIsFoundInAConfig) {
  for (const std::string& text : hostile_texts()) {
    const std::vector<Finding> findings = {{Severity::error, text, 3, text}};
    expect_inert(findings_text(findings));
    expect_inert(findings_json(findings));
    EXPECT_TRUE(nlohmann::json::accept(findings_json(findings)));
  }
}

TEST(StrangersText, IsInertInAFailureThatEndsACommand) {
  for (const std::string& text : hostile_texts()) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(report({Stage::configuration, Reason::config_malformed, text}), 1);
    expect_inert(testing::internal::GetCapturedStderr());
  }
}

}  // namespace
}  // namespace peerage::cmd
