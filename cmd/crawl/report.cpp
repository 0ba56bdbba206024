#include "cmd/crawl/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/base/report_text.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {

using addrbook::kNever;
using conn::printable;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::array<std::string_view, 3> kEndedNames = {"all_visited", "time_over", "interrupted"};

// In the tables for people; programs get all rows.
constexpr std::size_t kTableRows = 15;
constexpr std::size_t kTextLimit = 64;

// How often each was said, the most frequent first.
std::vector<CrawlSummary::Count> counted(const std::map<std::string, std::size_t>& said) {
  std::vector<CrawlSummary::Count> counts;
  counts.reserve(said.size());
  for (const auto& [what, nodes] : said) counts.push_back({what, nodes});
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.nodes > b.nodes; });
  return counts;
}

// The smallest that `of_hundred` of a hundred do not exceed.
std::uint32_t percentile(const std::vector<std::uint32_t>& sorted, std::size_t of_hundred) {
  const std::size_t rank = (sorted.size() * of_hundred + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::string milliseconds(std::uint32_t microseconds) {
  char text[32];
  std::snprintf(text, sizeof text, microseconds < 10'000 ? "%.1f ms" : "%.0f ms",
                microseconds / 1000.0);
  return text;
}

std::string number(std::size_t value) {
  return std::to_string(value);
}

std::string share_text(std::size_t part, std::size_t whole) {
  if (whole == 0) return number(part);
  return number(part) + " (" + percent(static_cast<double>(part) / static_cast<double>(whole)) +
         " of those visited)";
}

std::string_view ended_text(CrawlResult::Ended ended) {
  switch (ended) {
    case CrawlResult::Ended::all_visited:
      return "all that was heard of has been visited";
    case CrawlResult::Ended::time_over:
      return "the time was over";
    case CrawlResult::Ended::interrupted:
      break;
  }
  return "it was interrupted";
}

std::string counts_table(std::string_view head, const std::vector<CrawlSummary::Count>& counts) {
  if (counts.empty()) return {};
  Table table;
  table.row({std::string(head), "NODES"});
  std::size_t others = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i < kTableRows) {
      table.row({text_or_nothing(counts[i].what, kTextLimit), number(counts[i].nodes)});
    } else {
      others += counts[i].nodes;
    }
  }
  if (others > 0) table.row({"others", number(others)});
  return '\n' + table.text();
}

std::string troubles_table(const std::vector<CrawlSummary::Trouble>& troubles) {
  if (troubles.empty()) return {};
  Table table;
  table.row({"FAILED AT", "NODES", "BECAUSE"});
  for (const auto& each : troubles) {
    table.row({std::string(name(each.stage)), number(each.nodes),
               std::string(explain(each.reason)) + " (" + std::string(name(each.reason)) + ")"});
  }
  return '\n' + table.text();
}

Json or_null(const std::string& text) {
  return text.empty() ? Json() : Json(printable(text));
}

Json stamp_json(addrbook::Time time) {
  return time == kNever ? Json() : Json(stamp(time));
}

Json row_json(const CrawlRow& row) {
  Json json = {{"id", row.id.to_string()},
               {"ip", printable(row.host)},
               {"port", row.port},
               {"outcome", name(row.outcome)}};
  json["failure"] = row.failure ? Json{{"stage", name(row.failure->stage)},
                                       {"reason", name(row.failure->reason)},
                                       {"detail", printable(row.failure->detail)}}
                                : Json();
  json["moniker"] = or_null(row.moniker);
  json["version"] = or_null(row.version);
  json["network"] = or_null(row.network);
  json["rtt_us"] = row.round_trip_us > 0 ? Json(row.round_trip_us) : Json();
  json["visits"] = row.visits;
  json["first_seen"] = stamp_json(row.first_seen);
  json["last_visit"] = stamp_json(row.last_visit);
  json["told_by"] = or_null(row.told_by);
  return json;
}

Json counts_json(const std::vector<CrawlSummary::Count>& counts) {
  Json json = Json::object();
  for (const auto& each : counts) json[printable(each.what)] = each.nodes;
  return json;
}

// Quoted when it must be. What a spreadsheet would take for a formula is marked as text.
std::string csv_field(std::string_view raw) {
  std::string text = printable(raw);
  if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos) {
    text.insert(0, 1, '\'');
  }
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char each : text) {
    if (each == '"') quoted += '"';
    quoted += each;
  }
  return quoted + '"';
}

}  // namespace

std::string_view name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::reachable:
      return "reachable";
    case Outcome::guarded:
      return "guarded";
    case Outcome::other_network:
      return "other_network";
    case Outcome::unreachable:
      return "unreachable";
    case Outcome::not_visited:
      break;
  }
  return "not_visited";
}

std::size_t CrawlSummary::count(Outcome outcome) const {
  const auto found = outcomes.find(outcome);
  return found == outcomes.end() ? 0 : found->second;
}

CrawlSummary summarise(const CrawlResult& result) {
  CrawlSummary summary;
  std::map<std::string, std::size_t> versions, networks;
  std::map<std::pair<conn::Stage, conn::Reason>, std::size_t> troubles;
  std::vector<std::uint32_t> round_trips;
  for (const CrawlRow& row : result.rows) {
    ++summary.heard;
    ++summary.outcomes[row.outcome];
    if (row.outcome == Outcome::not_visited) continue;
    ++summary.visited;
    if (row.outcome == Outcome::reachable) {
      ++versions[row.version];
      if (row.round_trip_us > 0) round_trips.push_back(row.round_trip_us);
    } else if (row.failure) {
      ++troubles[{row.failure->stage, row.failure->reason}];
    }
    if (row.outcome == Outcome::other_network) ++networks[row.network];
  }
  summary.versions = counted(versions);
  summary.other_networks = counted(networks);
  for (const auto& [what, nodes] : troubles) {
    summary.troubles.push_back({what.first, what.second, nodes});
  }
  std::stable_sort(summary.troubles.begin(), summary.troubles.end(),
                   [](const auto& a, const auto& b) {
                     return std::pair(a.stage, b.nodes) < std::pair(b.stage, a.nodes);
                   });
  std::sort(round_trips.begin(), round_trips.end());
  if (!round_trips.empty()) {
    summary.round_trips = {percentile(round_trips, 50), percentile(round_trips, 90),
                           percentile(round_trips, 99), round_trips.back()};
  }
  return summary;
}

std::string crawl_text(const CrawlResult& result) {
  const CrawlSummary summary = summarise(result);
  Table table;
  table.row({"network", printable(result.network, kTextLimit)});
  table.row({"crawled for", span_text(std::chrono::floor<addrbook::Seconds>(result.lasted)) + ": " +
                                std::string(ended_text(result.ended))});
  table.row({"heard of", number(summary.heard)});
  table.row({"visited", number(summary.visited)});
  table.row({"reachable", share_text(summary.count(Outcome::reachable), summary.visited)});
  if (summary.count(Outcome::guarded) > 0) {
    table.row({"guarded", number(summary.count(Outcome::guarded)) +
                              ": proved their ID and closed; probably full"});
  }
  if (const auto& times = summary.round_trips) {
    table.row({"round trip", "half within " + milliseconds(times->p50) + ", 90% " +
                                 milliseconds(times->p90) + ", 99% " + milliseconds(times->p99)});
  }
  return table.text() + counts_table("VERSION", summary.versions) +
         counts_table("OTHER NETWORK", summary.other_networks) + troubles_table(summary.troubles);
}

std::string crawl_json(const CrawlResult& result) {
  const CrawlSummary summary = summarise(result);
  Json troubles = Json::array();
  for (const auto& each : summary.troubles) {
    troubles.push_back({{"stage", name(each.stage)},
                        {"reason", name(each.reason)},
                        {"text", explain(each.reason)},
                        {"nodes", each.nodes}});
  }
  Json outcomes = Json::object();
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    outcomes[std::string(name(outcome))] = summary.count(outcome);
  }

  Json json = {
      {"network", printable(result.network)},
      {"began", stamp_json(result.began)},
      {"seconds", std::round(std::chrono::duration<double>(result.lasted).count() * 10) / 10},
      {"ended", kEndedNames.at(static_cast<std::size_t>(result.ended))},
      {"heard", summary.heard},
      {"visited", summary.visited},
      {"outcomes", outcomes},
      {"versions", counts_json(summary.versions)},
      {"other_networks", counts_json(summary.other_networks)},
      {"failures", troubles}};
  json["rtt_us"] = summary.round_trips ? Json{{"p50", summary.round_trips->p50},
                                              {"p90", summary.round_trips->p90},
                                              {"p99", summary.round_trips->p99},
                                              {"max", summary.round_trips->most}}
                                       : Json();
  Json& nodes = json["nodes"] = Json::array();
  for (const CrawlRow& row : result.rows) nodes.push_back(row_json(row));
  return json.dump() + '\n';
}

std::string crawl_csv(const CrawlResult& result) {
  std::string text =
      "id,ip,port,outcome,stage,reason,moniker,version,network,rtt_us,visits,first_seen,last_visit,"
      "told_by\r\n";
  for (const CrawlRow& row : result.rows) {
    const auto when = [](addrbook::Time time) {
      return time == kNever ? std::string() : stamp(time);
    };
    const std::vector<std::string> fields = {
        row.id.to_string(),
        row.host,
        std::to_string(row.port),
        std::string(name(row.outcome)),
        std::string(row.failure ? name(row.failure->stage) : ""),
        std::string(row.failure ? name(row.failure->reason) : ""),
        row.moniker,
        row.version,
        row.network,
        row.round_trip_us > 0 ? std::to_string(row.round_trip_us) : std::string(),
        std::to_string(row.visits),
        when(row.first_seen),
        when(row.last_visit),
        row.told_by};
    for (std::size_t i = 0; i < fields.size(); ++i)
      text += (i > 0 ? "," : "") + csv_field(fields[i]);
    text += "\r\n";
  }
  return text;
}

}  // namespace peerage::cmd
