// What the verbs about peers, bans and the node itself work with.
//
// Threads: made on any; its parts say on which they are used.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "cmd/ctl/dial_watch.h"
#include "cmd/ctl/gone_watch.h"
#include "cmd/ctl/named_verb.h"
#include "cmd/ctl/peer_history.h"
#include "pex/node.h"

namespace peerage::cmd {

struct VerbContext {
  explicit VerbContext(pex::Node& its_node)
      : node(its_node),
        control(its_node.runtime().shard(0)),
        gone(std::make_shared<GoneWatch>(node.get_switch(), control)),
        dials(std::make_shared<DialWatch>(node.get_switch(), control)) {}

  pex::Node& node;  // outlives it
  conn::Shard& control;
  const std::shared_ptr<GoneWatch> gone;
  const std::shared_ptr<DialWatch> dials;
  PeerHistory history;

  // Any thread.
  std::set<conn::NodeId> connected_ids() const {
    std::set<conn::NodeId> ids;
    for (const p2p::PeerPtr& peer : node.get_switch().peers()) ids.insert(peer->id());
    return ids;
  }
  std::vector<p2p::PeerPtr> peers_under(const conn::BanTarget& target) const {
    std::vector<p2p::PeerPtr> under = node.get_switch().peers();
    std::erase_if(under, [&target](const p2p::PeerPtr& peer) {
      return !conn::covers(target, peer->id(), peer->socket().ip);
    });
    return under;
  }
  // Runs `then` on the control shard when all of them are gone.
  void when_gone(const std::vector<p2p::PeerPtr>& peers, const std::function<void()>& then) const {
    if (peers.empty()) return control.post(then);
    const auto left = std::make_shared<std::size_t>(peers.size());
    for (const p2p::PeerPtr& peer : peers) {
      gone->when_gone(peer, [left, then] {
        if (--*left == 0) then();
      });
    }
  }
};

using SharedContext = std::shared_ptr<VerbContext>;

}  // namespace peerage::cmd
