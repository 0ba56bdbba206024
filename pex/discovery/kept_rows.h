// The nodes that are kept across restarts: those of the last run, and those of this one that have
// shown that they stay (node_rows.h has the rule).
//
// A row of the last run is kept until its node is live again, or has been gone for kRowLasts.
// Bounded: DiscoveryLimits::rows, and a few of one network. Of too many those that were live last
// are kept. Threads: none of its own.
#pragma once

#include <vector>

#include "pex/discovery/shared_state.h"

namespace peerage::pex {

inline constexpr std::size_t kRowsOfNetwork = 2;

class KeptRows {
 public:
  KeptRows(std::vector<NodeRow> stored, conn::WallTime now);

  // All of them in the order in which they are to be pinged: of each network one by lot, before a
  // second of any.
  std::vector<NodeRow> draw(conn::Random& random) const;
  // What is to be stored now.
  std::vector<NodeRow> now(const SharedState& shared, DiscoveryTime now) const;
  std::size_t size() const noexcept { return stored_.size(); }

 private:
  std::vector<NodeRow> stored_;
};

}  // namespace peerage::pex
