// What a switch reads of the [p2p] section of config.toml: a comet node's keys by their names, each
// with its default and what it means.
//
// The section's other keys are peer exchange's (pex/node.h: seeds, pex, role, the book), or make no
// sense here; the program that reads the file has them (cmd/config/config.h).
//
// Source: comet config/config.go:P2PConfig. Threads: plain values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/limits.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

struct P2pConfig {
  std::string laddr = "tcp://0.0.0.0:26656";  // where to listen; port 0 takes any
  std::string
      external_address;  // host:port to advertise; a name is resolved, the literal advertised
  std::vector<conn::HostAddress> persistent_peers;  // redialled for ever; they need no slot
  std::uint32_t max_num_inbound_peers = 40;         // without persistent and unconditional ones
  std::uint32_t max_num_outbound_peers = 10;        // the same
  std::vector<conn::NodeId> unconditional_peer_ids;
  // Never passed on to others: the switch marks such peers, pex::book_config tells the book.
  std::vector<conn::NodeId> private_peer_ids;
  conn::Duration persistent_peers_max_dial_period{0};  // 0: 60 s
  std::uint64_t send_rate = conn::kDefaultRate;        // bytes/s for each peer; 0: unlimited
  std::uint64_t recv_rate = conn::kDefaultRate;
  // Bytes of a message in one packet, as all nodes of the network have it: from 64 to 100 MiB. Set,
  // it is what is accepted at most (at least 1024), and sent, up to 32 736. Not set: 1024 is sent,
  // which every node takes, and 64 KiB accepted. Whatever it is, no packet is accepted that is
  // longer than the longest message of our channels.
  std::optional<std::uint32_t> max_packet_msg_payload_size;
  bool allow_duplicate_ip = false;  // several peers at one host; see max_peers_per_ip
  conn::Duration handshake_timeout = kHandshakeTimeout;   // see handshake_deadline
  conn::Duration dial_timeout = std::chrono::seconds(3);  // for each address of a name
};

// From accept to admission, as it is in force: never more than kHandshakeTimeout (a comet node's
// default of 20 s never was).
inline conn::Duration handshake_deadline(const P2pConfig& p2p) {
  return std::min(p2p.handshake_timeout, kHandshakeTimeout);
}

}  // namespace peerage::p2p
