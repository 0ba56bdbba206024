#include "cmd/status/lists.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/addrbook/addrbook.h"
#include "cmd/base/csv.h"
#include "cmd/base/report_text.h"
#include "cmd/status/lists_query.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {

using addrbook::kNever;
using addrbook::KnownAddress;
using Json = nlohmann::ordered_json;
using Network = ServedLists::Network;

namespace {

template <typename T>
using OrProblem = tl::expected<T, ListsProblem>;

// A chain ID need not be UTF-8.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Of every answer.
HttpAnswer with_headers(HttpAnswer answer, HttpHeaders more = {}) {
  answer.headers = {{"Access-Control-Allow-Origin", "*"}};
  std::move(more.begin(), more.end(), std::back_inserter(answer.headers));
  return answer;
}

HttpAnswer answer_of(const ListsProblem& problem) {
  HttpHeaders more;
  if (problem.status == 503) {
    const auto pause =
        std::chrono::ceil<std::chrono::seconds>(ServedAddresses::kPaceWhileEmpty).count();
    more.emplace_back("Retry-After", std::to_string(pause));
  }
  if (problem.status == 405) more.emplace_back("Allow", "GET, HEAD");
  const Json body = {{"error", problem.error}, {"hint", problem.hint}};
  return with_headers(HttpAnswer::json(problem.status, text_of(body)), std::move(more));
}

ListsProblem nothing_verified() {
  return {503, "no address is verified yet",
          "come again soon: addresses are listed once this node has dialled them itself"};
}

// The names of the networks that are served, for hints.
std::string networks_hint(const ServedLists& served) {
  std::string text = "served are";
  for (const Network& each : served.networks) {
    text.append(&each == &served.networks.front() ? " " : ", ");
    text += conn::printable(each.chain_id, 64);
  }
  return text;
}

OrProblem<const Network*> network_named(const ServedLists& served, const std::string& chain_id) {
  if (const Network* const found = served.find(chain_id)) return found;
  return tl::unexpected(ListsProblem{404, "no such network", networks_hint(served)});
}

// The one that was asked for; without a name, the only one.
OrProblem<const Network*> network_of(const ListsQuery& query, const ServedLists& served) {
  if (query.network) return network_named(served, *query.network);
  if (served.networks.size() == 1) return &served.networks.front();
  return tl::unexpected(
      ListsProblem{400, "which network?", "?network=ID; " + networks_hint(served)});
}

OrProblem<ServedRows> rows_of(const Network& network, const ServedQuery& query,
                              addrbook::Time now) {
  ServedRows rows = take_served(network, query, now);
  if (!rows.empty()) return rows;
  const ServedQuery any{.most = 1};
  if (take_served(network, any, now).empty()) return tl::unexpected(nothing_verified());
  return tl::unexpected(
      ListsProblem{404, "no address fits", "there are some without version and max_age"});
}

// Of one network, or of all.
struct NetworkRows {
  const Network* network;
  ServedRows rows;
};
OrProblem<std::vector<NetworkRows>> all_rows(const HttpRequest& request, const ListsView& view) {
  const auto query = parse_lists_query(request.query, ListsForm::rows);
  if (!query) return tl::unexpected(query.error());
  std::vector<NetworkRows> all;
  if (query->network) {
    const auto network = network_named(view.served, *query->network);
    if (!network) return tl::unexpected(network.error());
    all.push_back({*network, {}});
  } else {
    for (const Network& each : view.served.networks) all.push_back({&each, {}});
  }
  const ServedQuery any{.most = 1};
  bool verified = false;
  for (NetworkRows& each : all) {
    verified = verified || !take_served(*each.network, any, view.now).empty();
    each.rows = take_served(*each.network, query->served, view.now);
  }
  if (!verified) return tl::unexpected(nothing_verified());
  return all;
}

Json stamp_json(addrbook::Time time) {
  return time == kNever ? Json() : Json(stamp(time));
}

double rounded(double value, double per_unit) {
  return std::round(value * per_unit) / per_unit;
}

// One address as the fields of /peers.json; those of /peers.csv are the same. Its place (country
// and autonomous system) is not known.
Json row_json(const Network& network, const KnownAddress& row) {
  Json fields = {{"id", row.address.id.to_string()},
                 {"address", row.address.endpoint.to_string()},
                 {"network", network.chain_id},
                 {"moniker", nullptr},
                 {"version", nullptr},
                 {"country", nullptr},
                 {"asn", nullptr},
                 {"first_seen", stamp_json(row.first_seen)},
                 {"verified", stamp_json(row.last_verified)},
                 {"reliability", rounded(row.reliability.overall(), 1000)},
                 {"rtt_ms", nullptr}};
  if (row.facts) {
    fields["moniker"] = conn::printable(row.facts->moniker);
    fields["version"] = conn::printable(row.facts->version);
  }
  if (row.round_trip_us > 0) fields["rtt_ms"] = row.round_trip_us / 1000.0;
  return fields;
}

std::string cell_of(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? csv_field(value.get<std::string>()) : value.dump();
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& each : cells) line.append(line.empty() ? "" : ",").append(each);
  return line + "\r\n";
}

// Whether an If-None-Match names this tag, of whatever strength.
bool names_tag(std::string_view header, std::string_view tag) {
  while (!header.empty()) {
    std::string_view each = header.substr(0, header.find(','));
    header.remove_prefix(std::min(each.size() + 1, header.size()));
    while (!each.empty() && each.front() == ' ') each.remove_prefix(1);
    while (!each.empty() && each.back() == ' ') each.remove_suffix(1);
    if (each == "*" || each == tag) return true;
    if (!each.starts_with("W/") && tag.starts_with("W/") && each == tag.substr(2)) return true;
  }
  return false;
}

// --- below /networks ---

Json registry_entry(const std::string& id, const std::string& address,
                    const std::string& provider) {
  return {{"id", id}, {"address", address}, {"provider", provider}};
}

// As the registry's schema has it: no other keys, and a provider that is not empty.
Json registry_json(const ServedRows& rows, const StatusSnapshot& status) {
  const auto named = [](const std::string& moniker) {
    const std::string text = conn::printable(moniker, addrbook::NodeFacts::kMaxText);
    return text.empty() ? std::string("unknown") : text;
  };
  Json seeds = Json::array(), persistent = Json::array();
  const auto at = status.advertised.find('@');
  if (at != std::string::npos) {
    (status.role == pex::Role::seed ? seeds : persistent)
        .push_back(registry_entry(status.advertised.substr(0, at), status.advertised.substr(at + 1),
                                  named(status.own.moniker)));
  }
  for (const KnownAddress* row : rows) {
    persistent.push_back(registry_entry(row->address.id.to_string(),
                                        row->address.endpoint.to_string(),
                                        named(row->facts ? row->facts->moniker : "")));
  }
  return {{"seeds", std::move(seeds)}, {"persistent_peers", std::move(persistent)}};
}

Json live_peers_json(const ServedRows& rows, const StatusSnapshot& status) {
  Json addresses = Json::array();
  for (const KnownAddress* row : rows) addresses.push_back(row->address.to_string());
  return {{"peer", status.advertised.empty() ? Json() : Json(status.advertised)},
          {"live_peers", std::move(addresses)}};
}

Json networks_json(const StatusSnapshot& status) {
  Json networks = Json::array();
  for (const NetworkRow& each : status.networks) {
    networks.push_back({{"chain_id", each.chain_id},
                        {"reachable", each.verified},
                        {"known", each.known},
                        {"seed", status.advertised.empty() ? Json() : Json(status.advertised)}});
  }
  return networks;
}

// "/networks/ID/what".
struct NetworkPath {
  std::string chain_id;
  std::string_view what;
};
std::optional<NetworkPath> network_path(std::string_view path) {
  static constexpr std::string_view kAbove = "/networks/";
  const auto last = path.rfind('/');
  if (!path.starts_with(kAbove) || last < kAbove.size()) return std::nullopt;
  return NetworkPath{std::string(path.substr(kAbove.size(), last - kAbove.size())),
                     path.substr(last + 1)};
}

HttpAnswer answer_network(const HttpRequest& request, const ListsView& view) {
  const auto path = network_path(request.path);
  const bool live_peers = path && path->what == "live_peers";
  if (!live_peers && !(path && path->what == "chain-registry.json")) {
    return answer_of({404, "no such list",
                      "there are /networks, /networks/ID/live_peers and "
                      "/networks/ID/chain-registry.json"});
  }
  const auto network = network_named(view.served, path->chain_id);
  if (!network) return answer_of(network.error());
  const auto query = parse_lists_query(request.query, ListsForm::of_network);
  if (!query) return answer_of(query.error());
  const auto rows = rows_of(**network, query->served, view.now);
  if (!rows) return answer_of(rows.error());
  return with_headers(
      HttpAnswer::json(200, text_of(live_peers ? live_peers_json(*rows, view.status)
                                               : registry_json(*rows, view.status))));
}

}  // namespace

HttpAnswer answer_peers(const HttpRequest& request, const ListsView& view) {
  const auto query = parse_lists_query(request.query, ListsForm::line);
  if (!query) return answer_of(query.error());
  const auto network = network_of(*query, view.served);
  if (!network) return answer_of(network.error());
  const auto rows = rows_of(**network, query->served, view.now);
  if (!rows) return answer_of(rows.error());
  return with_headers(HttpAnswer::text(200, peers_line(*rows, query->separator)));
}

HttpAnswer answer_peers_json(const HttpRequest& request, const ListsView& view) {
  const auto all = all_rows(request, view);
  if (!all) return answer_of(all.error());
  Json list = Json::array();
  for (const auto& [network, rows] : *all) {
    for (const KnownAddress* row : rows) list.push_back(row_json(*network, *row));
  }
  return with_headers(HttpAnswer::json(200, text_of(list)));
}

HttpAnswer answer_peers_csv(const HttpRequest& request, const ListsView& view) {
  const auto all = all_rows(request, view);
  if (!all) return answer_of(all.error());
  static const KnownAddress kAny{};
  std::vector<std::string> cells;
  const Json names = row_json({}, kAny);
  for (const auto& [name, value] : names.items()) cells.push_back(name);
  std::string text = csv_line(cells);
  for (const auto& [network, rows] : *all) {
    for (const KnownAddress* row : rows) {
      cells.clear();
      for (const Json& value : row_json(*network, *row)) cells.push_back(cell_of(value));
      text += csv_line(cells);
    }
  }
  HttpAnswer answer = HttpAnswer::text(200, std::move(text));
  answer.content_type = "text/csv; charset=utf-8";
  return with_headers(std::move(answer),
                      {{"Content-Disposition", "attachment; filename=\"peers.csv\""}});
}

HttpAnswer answer_book(const HttpRequest& request, const ListsView& view) {
  const auto query = parse_lists_query(request.query, ListsForm::file);
  if (!query) return answer_of(query.error());
  const auto network = network_of(*query, view.served);
  if (!network) return answer_of(network.error());
  const Network& found = **network;
  // A whole file, or none: a comet node does not start with a broken one.
  const ServedQuery any{.most = 1};
  if (!found.book || take_served(found, any, view.now).empty()) {
    return answer_of(nothing_verified());
  }
  // Weak: it names the content, not its bytes, which may be compressed.
  const std::string tag = "W/\"" + found.tag + '"';
  HttpHeaders headers = {
      {"ETag", tag}, {"Cache-Control", "max-age=60"}, {"Vary", "Accept-Encoding"}};
  const std::string* const known = request.header("if-none-match");
  HttpAnswer answer = HttpAnswer::json(200, "");
  if (known != nullptr && names_tag(*known, tag)) {
    answer.status = 304;
    answer.body = nullptr;
  } else {
    answer.body = found.book;
    answer.gzip = found.book_gzip;
  }
  return with_headers(std::move(answer), std::move(headers));
}

HttpAnswer answer_seed(const HttpRequest& request, const ListsView& view) {
  const auto query = parse_lists_query(request.query, ListsForm::bare);
  if (!query) return answer_of(query.error());
  if (view.status.advertised.empty()) {
    return answer_of({404, "this node does not know its own address",
                      "its operator can set external_address under [p2p]"});
  }
  return with_headers(HttpAnswer::text(200, view.status.advertised));
}

HttpAnswer answer_networks(const HttpRequest& request, const ListsView& view) {
  if (request.path != "/networks" && request.path != "/networks/") {
    return answer_network(request, view);
  }
  const auto query = parse_lists_query(request.query, ListsForm::bare);
  if (!query) return answer_of(query.error());
  return with_headers(HttpAnswer::json(200, text_of(networks_json(view.status))));
}

std::vector<HttpRoute> lists_routes(const ListsHooks& hooks) {
  using Answer = HttpAnswer (*)(const HttpRequest&, const ListsView&);
  const auto route = [&hooks](std::string name, std::string path, Answer answer) {
    return HttpRoute{
        .name = std::move(name),
        .path = std::move(path),
        .handler = [hooks, answer](const HttpRequest& request) {
          if (request.method != "GET") {
            return answer_of({405, "lists are read", "GET or HEAD"});
          }
          const auto served = hooks.served();
          const auto status = hooks.status();
          return answer(request, {*served, *status, hooks.now ? hooks.now() : book_now()});
        }};
  };
  return {route("peers", "/peers", answer_peers),
          route("peers_json", "/peers.json", answer_peers_json),
          route("peers_csv", "/peers.csv", answer_peers_csv),
          route("addrbook", "/addrbook.json", answer_book),
          route("networks", "/networks", answer_networks),
          route("network", "/networks/", answer_networks),
          route("seed", "/seed", answer_seed)};
}

}  // namespace peerage::cmd
