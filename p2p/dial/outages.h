// When an operator is told that a named address does not answer, and that it answers again.
//
//  - Once when it has failed for kOutage, with the latest reason: not for each attempt, and not at
//    once, for a node that restarts is back by then. Then once when it answers.
//  - Of an address that comes and goes, an outage is told no sooner than kPause after the last
//    one, if it lasts until then: two lines in three hours at most.
//  - While the node is connected, its other addresses are not tried, and nothing is told of them.
//
// A pure schedule, with the work of one change in O(log n). Bounded by the addresses that it is
// told of: its user keeps others from it. Threads: none of its own (the control
// shard).
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/failure.h"
#include "conn/base/time.h"

namespace peerage::p2p {

class Outages {
 public:
  static constexpr conn::Duration kOutage = std::chrono::minutes(1);
  static constexpr conn::Duration kPause = std::chrono::hours(3);

  struct Outage {
    conn::HostAddress address;
    conn::Failure why;
  };

  // A dial of the address came to nothing.
  void on_failed(const conn::HostAddress& address, const conn::Failure& why, conn::TimePoint now);
  // It answered. True: an outage of it was told, and is over.
  bool on_answer(const conn::HostAddress& address);
  // The node is connected, at whichever address, or by a dial of its own.
  void on_connected(const conn::NodeId& id);
  // It is named no more.
  void forget(const conn::HostAddress& address);

  // To tell now; they are told from here on.
  std::vector<Outage> take_due(conn::TimePoint now);
  std::optional<conn::TimePoint> next() const;
  std::size_t size() const noexcept { return states_.size(); }

 private:
  struct Before {
    bool operator()(const conn::HostAddress& a, const conn::HostAddress& b) const {
      return std::tie(a.id, a.host, a.port) < std::tie(b.id, b.host, b.port);
    }
  };
  struct State {
    conn::Failure why;
    std::optional<conn::TimePoint> due;  // while it fails, and that is not told
    std::optional<conn::TimePoint> told_last;
    bool is_told = false;  // and has not answered since
  };
  using States = std::map<conn::HostAddress, State, Before>;
  struct Earlier {
    using Due = std::pair<conn::TimePoint, conn::HostAddress>;
    bool operator()(const Due& a, const Due& b) const {
      return a.first != b.first ? a.first < b.first : Before()(a.second, b.second);
    }
  };

  void not_due(States::iterator at);

  States states_;
  std::set<Earlier::Due, Earlier> due_;
};

}  // namespace peerage::p2p
