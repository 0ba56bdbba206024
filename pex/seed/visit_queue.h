// Visits that an operator has asked for, in the order in which they were: they come before those
// that the crawler would choose, however lately the address was dialled.
//
// Invariant: each address stands in it once, so that the books bound it. Threads: the control
// shard.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "conn/address/net_address.h"

namespace peerage::pex {

class VisitQueue {
 public:
  struct Wanted {
    conn::NetAddress address;
    std::string network;  // as a node of which we dial
  };

  // False: it waits already.
  bool add(Wanted wanted) { return insert(std::move(wanted), queue_.end()); }
  // It could not begin, by no fault of the address: it is the next.
  void put_back(Wanted wanted) { insert(std::move(wanted), queue_.begin()); }
  std::optional<Wanted> take() {
    if (queue_.empty()) return std::nullopt;
    Wanted next = std::move(queue_.front());
    queue_.pop_front();
    waiting_.erase(next.address);
    return next;
  }
  std::size_t size() const noexcept { return queue_.size(); }

 private:
  using Queue = std::deque<Wanted>;
  bool insert(Wanted wanted, const Queue::const_iterator& where) {
    if (!waiting_.insert(wanted.address).second) return false;
    queue_.insert(where, std::move(wanted));
    return true;
  }

  Queue queue_;
  std::set<conn::NetAddress> waiting_;
};

}  // namespace peerage::pex
