#include "cmd/config/overrides.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "cmd/config/fields.h"
#include "cmd/config/node_config.h"
#include "cmd/config/setting_value.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using pex::Role;

constexpr std::size_t kShown = 128;  // bytes of a value

// A start's view of the settings, told in their own terms.
Config in_force(const Config& config, Role role) {
  const pex::NodeConfig node = pex::settled(node_config(config, role));
  Config now = config;
  now.p2p = node.connections.p2p;
  now.p2p.handshake_timeout = p2p::handshake_deadline(now.p2p);
  return now;
}

std::map<std::string, std::string> texts_of(Config config) {
  std::map<std::string, std::string> texts;
  for_each_field(config,
                 [&texts](std::string_view section, std::string_view key, const auto& value) {
                   texts.emplace(full_name(section, key), setting_text(value));
                 });
  return texts;
}

// Why a start has another value.
std::string why(const std::string& key, const Config& set, const Config& now) {
  if (key == "p2p.max_num_outbound_peers") {
    return "a seed has twice as many outbound slots as crawl_parallel, for its visits";
  }
  if (key == "p2p.max_num_inbound_peers") {
    return set.seed_inbound_peers
               ? "of a seed, seed_inbound_peers under [peerage] says it"
               : "the default of a node, which stands in each comet node's file, counts as not set "
                 "in a seed; seed_inbound_peers under [peerage] says how many otherwise";
  }
  if (key == "p2p.handshake_timeout" && now.p2p.handshake_timeout == p2p::kHandshakeTimeout) {
    return "it is never more";
  }
  if (key == "p2p.dial_timeout" || key == "p2p.handshake_timeout") {
    return "both together are at most a seed's visit_timeout";
  }
  return "a seed has its own";
}

// A comet node's default where ours is another: it stands in each of its files.
bool stands_in_each_file(std::string_view key, std::string_view value) {
  return key == "p2p.handshake_timeout" && value == "20s";
}

// Settings that a node does not read.
const std::set<std::string, std::less<>>& of_seeds_alone() {
  static const std::set<std::string, std::less<>> kKeys = {
      "peerage.crawl_parallel", "peerage.visit_timeout", "peerage.seed_peer_lifetime",
      "peerage.seed_inbound_peers"};
  return kKeys;
}

}  // namespace

std::vector<Override> overrides(const Settings& settings, Role role) {
  const Config& config = settings.config;
  const Config now = in_force(config, role);
  const auto set = texts_of(config), held = texts_of(now);
  const auto defaults = texts_of(Config::defaults(config.dialect));
  std::vector<Override> found;
  Config order = config;
  for_each_field(order, [&](std::string_view section, std::string_view name, const auto&) {
    const std::string key = full_name(section, name);
    if (!settings.origins.contains(key)) return;
    const std::string& value = set.at(key);
    const bool is_default = value == defaults.at(key) || stands_in_each_file(key, value);
    const auto add = [&](std::string what) {
      using Set = Override::Set;
      found.push_back({key, conn::printable(value, kShown) + " " + std::move(what),
                       is_default ? Set::default_value : Set::own_value});
    };
    if (held.at(key) != value) {
      add("is not in force, but " + conn::printable(held.at(key), kShown) + ": " +
          why(key, config, now));
    } else if (role == Role::node && !is_default && of_seeds_alone().contains(key)) {
      add("is not in force: only a seed has it, and this node is none");
    } else if (key == "p2p.allow_duplicate_ip" && config.p2p.allow_duplicate_ip &&
               config.max_peers_per_ip) {
      add("is not in force, but " + std::to_string(*config.max_peers_per_ip) +
          " peers at one host: max_peers_per_ip under [peerage] says it, except on private "
          "networks");
    }
  });
  return found;
}

}  // namespace peerage::cmd
