// The node whose slots are wanted: the production code that decides (p2p/admission/admission.h),
// with peers that are no more than an address, an ID and a time.
//
// Threads: plain values.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "p2p/admission/admission.h"
#include "tests/sim/slots/plans.h"

namespace peerage::sim::slots {

enum class Side : std::uint8_t { honest, attacker };

class Node {
 public:
  // May not connect or leave within it.
  using OnEvicted = std::function<void(conn::TimePoint)>;
  struct Peer {
    conn::NodeId id;
    conn::IpAddress ip;
    conn::TimePoint since;
    Side side = Side::honest;
    OnEvicted on_evicted;
  };

  Node(const p2p::AdmissionConfig& config, NodePlan::Useful useful, conn::TimePoint now);

  // A handshake that succeeds at once, and what becomes of it: the link, or nothing when it is
  // refused.
  std::optional<p2p::LinkId> connect(const conn::IpAddress& ip, Side side, OnEvicted on_evicted,
                                     conn::TimePoint now);
  void leave(p2p::LinkId link);

  const std::map<p2p::LinkId, Peer>& peers() const { return peers_; }
  std::size_t held_by(Side side) const { return held_[side == Side::honest ? 0 : 1]; }

 private:
  std::vector<p2p::EvictionCandidate> candidates(conn::TimePoint now) const;
  Peer take(p2p::LinkId link);

  p2p::Admission admission_;
  NodePlan::Useful useful_;
  std::map<p2p::LinkId, Peer> peers_;
  std::size_t held_[2] = {};
  p2p::LinkId next_ = 1;
};

}  // namespace peerage::sim::slots
