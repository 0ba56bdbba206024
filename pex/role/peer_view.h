// Which peers are connected and which nodes are being dialled, as the switch's events tell.
//
// A node is in at most one of the two, but for one that dials us while we dial it. Threads: the
// control shard.
#pragma once

#include <map>

#include "p2p/switch.h"

namespace peerage::pex {

struct PeerView {
  struct Connected {
    p2p::PeerPtr peer;
    p2p::DialPurpose purpose = p2p::DialPurpose::requested;
    conn::TimePoint since;
  };
  std::map<conn::NodeId, Connected> connected;
  std::map<conn::NodeId, p2p::Dialled> dialling;

  void on_event(const p2p::SwitchEvent& event, conn::TimePoint now);
  bool knows(const conn::NodeId& id) const {
    return connected.contains(id) || dialling.contains(id);
  }
  // The same peer, and not another connection of its ID.
  bool is_connected(const p2p::PeerPtr& peer) const {
    const auto known = connected.find(peer->id());
    return known != connected.end() && known->second.peer == peer;
  }
};

}  // namespace peerage::pex
