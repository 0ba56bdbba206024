// Nodes that say themselves, with proof of their ID, that they are at another address than the one
// that we know to be theirs: to be visited soon, there and at the old one.
//
// Bounded: kMaxMoves IDs, one for each neighbourhood (/24, /48) that they are said to be in now, of
// which the newest counts. When all are taken by others, one more is not noted: its node is in the
// book all the same, and is visited when its turn comes. Each is over after kMoveLimit.
//
// Threads: none of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "addrbook/book/limits.h"
#include "conn/address/cidr.h"

namespace peerage::addrbook {

class Moves {
 public:
  static constexpr std::size_t kMaxMoves = 64;

  struct Move {
    conn::NodeId id;
    conn::IpAddress neighbourhood;
    Time since;
  };

  void add(const conn::NetAddress& to, Time now) {
    const conn::IpAddress neighbourhood = conn::neighbourhood_of(to.endpoint.ip);
    std::erase_if(moves_, [&](const Move& move) {
      return move.id == to.id || move.neighbourhood == neighbourhood ||
             now - move.since > kMoveLimit;
    });
    if (moves_.size() < kMaxMoves) moves_.push_back({to.id, neighbourhood, now});
  }
  // Ends those of which this is true.
  template <typename IsOver>
  void end_if(IsOver&& is_over) {
    std::erase_if(moves_, is_over);
  }
  const std::vector<Move>& all() const noexcept { return moves_; }
  void clear() { moves_.clear(); }

 private:
  std::vector<Move> moves_;  // the oldest first
};

}  // namespace peerage::addrbook
