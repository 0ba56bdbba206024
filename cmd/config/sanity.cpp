#include "cmd/config/sanity.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "cmd/config/setting_value.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::Duration;

// Half a second is two round trips to the other end of the world.
constexpr Duration kLeastTimeout = 500ms;
constexpr Duration kMostTimeout = 1min;
// A visit has a dial, a handshake and an answer.
constexpr Duration kLeastVisit = 1s;
constexpr Duration kMostVisit = 5min;
// A client asks once it is connected, and may wait for its answer.
constexpr Duration kLeastLifetime = 5s;
constexpr Duration kMostLifetime = 24h;
constexpr Duration kLeastPause = 1s;
constexpr Duration kMostPause = 1h;
// Bytes per second: a packet of 1 KiB in a tenth of one.
constexpr std::uint64_t kLeastRate = 10'240;
// The largest networks of this kind have some thousand nodes.
constexpr std::uint32_t kMostPeers = 20'000;
constexpr std::uint32_t kMostShards = 128;

class Oddities {
 public:
  Oddities(const Config& config, pex::Role role) : config_(config), p2p_(config.p2p), role_(role) {}

  std::vector<Oddity> run() {
    check_times();
    check_rates();
    check_counts();
    check_ports();
    check_unsafe();
    return std::move(found_);
  }

 private:
  void add(std::string key, std::string what) {
    found_.push_back({std::move(key), std::move(what)});
  }

  void check_span(const char* key, Duration span, Duration least, Duration most,
                  const char* short_of, const char* beyond) {
    // Of a quoted number, too.
    const char* unit = span > 0s && span < 1us ? " (a number without a unit is nanoseconds)" : "";
    if (span < least) add(key, setting_text(span) + " is too short: " + short_of + unit);
    if (span > most) add(key, setting_text(span) + " is very long: " + beyond);
  }

  void check_times() {
    static constexpr const char* kNobody = "most nodes cannot be reached in that time";
    static constexpr const char* kHeld = "one that does not answer takes a slot for so long";
    check_span("p2p.dial_timeout", p2p_.dial_timeout, kLeastTimeout, kMostTimeout, kNobody, kHeld);
    // More than 5 s is never in force (cmd/config/overrides.h).
    check_span("p2p.handshake_timeout", p2p_.handshake_timeout, kLeastTimeout, Duration::max(),
               kNobody, "");
    if (p2p_.persistent_peers_max_dial_period > 0s) {
      check_span("p2p.persistent_peers_max_dial_period", p2p_.persistent_peers_max_dial_period,
                 kLeastPause, kMostPause, "a peer that is down is dialled without a pause",
                 "a peer that was down is missed for up to so long");
    }
    if (const Duration held = summary_interval(config_); held != config_.summary_interval) {
      add("peerage.summary_interval", setting_text(config_.summary_interval) +
                                          " is too short, and " + setting_text(held) +
                                          " in force; 0 is never");
    }
    if (role_ != pex::Role::seed) return;
    check_span("peerage.visit_timeout", config_.visit_timeout, kLeastVisit, kMostVisit,
               "hardly a visit ends in that time", kHeld);
    check_span("peerage.seed_peer_lifetime", config_.seed_peer_lifetime, kLeastLifetime,
               kMostLifetime, "clients are sent away before they have their answer",
               "those that come have slots that others need");
  }

  void check_rates() {
    for (const auto& [key, rate] :
         {std::pair{"p2p.send_rate", p2p_.send_rate}, std::pair{"p2p.recv_rate", p2p_.recv_rate}}) {
      if (rate == 0 || rate >= kLeastRate) continue;
      add(key, std::to_string(rate) + " bytes per second are too few: a message of 64 KiB takes " +
                   setting_text(std::chrono::seconds(65'536 / rate)));
    }
  }

  void check_counts() {
    const bool seed = role_ == pex::Role::seed;
    const auto inbound = seed ? config_.seed_inbound_peers.value_or(p2p_.max_num_inbound_peers)
                              : p2p_.max_num_inbound_peers;
    const char* const inbound_key = seed && config_.seed_inbound_peers
                                        ? "peerage.seed_inbound_peers"
                                        : "p2p.max_num_inbound_peers";
    if (inbound == 0) {
      add(inbound_key, seed ? "a seed must accept inbound peers"
                            : "0 lets nobody in but persistent and unconditional peers");
    }
    if (inbound > kMostPeers) add(inbound_key, many(inbound));
    if (!seed && p2p_.max_num_outbound_peers == 0) {
      add("p2p.max_num_outbound_peers", "0 dials nobody but persistent peers");
    }
    if (!seed && p2p_.max_num_outbound_peers > kMostPeers) {
      add("p2p.max_num_outbound_peers", many(p2p_.max_num_outbound_peers));
    }
    if (config_.shards > kMostShards) {
      add("peerage.shards",
          std::to_string(config_.shards) + " threads are more than machines have");
    }
  }
  static std::string many(std::uint32_t count) {
    return std::to_string(count) +
           " peers are more than networks have, and each takes a descriptor "
           "and memory";
  }

  void check_ports() {
    const auto listens = conn::split_host_port(p2p_.laddr);
    if (listens && listens->port == 0) {
      add("p2p.laddr", "port 0 is another one at each start: others do not find this node again");
    }
    for (const auto& [key, list] : {std::pair{"p2p.seeds", &config_.seeds},
                                    std::pair{"p2p.persistent_peers", &p2p_.persistent_peers}}) {
      for (const conn::HostAddress& each : *list) {
        const auto ip = conn::IpAddress::parse(each.host);
        if (each.port == 0) add(key, each.to_string() + ": port 0 cannot be dialled");
        if (ip && ip->unspecified())
          add(key, each.to_string() + " is no address that can be dialled");
      }
    }
  }

  void check_unsafe() {
    const auto addresses = parse_service_addresses(config_.rpc.laddr);
    if (!config_.rpc.unsafe || !addresses) return;
    if (std::all_of(addresses->begin(), addresses->end(), is_local)) return;
    add("rpc.unsafe", "true lets everybody who reaches " + config_.rpc.laddr +
                          " have this node dial addresses, and keep them as its peers");
  }

  const Config& config_;
  const P2pConfig& p2p_;
  const pex::Role role_;
  std::vector<Oddity> found_;
};

}  // namespace

Duration summary_interval(const Config& config) {
  if (config.summary_interval <= Duration(0)) return Duration(0);
  return std::max<Duration>(config.summary_interval, kLeastSummaryInterval);
}

std::vector<Oddity> oddities(const Config& config, pex::Role role) {
  return Oddities(config, role).run();
}

}  // namespace peerage::cmd
