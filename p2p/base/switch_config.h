// What a switch is made with: our identity, the [p2p] settings, and our own limits.
//
// Threads: plain values.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/base/limits.h"
#include "conn/base/log.h"
#include "p2p/base/p2p_config.h"

namespace peerage::p2p {

struct SwitchConfig {
  P2pConfig p2p;

  // --- what we say of ourselves ---
  // The chain IDs that we serve; at least one. The first is ours when we dial. With several, an
  // accepting node answers each dialler with the network that it names.
  std::vector<std::string> networks;
  std::string moniker = "peerage";
  std::string version = "0.1.0";
  std::uint64_t app_version = 0;
  std::string tx_index = "off";
  std::string rpc_address;

  // --- limits ---
  // Peers at one host (an IPv4 address, an IPv6 /64); 0: unlimited. Not set: 1 (pex::prepare: 4 for
  // a seed), or unlimited with allow_duplicate_ip.
  std::optional<std::size_t> max_peers_per_ip;
  PerIpLimit per_ip_limit = PerIpLimit::all_peers;
  // Free of the connection rate (they have the higher one below), of its pause and of
  // max_peers_per_ip. With allow_duplicate_ip the private and loopback networks are so too.
  std::vector<conn::Cidr> exempt_networks;
  HalfOpenLimits half_open;
  std::uint64_t handshake_rate = kHandshakeRate;  // begun with strangers, per second; 0: unlimited
  ConnectionRateConfig connection_rate;
  ConnectionRateConfig exempt_connection_rate = kExemptConnectionRate;
  // IDs of nodes that come first, as validators do: at most kMaxNamedNodes. Each has a slot of its
  // own, besides max_num_inbound_peers and max_num_outbound_peers, is never evicted, and is not
  // counted for its address; where it was proven last, its handshake has a place among
  // half_open.named, and so does that of others at the same address; what it sends is held within
  // budgets of named nodes alone (the two below). Persistent and unconditional peers are named
  // without being in it. To change it while the switch runs: Switch::set_named_nodes.
  std::set<conn::NodeId> named_nodes;
  std::size_t named_inbox_bytes = kNamedInboxBytes;
  std::size_t named_reassembly_bytes = kNamedReassemblyBytes;
  InboxConfig inbox;
  conn::LivenessConfig liveness;
  conn::ReassemblyConfig reassembly;
  std::size_t reassembly_total_bytes = conn::kTotalReassemblyBytes;
  conn::SendQueueConfig send_queue;

  // --- for experiments: no node has a reason to change them ---
  FullInbound full_inbound = FullInbound::evict_one;
  StickyRedial sticky_redial = StickyRedial::yes;
  // How long an address that failed rests at most, for any caller; 0: callers must pace themselves.
  conn::Duration failed_address_max_pause = DialerConfig{}.requested_max_pause;

  std::shared_ptr<conn::LogSink> log;  // none: silent
};

}  // namespace peerage::p2p
