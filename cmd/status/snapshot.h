// A node at one moment, as its operators' surface shows it: what the handlers of cmd/status answer
// from. Immutable, and apart from the node: a handler is tested with values that a test wrote.
//
// Threads: plain values. Texts that peers sent (PeerRow::info) are as they sent them: whoever shows
// them escapes them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addrbook/record/known_address.h"
#include "conn/address/net_address.h"
#include "conn/address/node_id.h"
#include "conn/peer_connection.h"
#include "p2p/base/direction.h"
#include "p2p/base/node_info.h"
#include "pex/pex_reactor.h"

namespace peerage::cmd {

using WallTime = std::chrono::system_clock::time_point;

// A connected peer.
struct PeerRow {
  conn::NodeId id;
  p2p::Direction direction = p2p::Direction::inbound;
  bool persistent = false, unconditional = false, is_private = false;
  conn::Endpoint socket;                     // the remote end as we see it
  std::optional<conn::HostAddress> dialled;  // of outbound ones
  std::string network;                       // the one we share
  p2p::NodeInfo info;
  conn::ConnectionStatus connection;
  std::size_t inbox_bytes = 0;
};

// One of the networks that are served, in the order of the configuration.
struct NetworkRow {
  std::string chain_id;
  std::size_t known = 0;     // addresses of its book
  std::size_t verified = 0;  // of them, verified lately: what a seed serves
  std::size_t peers = 0;     // connected now
};

// Whether the node works, for load balancers.
struct Condition {
  bool listening = false;
  bool book_open = false;  // or there is none to open
  bool draining = false;
  std::chrono::milliseconds silence{};  // since the control shard last ran a task
};

struct StatusSnapshot {
  WallTime taken;
  WallTime started;
  std::string version;  // of this program
  pex::Role role = pex::Role::node;

  conn::NodeId id;
  conn::PublicKey key;
  p2p::NodeInfo own;       // what we tell peers; `network` is the first
  std::string external;    // external_address of the configuration; empty: none
  std::string advertised;  // "ID@HOST:PORT" for others' seeds; empty: not known

  std::vector<NetworkRow> networks;
  std::vector<PeerRow> peers;
  std::size_t inbound_slots = 0, outbound_slots = 0;
  std::size_t dialling = 0;
  std::size_t bans = 0;
  std::uint64_t store_queue = 0;               // rows that the book's file does not have yet
  std::optional<WallTime> store_last_success;  // none: nothing was to be written yet
  Condition condition;
};

// How the handlers get theirs, for each request: it must not wait. Never null.
using ReadStatus = std::function<std::shared_ptr<const StatusSnapshot>()>;

}  // namespace peerage::cmd
