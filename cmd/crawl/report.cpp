#include "cmd/crawl/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/base/csv.h"
#include "cmd/base/report_text.h"
#include "cmd/base/text_wrap.h"
#include "conn/base/bytes.h"
#include "p2p/base/peer_reason.h"

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

std::string counted_text(std::size_t count, std::string_view one, std::string_view many) {
  return number(count) + " " + std::string(count == 1 ? one : many);
}

std::string share_text(std::size_t part, std::size_t whole) {
  if (whole == 0) return number(part);
  return number(part) + " (" + percent(static_cast<double>(part) / static_cast<double>(whole)) +
         " of those visited)";
}

// The most frequent first; by stage, where that comes first.
enum class Order : std::uint8_t { stage, frequency };
std::vector<CrawlSummary::Trouble> troubles_of(
    const std::map<std::pair<conn::Stage, conn::Reason>, std::size_t>& counts, Order order) {
  std::vector<CrawlSummary::Trouble> troubles;
  troubles.reserve(counts.size());
  for (const auto& [what, nodes] : counts) troubles.push_back({what.first, what.second, nodes});
  std::stable_sort(troubles.begin(), troubles.end(), [order](const auto& a, const auto& b) {
    if (order == Order::stage && a.stage != b.stage) return a.stage < b.stage;
    return a.nodes > b.nodes;
  });
  return troubles;
}

std::string_view ended_text(CrawlResult::Ended ended, std::size_t answered) {
  switch (ended) {
    case CrawlResult::Ended::all_visited:
      return answered > 0 ? "all that was heard of has been visited" : "nothing was left to visit";
    case CrawlResult::Ended::time_over:
      return "the time was over";
    case CrawlResult::Ended::interrupted:
      break;
  }
  return "it was interrupted";
}

std::string counts_table(std::string_view head, const std::vector<CrawlSummary::Count>& counts) {
  if (counts.empty()) return {};
  Table table({1});
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

std::string troubles_table(std::string_view head,
                           const std::vector<CrawlSummary::Trouble>& troubles) {
  if (troubles.empty()) return {};
  Table table({1});
  table.row({std::string(head), "NODES", "BECAUSE"});
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

Json troubles_json(const std::vector<CrawlSummary::Trouble>& troubles) {
  Json json = Json::array();
  for (const auto& each : troubles) {
    json.push_back({{"stage", name(each.stage)},
                    {"reason", name(each.reason)},
                    {"text", explain(each.reason)},
                    {"nodes", each.nodes}});
  }
  return json;
}

// Of a duration, in milliseconds to the microsecond.
Json ms_json(std::uint32_t microseconds) {
  return microseconds > 0 ? Json(microseconds / 1000.0) : Json();
}

// True, false, or null for a node that was not asked, or that the end of the crawl cut short.
Json answered_json(const CrawlRow& row) {
  if (row.answer) return true;
  return row.outcome == Outcome::reachable && row.failure ? Json(false) : Json();
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
  json["answered"] = answered_json(row);
  json["addresses"] = row.answer ? Json(row.answer->usable) : Json();
  json["moniker"] = or_null(row.moniker);
  json["version"] = or_null(row.version);
  json["network"] = or_null(row.network);
  json["round_trip_ms"] = ms_json(row.round_trip_us);
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
  std::map<std::pair<conn::Stage, conn::Reason>, std::size_t> troubles, silent;
  std::vector<std::uint32_t> round_trips;
  for (const CrawlRow& row : result.rows) {
    ++summary.heard;
    ++summary.outcomes[row.outcome];
    if (row.outcome == Outcome::not_visited) {
      if (row.failure) ++troubles[{row.failure->stage, row.failure->reason}];
      continue;
    }
    ++summary.visited;
    if (row.outcome == Outcome::reachable) {
      ++versions[row.version];
      if (row.round_trip_us > 0) round_trips.push_back(row.round_trip_us);
      if (row.answer) {
        ++summary.answered;
        summary.answers.usable += row.answer->usable;
        summary.answers.unroutable += row.answer->unroutable;
        summary.answers.refused += row.answer->refused;
      } else if (row.failure) {
        ++silent[{row.failure->stage, row.failure->reason}];
      }
    } else if (row.failure) {
      ++troubles[{row.failure->stage, row.failure->reason}];
    }
    if (row.outcome == Outcome::other_network) ++networks[row.network];
  }
  summary.versions = counted(versions);
  summary.other_networks = counted(networks);
  summary.troubles = troubles_of(troubles, Order::stage);
  summary.silent = troubles_of(silent, Order::frequency);
  std::sort(round_trips.begin(), round_trips.end());
  if (!round_trips.empty()) {
    summary.round_trips = {percentile(round_trips, 50), percentile(round_trips, 90),
                           percentile(round_trips, 99), round_trips.back()};
  }
  return summary;
}

std::optional<conn::Failure> nobody_answered(const CrawlSummary& summary) {
  if (summary.answered > 0) return std::nullopt;
  const std::size_t reachable = summary.count(Outcome::reachable);
  const auto commonest = [](const std::vector<CrawlSummary::Trouble>& troubles) {
    return std::max_element(troubles.begin(), troubles.end(),
                            [](const auto& a, const auto& b) { return a.nodes < b.nodes; });
  };
  if (!summary.silent.empty()) {
    const auto& why = summary.silent.front();
    return conn::Failure{why.stage, why.reason,
                         counted_text(reachable, "node was", "nodes were") +
                             " reached, and none answered a request for addresses"};
  }
  if (reachable == 0 && !summary.troubles.empty()) {
    const auto why = commonest(summary.troubles);
    return conn::Failure{why->stage, why->reason,
                         "none of " + counted_text(summary.heard, "address", "addresses") +
                             " led to a node that could be asked"};
  }
  return conn::Failure{conn::Stage::established, p2p::PeerReason::answer_timed_out,
                       "it ended before any node had answered a request for addresses"};
}

namespace {

std::string headline(const CrawlSummary& summary) {
  const auto failure = nobody_answered(summary);
  if (!failure) return {};
  std::string text = wrapped("NOBODY ANSWERED: " + failure->detail + ".", 2) + '\n';
  const auto below = [&text](const std::string& what) {
    text += "  " + wrapped(what, 4, kTextWidth, 2) + '\n';
  };
  below("mostly: " + std::string(explain(failure->reason)) + " (" +
        std::string(name(failure->reason)) + ")");
  if (!hint(failure->reason).empty()) below("hint: " + std::string(hint(failure->reason)));
  return text + "So nothing is known of the rest of the network.\n\n";
}

// Of those that were asked: how many answered, and with what.
std::string answered_text(const CrawlSummary& summary) {
  const pex::AnswerCounts& answers = summary.answers;
  std::string text = number(summary.answered) + " of " + number(summary.count(Outcome::reachable)) +
                     " that were asked for addresses, with " + number(answers.usable);
  if (answers.refused > 0) text += ", and " + number(answers.refused) + " that are none";
  return text;
}

Json failure_json(const conn::Failure& failure) {
  return {{"stage", name(failure.stage)},
          {"reason", name(failure.reason)},
          {"text", explain(failure.reason)},
          {"detail", printable(failure.detail)},
          {"hint", hint(failure.reason)}};
}

}  // namespace

std::string crawl_text(const CrawlResult& result) {
  const CrawlSummary summary = summarise(result);
  Table table;
  table.row({"network", printable(result.network, kTextLimit)});
  table.row({"crawled for", span_text(std::chrono::floor<addrbook::Seconds>(result.lasted)) + ": " +
                                std::string(ended_text(result.ended, summary.answered))});
  table.row({"heard of", number(summary.heard)});
  table.row({"visited", number(summary.visited)});
  table.row({"reachable", share_text(summary.count(Outcome::reachable), summary.visited)});
  if (summary.count(Outcome::guarded) > 0) {
    table.row({"guarded", number(summary.count(Outcome::guarded)) +
                              ": proved their ID and closed; probably full"});
  }
  table.row({"answered", answered_text(summary)});
  if (summary.answers.unroutable > 0) {
    table.row({"", number(summary.answers.unroutable) +
                       " of them are private: with --private they are visited, too"});
  }
  if (const auto& times = summary.round_trips) {
    table.row({"round trip", "half within " + milliseconds(times->p50) + ", 90% " +
                                 milliseconds(times->p90) + ", 99% " + milliseconds(times->p99)});
  }
  return headline(summary) + table.text() + counts_table("VERSION", summary.versions) +
         counts_table("OTHER NETWORK", summary.other_networks) +
         troubles_table("FAILED AT", summary.troubles) +
         troubles_table("NOT ANSWERED", summary.silent);
}

std::string crawl_json(const CrawlResult& result) {
  const CrawlSummary summary = summarise(result);
  Json outcomes = Json::object();
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    outcomes[std::string(name(outcome))] = summary.count(outcome);
  }
  const auto failure = nobody_answered(summary);
  Json json = {{"network", printable(result.network)},
               {"began", stamp_json(result.began)},
               {"lasted_ms", std::chrono::round<std::chrono::milliseconds>(result.lasted).count()},
               {"ended", kEndedNames.at(static_cast<std::size_t>(result.ended))},
               {"failure", failure ? failure_json(*failure) : Json()},
               {"heard", summary.heard},
               {"visited", summary.visited},
               {"outcomes", outcomes},
               {"answered", summary.answered},
               {"addresses", summary.answers.usable},
               {"addresses_unroutable", summary.answers.unroutable},
               {"addresses_refused", summary.answers.refused},
               {"not_answered", troubles_json(summary.silent)},
               {"versions", counts_json(summary.versions)},
               {"other_networks", counts_json(summary.other_networks)},
               {"failures", troubles_json(summary.troubles)}};
  json["round_trip_ms"] = summary.round_trips ? Json{{"p50", ms_json(summary.round_trips->p50)},
                                                     {"p90", ms_json(summary.round_trips->p90)},
                                                     {"p99", ms_json(summary.round_trips->p99)},
                                                     {"max", ms_json(summary.round_trips->most)}}
                                              : Json();
  Json& nodes = json["nodes"] = Json::array();
  for (const CrawlRow& row : result.rows) nodes.push_back(row_json(row));
  return json.dump() + '\n';
}

std::string crawl_csv(const CrawlResult& result) {
  const auto text_of = [](const Json& json) { return json.is_null() ? "" : json.dump(); };
  std::string text =
      "id,ip,port,outcome,stage,reason,answered,addresses,moniker,version,network,round_trip_ms,"
      "visits,first_seen,last_visit,told_by\r\n";
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
        text_of(answered_json(row)),
        row.answer ? number(row.answer->usable) : std::string(),
        row.moniker,
        row.version,
        row.network,
        text_of(ms_json(row.round_trip_us)),
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
