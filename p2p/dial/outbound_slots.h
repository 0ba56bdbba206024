// The outbound slots, and who takes them: peers that we dialled, and nodes whose dial is asked for
// or under way. Nodes that come first (p2p/base/peer_marks.h) take none.
//
// Only counted here: who may go beyond the limit, and for whom a slot is kept, others decide.
//
// Threads: none of its own (the control shard).
#pragma once

#include <cstddef>
#include <set>

#include "conn/address/node_id.h"
#include "p2p/base/peer_marks.h"

namespace peerage::p2p {

class OutboundSlots {
 public:
  // The marks outlive it.
  OutboundSlots(std::size_t max, const PeerMarks& marks) : max_(max), marks_(marks) {}

  bool is_needed_by(const conn::NodeId& id) const { return !marks_.comes_first(id); }
  std::size_t max() const noexcept { return max_; }
  // May be more than `max`.
  std::size_t used() const;
  std::size_t free() const;

  // A dial, from when it is asked for until it has ended, or is needless.
  void on_dial(const conn::NodeId& id) { under_way_.insert(id); }
  void on_dial_over(const conn::NodeId& id) { under_way_.erase(id); }
  bool is_under_way(const conn::NodeId& id) const { return under_way_.contains(id); }

  // A connected peer that we dialled, until it is gone, or we are connected the other way round.
  void on_outbound(const conn::NodeId& id) { outbound_.insert(id); }
  void on_outbound_over(const conn::NodeId& id) { outbound_.erase(id); }
  bool is_outbound(const conn::NodeId& id) const { return outbound_.contains(id); }
  // All of them, also those that take no slot.
  std::size_t outbound() const noexcept { return outbound_.size(); }

 private:
  const std::size_t max_;
  const PeerMarks& marks_;
  std::set<conn::NodeId> under_way_;
  std::set<conn::NodeId> outbound_;
};

}  // namespace peerage::p2p
