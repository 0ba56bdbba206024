#include "cmd/config/change_set.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "cmd/config/fields.h"
#include "cmd/config/setting_value.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

constexpr std::size_t kShown = 512;  // bytes of a value

// Sorted.
constexpr auto kTaken =
    std::to_array<std::string_view>({"log_level", "p2p.persistent_peers", "p2p.private_peer_ids",
                                     "p2p.seeds", "p2p.unconditional_peer_ids", "peerage.log_peers",
                                     "peerage.named_nodes", "peerage.summary_interval"});
static_assert(std::is_sorted(kTaken.begin(), kTaken.end()));

// Sorted. Those of [instrumentation] and [rpc], and of the control socket, are what the servers
// were opened with; certificates are read again from the same files.
constexpr auto kNeedRestart =
    std::to_array<std::string_view>({"genesis_file",
                                     "instrumentation.max_open_connections",
                                     "instrumentation.namespace",
                                     "instrumentation.prometheus",
                                     "instrumentation.prometheus_listen_addr",
                                     "log_format",
                                     "moniker",
                                     "node_key_file",
                                     "p2p.addr_book_file",
                                     "p2p.addr_book_strict",
                                     "p2p.allow_duplicate_ip",
                                     "p2p.dial_timeout",
                                     "p2p.external_address",
                                     "p2p.handshake_timeout",
                                     "p2p.laddr",
                                     "p2p.max_num_inbound_peers",
                                     "p2p.max_num_outbound_peers",
                                     "p2p.max_packet_msg_payload_size",
                                     "p2p.persistent_peers_max_dial_period",
                                     "p2p.pex",
                                     "p2p.recv_rate",
                                     "p2p.seed_mode",
                                     "p2p.send_rate",
                                     "peerage.book_file",
                                     "peerage.control_socket",
                                     "peerage.crawl_parallel",
                                     "peerage.drain_delay",
                                     "peerage.exempt_networks",
                                     "peerage.http_hosts",
                                     "peerage.http_laddr",
                                     "peerage.max_peers_per_ip",
                                     "peerage.net_info",
                                     "peerage.network",
                                     "peerage.peer_metrics",
                                     "peerage.ready_peers",
                                     "peerage.ready_verified",
                                     "peerage.seed_inbound_peers",
                                     "peerage.seed_peer_lifetime",
                                     "peerage.shards",
                                     "peerage.visit_timeout",
                                     "rpc.cors_allowed_headers",
                                     "rpc.cors_allowed_methods",
                                     "rpc.cors_allowed_origins",
                                     "rpc.laddr",
                                     "rpc.max_body_bytes",
                                     "rpc.max_header_bytes",
                                     "rpc.max_open_connections",
                                     "rpc.max_request_batch_size",
                                     "rpc.tls_cert_file",
                                     "rpc.tls_key_file",
                                     "rpc.unsafe"});
static_assert(std::is_sorted(kNeedRestart.begin(), kNeedRestart.end()));

// The server of discovery is made at the start: all of them need a restart.
bool is_of_discovery(std::string_view key) {
  bool found = false;
  DiscoveryConfig any;
  for_each_discovery_field(any, [&](std::string_view section, std::string_view name, const auto&) {
    found = found || key == full_name(section, name);
  });
  return found;
}

std::string shown(const std::string& value) {
  return conn::printable(value, kShown);
}

std::map<std::string, std::string> texts_of(Config config) {
  std::map<std::string, std::string> texts;
  for_each_field(config, [&](std::string_view section, std::string_view key, const auto& value) {
    texts.emplace(full_name(section, key), setting_text(value));
  });
  return texts;
}

// What a setting means that it does not say: with the same text it may have changed.
std::string implied_by(std::string_view key, const Settings& settings) {
  if (key == "peerage.network" && settings.genesis_read) {
    return settings.networks.empty() ? "" : settings.networks.front();
  }
  return key == "p2p.addr_book_file" ? settings.json_book.string() : "";
}

}  // namespace

std::optional<AtReload> at_reload(std::string_view key) {
  if (std::binary_search(kTaken.begin(), kTaken.end(), key)) return AtReload::taken;
  if (std::binary_search(kNeedRestart.begin(), kNeedRestart.end(), key) || is_of_discovery(key)) {
    return AtReload::needs_restart;
  }
  return std::nullopt;
}

std::vector<SettingChange> change_set(const Settings& running, const Settings& read) {
  const auto before = texts_of(running.config);
  std::vector<SettingChange> changes;
  Config order = read.config;
  for_each_field(order, [&](std::string_view section, std::string_view name, const auto& value) {
    const std::string key = full_name(section, name);
    std::string was = before.at(key), is = setting_text(value);
    if (was == is) {
      was = implied_by(key, running);
      is = implied_by(key, read);
    }
    if (was == is) return;
    changes.push_back(
        {key, shown(was), shown(is), at_reload(key).value_or(AtReload::needs_restart)});
  });
  return changes;
}

Settings after_reload(const Settings& running, const Settings& read) {
  Settings after = running;
  std::map<std::string, std::string> taken;
  Config fresh = read.config;
  for_each_field(fresh, [&](std::string_view section, std::string_view name, const auto& value) {
    const std::string key = full_name(section, name);
    if (at_reload(key) != AtReload::taken) return;
    taken.emplace(key, setting_text(value));
    after.origins.erase(key);
    const auto origin = read.origins.find(key);
    if (origin != read.origins.end()) after.origins.insert(*origin);
  });
  for_each_field(after.config, [&](std::string_view section, std::string_view name, auto& into) {
    const auto found = taken.find(full_name(section, name));
    if (found != taken.end()) set_value(into, found->second, [](const std::string&) {});
  });
  after.overruled = read.overruled;
  after.warnings = read.warnings;
  after.notices = read.notices;
  return after;
}

}  // namespace peerage::cmd
