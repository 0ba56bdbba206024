// What a node does itself, besides answering: a node keeps its outbound set full
// (pex/outbound/keeper.h), a seed makes its visits (pex/seed/visits.h).
//
// Threads: the control shard.
#pragma once

#include "p2p/switch.h"
#include "pex/books/network_books.h"
#include "pex/exchange/exchange.h"
#include "pex/role/peer_view.h"

namespace peerage::pex {

class RoleDriver {
 public:
  // What every driver works with; all of it outlives the driver.
  struct Context {
    conn::NodeId own;
    p2p::Switch& node;
    NetworkBooks& books;
    Exchange& exchange;
    const PeerView& peers;
    conn::RandomBelow random_below;
  };

  virtual ~RoleDriver() = default;
  // Begins what is due, and says when to call again at the latest.
  virtual conn::TimePoint on_time(conn::TimePoint now) = 0;
  // Connections and dials; `peers` knows of it already.
  virtual void on_event(const p2p::SwitchEvent& event, conn::TimePoint now) = 0;
  // The list that the peer sent in answer is in the book; `added` of its addresses are new there.
  virtual void on_list(const p2p::PeerPtr& peer, std::size_t added, conn::TimePoint now) = 0;
  // The peer has asked us, and the answer, if any, has been sent.
  virtual void on_asked(const p2p::PeerPtr& peer) = 0;
  virtual void set_seeds(const std::vector<conn::HostAddress>& seeds) = 0;
};

}  // namespace peerage::pex
