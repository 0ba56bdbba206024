#include "cmd/config/node_config.h"

namespace peerage::cmd {

pex::Role role_of(const Config& config, std::optional<pex::Role> only) {
  return only.value_or(config.seed_mode ? pex::Role::seed : pex::Role::node);
}

std::size_t connections_of(const pex::NodeConfig& node) {
  const p2p::SwitchConfig& config = node.connections;
  return std::size_t{config.p2p.max_num_inbound_peers} + config.p2p.max_num_outbound_peers +
         config.half_open.total + config.named_nodes.size();
}

namespace {

// But for its files.
pex::DiscoveryConfig discovery_of(const DiscoveryConfig& config) {
  pex::DiscoveryConfig discovery;
  discovery.listen = config.laddr;
  discovery.bootnodes = config.bootnodes;
  discovery.external_ip = config.external_ip;
  discovery.net_restrict = config.net_restrict;
  discovery.lookups = config.lookups;
  discovery.random_lookups = config.random_lookups;
  discovery.only_confirmed_neighbors = config.only_confirmed_neighbors;
  discovery.limits = config.limits;
  return discovery;
}

}  // namespace

pex::NodeConfig node_config(const Config& config, pex::Role role) {
  pex::NodeConfig node;
  node.role = role;
  node.pex = config.pex;
  p2p::SwitchConfig& connections = node.connections;
  connections.p2p = config.p2p;
  if (!config.moniker.empty()) connections.moniker = config.moniker;
  connections.version = PEERAGE_VERSION;
  connections.rpc_address = config.rpc.laddr;
  connections.max_peers_per_ip = config.max_peers_per_ip;
  connections.exempt_networks = config.exempt_networks;
  connections.named_nodes = {config.named_nodes.begin(), config.named_nodes.end()};
  pex::PexConfig& exchange = node.exchange;
  exchange.seeds = config.seeds;
  using Strict = conn::IpAddress::Strict;
  exchange.strict = config.addr_book_strict ? Strict::yes : Strict::no;
  exchange.crawl.parallel = config.crawl_parallel;
  exchange.crawl.visit = config.visit_timeout;
  exchange.crawl.client_life = config.seed_peer_lifetime;
  exchange.seed_inbound_peers = config.seed_inbound_peers;
  if (config.discovery.is_on()) node.discovery = discovery_of(config.discovery);
  node.metrics_namespace = config.instrumentation.metrics_namespace;
  if (const auto peers = parse_peer_metrics(config.surface.peer_metrics)) {
    node.peer_metrics = *peers;
  }
  return node;
}

}  // namespace peerage::cmd
