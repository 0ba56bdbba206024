// The [p2p] section of config.toml: every key of a comet node by its name, with its default.
//
// What a key means stands beside it; keys that make no sense here have no field (they are named as
// ignored when a file has them, see cmd/config/config.h). Some are there for the program that reads
// the file, which does with them what is said; to the libraries they mean nothing. Source: comet
// config/config.go:P2PConfig. Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
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
  // Asked for addresses when the book has none. The program's alone: it sets pex::PexConfig::seeds.
  std::vector<conn::HostAddress> seeds;
  std::vector<conn::HostAddress> persistent_peers;  // redialled for ever; they need no slot
  // The program's alone: a comet node's book, which it reads and writes beside its own
  // (pex::NetworkBooks::Settings::file).
  std::string addr_book_file = "config/addrbook.json";
  // Private and unroutable addresses are not kept: pex::book_config makes it the book's rule.
  bool addr_book_strict = true;
  std::uint32_t max_num_inbound_peers = 40;   // without persistent and unconditional ones
  std::uint32_t max_num_outbound_peers = 10;  // the same
  std::vector<conn::NodeId> unconditional_peer_ids;
  // Never passed on to others: the switch marks such peers, pex::book_config tells the book.
  std::vector<conn::NodeId> private_peer_ids;
  conn::Duration persistent_peers_max_dial_period{0};  // 0: 60 s
  std::uint64_t send_rate = conn::kDefaultRate;        // bytes/s for each peer; 0: unlimited
  std::uint64_t recv_rate = conn::kDefaultRate;
  bool pex = true;                  // the program's alone: whether it has a pex::PexReactor
  bool seed_mode = false;           // the program's alone: pex::PexConfig::seed()
  bool allow_duplicate_ip = false;  // several peers at one host; see max_peers_per_ip
  conn::Duration handshake_timeout = kHandshakeTimeout;   // never more than 5 s
  conn::Duration dial_timeout = std::chrono::seconds(3);  // for each address of a name
};

}  // namespace peerage::p2p
