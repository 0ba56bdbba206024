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

// Calls `visit(section, key, member)` for every key of the operators' surface.
template <typename Visit>
void for_each_surface_field(Config& config, Visit&& visit) {
  SurfaceConfig& surface = config.surface;
  visit("peerage", "http_laddr", surface.http_laddr);
  visit("peerage", "http_hosts", surface.http_hosts);
  visit("peerage", "control_socket", surface.control_socket);
  visit("peerage", "peer_metrics", surface.peer_metrics);
  visit("peerage", "net_info", surface.net_info);
  visit("peerage", "ready_verified", surface.ready_verified);
  visit("peerage", "ready_peers", surface.ready_peers);
  visit("peerage", "drain_delay", surface.drain_delay);

  RpcConfig& rpc = config.rpc;
  visit("rpc", "laddr", rpc.laddr);
  visit("rpc", "cors_allowed_origins", rpc.cors_allowed_origins);
  visit("rpc", "cors_allowed_methods", rpc.cors_allowed_methods);
  visit("rpc", "cors_allowed_headers", rpc.cors_allowed_headers);
  visit("rpc", "unsafe", rpc.unsafe);
  visit("rpc", "max_open_connections", rpc.max_open_connections);
  visit("rpc", "max_body_bytes", rpc.max_body_bytes);
  visit("rpc", "max_header_bytes", rpc.max_header_bytes);
  visit("rpc", "max_request_batch_size", rpc.max_request_batch_size);
  visit("rpc", "tls_cert_file", rpc.tls_cert_file);
  visit("rpc", "tls_key_file", rpc.tls_key_file);

  InstrumentationConfig& instrumentation = config.instrumentation;
  visit("instrumentation", "prometheus", instrumentation.prometheus);
  visit("instrumentation", "prometheus_listen_addr", instrumentation.prometheus_listen_addr);
  visit("instrumentation", "max_open_connections", instrumentation.max_open_connections);
  visit("instrumentation", "namespace", instrumentation.metrics_namespace);
}

// Calls `visit(section, key, member)` for every key that we honour. Sections are "" for the top
// level, "p2p", "rpc", "instrumentation", "peerage" and "peerage.discovery".
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

  for_each_surface_field(config, visit);
  for_each_discovery_field(config.discovery, visit);
}

}  // namespace peerage::cmd
