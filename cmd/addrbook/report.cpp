// Addresses of the book as text, for people, and as JSON, for programs.
#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "cmd/addrbook/addrbook.h"
#include "cmd/base/report_text.h"

namespace peerage::cmd {

using addrbook::BanRow;
using addrbook::kNever;
using addrbook::Reliability;
using conn::printable;
using Json = nlohmann::ordered_json;

namespace {

std::string reliability_text(const KnownAddress& row) {
  if (row.reliability.last() == kNever) return std::string(kNothing);
  return percent(row.reliability.overall());
}

std::string round_trip_text(const KnownAddress& row) {
  if (row.round_trip_us == 0) return std::string(kNothing);
  char text[32];
  std::snprintf(text, sizeof text, row.round_trip_us < 10'000 ? "%.1f ms" : "%.0f ms",
                row.round_trip_us / 1000.0);
  return text;
}

Json stamp_json(Time time) {
  return time == kNever ? Json() : Json(stamp(time));
}

std::string failure_text(const KnownAddress& row) {
  return std::string(row.last_failed == kNever ? kNothing : name(row.failure));
}

constexpr std::array<std::string_view, Reliability::kWindows> kWindowNames = {"2h", "8h", "1d",
                                                                              "1w", "30d"};

std::string channels_text(const std::vector<conn::ChannelId>& channels) {
  std::string text;
  for (const conn::ChannelId id : channels) {
    const auto byte = static_cast<std::uint8_t>(id);
    text += (text.empty() ? "" : " ") + conn::to_hex({&byte, 1});
  }
  return text.empty() ? "none" : text;
}

const BanRow* ban_of(const std::vector<BanRow>& bans, const conn::NetAddress& address, Time now) {
  for (const BanRow& ban : bans) {
    if (ban.until <= now) continue;
    const auto* id = std::get_if<conn::NodeId>(&ban.target);
    const auto* network = std::get_if<conn::Cidr>(&ban.target);
    if (id != nullptr && *id == address.id) return &ban;
    if (network != nullptr && network->contains(address.endpoint.ip)) return &ban;
  }
  return nullptr;
}

std::string list_of_network(const std::vector<Listed>& rows, std::string_view of, Width width,
                            Time now) {
  // Numbers: the share and the time.
  Table table({3, 4});
  std::vector<std::string> heads = {"ADDRESS", "KIND", "VERIFIED"};
  if (width == Width::wide) {
    heads.insert(heads.end(), {"RELIABLE", "RTT", "VERSION", "LAST FAILURE", "MONIKER"});
  }
  table.row(std::move(heads));
  for (const auto& [network, row] : rows) {
    if (network != of) continue;
    std::vector<std::string> cells = {row->address.to_string(), std::string(name(row->kind)),
                                      ago(row->last_verified, now)};
    if (width == Width::wide) {
      cells.insert(cells.end(),
                   {reliability_text(*row), round_trip_text(*row),
                    text_or_nothing(row->facts ? row->facts->version : "", 16), failure_text(*row),
                    text_or_nothing(row->facts ? row->facts->moniker : "", 20)});
    }
    table.row(std::move(cells));
  }
  return table.text();
}

Json facts_json(const KnownAddress& row) {
  if (!row.facts) return {};
  Json channels = Json::array();
  for (const conn::ChannelId id : row.facts->channels)
    channels.push_back(static_cast<unsigned>(id));
  return {{"moniker", printable(row.facts->moniker)},
          {"version", printable(row.facts->version)},
          {"channels", channels}};
}

}  // namespace

std::string list_text(const std::vector<Listed>& rows, Time now, Width width) {
  if (rows.empty()) return "no such address\n";
  std::vector<std::string_view> networks;
  for (const Listed& each : rows) {
    if (std::find(networks.begin(), networks.end(), each.network) == networks.end()) {
      networks.push_back(each.network);
    }
  }
  std::string text;
  for (const std::string_view network : networks) {
    if (networks.size() > 1) {
      text += (text.empty() ? "" : "\n");
      text += "network " + printable(network, 64) + '\n';
    }
    text += list_of_network(rows, network, width, now);
  }
  return text;
}

std::string to_json(const Listed& listed) {
  const KnownAddress& row = *listed.row;
  Json windows = Json::object();
  for (std::size_t i = 0; i < Reliability::kWindows; ++i) {
    windows[std::string(kWindowNames[i])] = {{"share", row.reliability.share(i)},
                                             {"seen", row.reliability.windows()[i].weight}};
  }
  Json failure;
  if (row.last_failed != kNever) {
    failure = {{"at", stamp(row.last_failed)},
               {"stage", name(row.failed_stage)},
               {"reason", name(row.failure)}};
  }
  const Json json = {
      {"network", printable(listed.network)},
      {"address", row.address.to_string()},
      {"id", row.address.id.to_string()},
      {"ip", row.address.endpoint.ip.to_string()},
      {"port", row.address.endpoint.port},
      {"kind", name(row.kind)},
      {"origin", name(row.origin)},
      {"source", row.source.to_string()},
      {"first_seen", stamp_json(row.first_seen)},
      {"last_seen", stamp_json(row.last_seen)},
      {"last_attempt", stamp_json(row.last_attempt)},
      {"last_connected", stamp_json(row.last_connected)},
      {"verified_since", stamp_json(row.verified_since)},
      {"last_verified", stamp_json(row.last_verified)},
      {"connected_since", stamp_json(row.connected_since)},
      {"said_itself", stamp_json(row.said_itself)},
      {"rests_until", stamp_json(row.bad_until)},
      {"attempts", row.attempts},
      {"failures", row.failures},
      {"wrong_ids", row.wrong_ids},
      {"last_failure", failure},
      {"round_trip_ms", row.round_trip_us == 0 ? Json() : Json(row.round_trip_us / 1000.0)},
      {"reliability", row.reliability.last() == kNever ? Json() : Json(row.reliability.overall())},
      {"windows", windows},
      {"node", facts_json(row)}};
  return json.dump();
}

std::string show_text(const Listed& listed, const addrbook::Contents& contents,
                      const addrbook::ProvenanceList& sources, Time now) {
  const KnownAddress& row = *listed.row;
  Table table;
  const auto line = [&table](std::string label, std::string value, std::string more = {}) {
    table.row({"  " + std::move(label), std::move(value), std::move(more)});
  };
  const auto time = [&line, now](std::string label, Time at) {
    if (at != kNever) line(std::move(label), ago(at, now), stamp(at));
  };
  line("network", printable(listed.network));
  line("kind", std::string(name(row.kind)));
  line("heard of", std::string(name(row.origin)), "from " + row.source.to_string());
  if (sources.nodes > 0) {
    line("told of by", std::to_string(sources.nodes) + (sources.nodes == 1 ? " node" : " nodes"),
         "first " + ago(sources.first, now) + ", last " + ago(sources.last, now));
  }
  time("first seen", row.first_seen);
  time("last seen", row.last_seen);
  time("last dialled", row.last_attempt);
  time("named it itself", row.said_itself);
  time("proved its ID", row.last_connected);
  if (row.last_verified == kNever) line("verified", "never");
  time("verified", row.last_verified);
  time("since", row.verified_since);
  time("outbound peer", row.connected_since);
  line("dials", std::to_string(row.attempts),
       std::to_string(row.failures) + " failed since it last proved its ID");
  if (row.wrong_ids > 0) line("wrong IDs", std::to_string(row.wrong_ids), "another node answered");
  if (row.last_failed != kNever) {
    line("last failure", ago(row.last_failed, now),
         std::string(name(row.failed_stage)) + ": " + std::string(explain(row.failure)));
  }
  line("round trip", round_trip_text(row));
  line("reliable", reliability_text(row));
  for (std::size_t i = 0; i < Reliability::kWindows; ++i) {
    const auto& window = row.reliability.windows()[i];
    if (window.weight <= 0) continue;
    line("  over " + std::string(kWindowNames[i]), percent(row.reliability.share(i)),
         percent(window.weight) + " of it seen");
  }
  if (row.facts) {
    line("moniker", text_or_nothing(row.facts->moniker, 128));
    line("version", text_or_nothing(row.facts->version, 128));
    line("channels", channels_text(row.facts->channels));
  }
  if (row.bad_until > now) {
    line("rests", "for " + span_text(row.bad_until - now), "until " + stamp(row.bad_until));
  }
  if (const BanRow* ban = ban_of(contents.bans, row.address, now)) {
    line("banned", "for " + span_text(ban->until - now),
         p2p::to_string(ban->target) + ": " + text_or_nothing(ban->reason, BanRow::kMaxReason));
  }
  return row.address.to_string() + '\n' + table.text();
}

}  // namespace peerage::cmd
