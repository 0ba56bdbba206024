#include "cmd/discovery/crawl_report.h"

#include <algorithm>
#include <array>
#include <map>

#include <nlohmann/json.hpp>

#include "cmd/base/report_text.h"
#include "cmd/base/text_wrap.h"
#include "cmd/discovery/node_facts.h"

namespace peerage::cmd {
namespace {

constexpr std::array<std::string_view, 3> kEndedNames = {"all_asked", "time_over", "interrupted"};
constexpr std::array<std::string_view, 3> kEndedTexts = {"nobody was left to ask",
                                                         "the time was over", "it was interrupted"};
constexpr std::size_t kTextLimit = 64;
constexpr std::size_t kTableRows = 15;  // of the figures; programs get all

using Count = DiscoveryCrawlSummary::Count;

std::vector<Count> counted(const std::map<std::string, std::size_t>& said) {
  std::vector<Count> counts;
  counts.reserve(said.size());
  for (const auto& [what, nodes] : said) counts.push_back({what, nodes});
  std::stable_sort(counts.begin(), counts.end(),
                   [](const Count& a, const Count& b) { return a.nodes > b.nodes; });
  return counts;
}

std::vector<std::string> networks_of(const CrawledNode& node) {
  const auto cmt = node.contact.record ? pex::Cmt::of(*node.contact.record) : std::nullopt;
  if (!cmt) return {};
  // A record may name one twice.
  std::vector<std::string> networks = cmt->networks;
  std::sort(networks.begin(), networks.end());
  networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
  return networks;
}

// Those to be shown: live ones first, each kind in the order in which they were heard of.
std::vector<const CrawledNode*> shown(const DiscoveryCrawlResult& result) {
  std::vector<const CrawledNode*> nodes;
  for (const CrawledNode& node : result.nodes) {
    const auto networks = networks_of(node);
    const bool fits = result.network.empty() ||
                      std::find(networks.begin(), networks.end(), result.network) != networks.end();
    if (fits) nodes.push_back(&node);
  }
  std::stable_partition(nodes.begin(), nodes.end(),
                        [](const CrawledNode* node) { return node->live(); });
  return nodes;
}

// live, silent, or nothing when its turn did not come.
std::string_view state_of(const CrawledNode& node) {
  if (node.live()) return "live";
  return node.failure ? "silent" : "not asked";
}

std::string counts_table(std::string_view head, std::string_view of_none,
                         const std::vector<Count>& counts) {
  if (counts.empty()) return {};
  Table table({1});
  table.row({std::string(head), "LIVE NODES"});
  std::size_t others = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string& what = counts[i].what;
    if (i < kTableRows) {
      table.row({what.empty() ? std::string(of_none) : conn::printable(what, kTextLimit),
                 std::to_string(counts[i].nodes)});
    } else {
      others += counts[i].nodes;
    }
  }
  if (others > 0) table.row({"others", std::to_string(others)});
  return '\n' + table.text();
}

std::string nodes_table(const std::vector<const CrawledNode*>& nodes) {
  if (nodes.empty()) return {};
  Table table({3});
  table.row({"ID", "UDP", "STATE", "RTT", "NETWORKS", "CLIENT"});
  for (const CrawledNode* node : nodes) {
    const auto& record = node->contact.record;
    table.row({node->contact.id.brief(), node->contact.udp.to_string(),
               std::string(state_of(*node)),
               node->pong ? took_text(node->pong->round_trip) : std::string(kNothing),
               text_or_nothing(record ? networks_text(*record) : "", kTextLimit),
               text_or_nothing(record ? client_text(*record) : "", kTextLimit)});
  }
  return table.text() + '\n';
}

Json counts_json(const std::vector<Count>& counts) {
  Json json = Json::object();
  for (const Count& each : counts) json[conn::printable(each.what)] = each.nodes;
  return json;
}

Json node_json(const CrawledNode& node) {
  Json json = contact_json(node.contact);
  json["state"] = node.live() ? "live" : node.failure ? "silent" : "not_asked";
  json["round_trip_ms"] = node.pong ? Json(milliseconds_of(node.pong->round_trip)) : Json();
  json["failure"] = node.failure ? failure_json_of(*node.failure) : Json();
  json["told_by"] = node.told_by ? Json(node.told_by->to_string()) : Json();
  json["answers"] = node.answers;
  json["told_new"] = node.told_new;
  return json;
}

}  // namespace

DiscoveryCrawlSummary summarise(const DiscoveryCrawlResult& result) {
  DiscoveryCrawlSummary summary;
  std::map<std::string, std::size_t> networks, clients;
  for (const CrawledNode& node : result.nodes) {
    ++summary.heard;
    if (node.live() || node.failure) ++summary.asked;
    if (!node.live()) continue;
    ++summary.live;
    const auto& record = node.contact.record;
    if (record) ++summary.with_record;
    const auto its_networks = networks_of(node);
    if (!its_networks.empty()) ++summary.comet;
    for (const std::string& network : its_networks) ++networks[network];
    ++clients[record ? client_text(*record) : ""];
  }
  summary.networks = counted(networks);
  summary.clients = counted(clients);
  return summary;
}

std::string crawl_text(const DiscoveryCrawlResult& result) {
  const DiscoveryCrawlSummary summary = summarise(result);
  Table table;
  table.row(
      {"crawled for", took_text(result.lasted) + ": " +
                          std::string(kEndedTexts.at(static_cast<std::size_t>(result.ended)))});
  table.row({"heard of", std::to_string(summary.heard)});
  if (result.left_out > 0) {
    table.row({"", "told of " + std::to_string(result.left_out) +
                       " times beyond that, for which there was no place"});
  }
  table.row({"asked", std::to_string(summary.asked)});
  table.row({"live", std::to_string(summary.live)});
  table.row({"with record", std::to_string(summary.with_record) + " of these, " +
                                std::to_string(summary.comet) + " of a comet node"});
  std::string text = nodes_table(shown(result)) + table.text() +
                     counts_table("NETWORK", "", summary.networks) +
                     counts_table("CLIENT", "(names none)", summary.clients);
  if (summary.live == 0 && summary.asked > 0) text += '\n' + wrapped(kSilenceHint, 0) + '\n';
  return text;
}

std::string crawl_json(const DiscoveryCrawlResult& result) {
  const DiscoveryCrawlSummary summary = summarise(result);
  Json json = {{"ended", kEndedNames.at(static_cast<std::size_t>(result.ended))},
               {"lasted_ms", milliseconds_of(result.lasted)},
               {"network", result.network.empty() ? Json() : Json(conn::printable(result.network))},
               {"heard", summary.heard},
               {"left_out", result.left_out},
               {"asked", summary.asked},
               {"live", summary.live},
               {"with_record", summary.with_record},
               {"comet", summary.comet},
               {"networks", counts_json(summary.networks)},
               {"clients", counts_json(summary.clients)}};
  Json& nodes = json["nodes"] = Json::array();
  for (const CrawledNode* node : shown(result)) nodes.push_back(node_json(*node));
  return json.dump() + '\n';
}

std::string crawl_records(const DiscoveryCrawlResult& result) {
  std::string text;
  for (const CrawledNode* node : shown(result)) {
    if (!node->live() || !node->contact.record) continue;
    text += node->contact.record->text();
    text += '\n';
  }
  return text;
}

}  // namespace peerage::cmd
