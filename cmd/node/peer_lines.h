// Comings and goings of peers as lines at info, for an operator that asks for them (log_peers):
//
//   peer connected  peer=6c8f... address=203.0.113.7:26656 direction=inbound moniker=alpha
//   peer gone       peer=6c8f... address=203.0.113.7:26656 direction=inbound lasted_ms=81234
//                   reason=closed_by_remote why="..."
//
// Peers decide how often these come, but the operator wants them, so they have more room than
// others' events (conn/runtime/peer_log.h): 60 lines at once, and one a second. A line says in
// `held_back` how many were left out before it.
//
// Threads: the control shard's.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "conn/base/log.h"
#include "conn/base/token_bucket.h"
#include "p2p/peer/switch_events.h"

namespace peerage::cmd {

class PeerLines {
 public:
  static constexpr std::uint64_t kBurst = 60;

  PeerLines(conn::Log log, conn::TimePoint now) : log_(std::move(log)), lines_(1, kBurst, now) {}

  void on_event(const p2p::SwitchEvent& event, conn::TimePoint now);

 private:
  void write(std::string_view message, const p2p::Peer& peer, std::vector<conn::LogField> more,
             conn::TimePoint now);

  conn::Log log_;
  conn::TokenBucket lines_;
  std::uint64_t held_back_ = 0;
};

}  // namespace peerage::cmd
