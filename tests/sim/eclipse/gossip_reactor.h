// The other reactors of a real node, as far as they matter to a victim: messages come now and then,
// are valid, and make the peer that sends them useful.
//
// Threads: inline delivery; it keeps nothing.
#pragma once

#include <string>
#include <vector>

#include "p2p/peer/peer.h"
#include "p2p/peer/reactor.h"
#include "tests/sim/eclipse/puppet.h"

namespace peerage::sim::eclipse {

class GossipReactor final : public p2p::Reactor {
 public:
  std::string name() const override { return "gossip"; }
  std::vector<p2p::ReactorChannel> channels() const override { return {{.id = kGossipChannel}}; }
  p2p::Delivery delivery() const override { return p2p::Delivery::in_line; }
  void receive(const p2p::PeerPtr& peer, p2p::Message) override { peer->mark_useful(); }
};

}  // namespace peerage::sim::eclipse
