// Which key is which member: the one list that files, environment variables and flags use.
//
// Threads: none of its own.
#pragma once

#include <string>
#include <string_view>

#include "cmd/config/config.h"

namespace peerage::cmd {

// "p2p", "laddr": "p2p.laddr".
inline std::string full_name(std::string_view section, std::string_view key) {
  return section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
}

// Calls `visit(section, key, member)` for every key that we honour. Sections are "" for the top
// level, "p2p" and "peerage".
template <typename Visit>
void for_each_field(Config& config, Visit&& visit) {
  visit("", "moniker", config.moniker);
  visit("", "node_key_file", config.node_key_file);
  visit("", "genesis_file", config.genesis_file);
  visit("", "log_level", config.log_level);
  visit("", "log_format", config.log_format);

  visit("peerage", "network", config.network);
  visit("peerage", "book_file", config.book_file);
  visit("peerage", "crawl_parallel", config.crawl_parallel);
  visit("peerage", "visit_timeout", config.visit_timeout);
  visit("peerage", "seed_peer_lifetime", config.seed_peer_lifetime);
  visit("peerage", "seed_inbound_peers", config.seed_inbound_peers);
  visit("peerage", "summary_interval", config.summary_interval);
  visit("peerage", "log_peers", config.log_peers);
  visit("peerage", "max_peers_per_ip", config.max_peers_per_ip);
  visit("peerage", "named_nodes", config.named_nodes);
  visit("peerage", "exempt_networks", config.exempt_networks);
  visit("peerage", "shards", config.shards);

  P2pConfig& p2p = config.p2p;
  visit("p2p", "laddr", p2p.laddr);
  visit("p2p", "external_address", p2p.external_address);
  visit("p2p", "seeds", config.seeds);
  visit("p2p", "persistent_peers", p2p.persistent_peers);
  visit("p2p", "addr_book_file", config.addr_book_file);
  visit("p2p", "addr_book_strict", config.addr_book_strict);
  visit("p2p", "max_num_inbound_peers", p2p.max_num_inbound_peers);
  visit("p2p", "max_num_outbound_peers", p2p.max_num_outbound_peers);
  visit("p2p", "unconditional_peer_ids", p2p.unconditional_peer_ids);
  visit("p2p", "private_peer_ids", p2p.private_peer_ids);
  visit("p2p", "persistent_peers_max_dial_period", p2p.persistent_peers_max_dial_period);
  visit("p2p", "send_rate", p2p.send_rate);
  visit("p2p", "recv_rate", p2p.recv_rate);
  visit("p2p", "max_packet_msg_payload_size", p2p.max_packet_msg_payload_size);
  visit("p2p", "pex", config.pex);
  visit("p2p", "seed_mode", config.seed_mode);
  visit("p2p", "allow_duplicate_ip", p2p.allow_duplicate_ip);
  visit("p2p", "handshake_timeout", p2p.handshake_timeout);
  visit("p2p", "dial_timeout", p2p.dial_timeout);
}

}  // namespace peerage::cmd
