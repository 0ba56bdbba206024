// What the switch's events have said of nodes: how each connected peer came to be one, and the last
// failures of any node, for an operator that asks for one.
//
// Bounded: kFailures of each node, kNodes nodes, of which those go that were heard of longest ago.
// Threads: the control shard.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "conn/base/time.h"
#include "p2p/peer/switch_events.h"

namespace peerage::cmd {

class PeerHistory {
 public:
  static constexpr std::size_t kFailures = 5;
  static constexpr std::size_t kNodes = 1024;

  struct Ended {
    enum class What : std::uint8_t { dial, arrival, connection } what = What::dial;
    conn::TimePoint when;
    conn::Failure why;
  };

  void on_event(const p2p::SwitchEvent& event, conn::TimePoint now);

  // What a dial was for; null when the node is not connected.
  const p2p::DialPurpose* purpose_of(const conn::NodeId& id) const;
  // The latest last; null: none.
  const std::deque<Ended>* failures_of(const conn::NodeId& id) const;
  // Of which there are some.
  std::set<conn::NodeId> ids() const;

 private:
  void note(const conn::NodeId& id, Ended ended);

  std::map<conn::NodeId, p2p::DialPurpose> purposes_;  // of those that are connected
  // Invariant: none is empty, and by_age_ has each with the time of its last.
  std::map<conn::NodeId, std::deque<Ended>> failures_;
  std::set<std::pair<conn::TimePoint, conn::NodeId>> by_age_;
};

}  // namespace peerage::cmd
