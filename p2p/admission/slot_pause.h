// When a host whose node was refused for want of a slot may try again.
//
// A node that has us as persistent and is sent away after its handshake dials again at once: a Go
// node 300 times a second, if nothing stops it, at the price of a handshake each time. So its host
// is refused at accept for a pause, kFirstSlotPause at first; for twice as long each time that it
// is refused again for want of a slot no later after a pause than that pause was long, up to
// kLongestSlotPause. One that leaves more time begins anew. Trying during the pause makes it no
// longer.
//
// One that was evicted comes back as soon, and evicts another that does the same: with one peer
// more than slots this goes on for ever. Its host pauses for kEvictedPause, so there is an eviction
// in that time for each peer too many, and the others stay.
//
// The pause is for as long as there is no slot: the caller does not ask otherwise.
//
// Bounded: kMaxHosts are remembered, the one refused longest ago is forgotten first.
// Threads: none of its own.
#pragma once

#include "conn/address/cidr.h"
#include "conn/base/recent_map.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

class SlotPause {
 public:
  static constexpr std::size_t kMaxHosts = 16'384;

  void on_refused(const conn::IpAddress& ip, conn::TimePoint now);
  void on_evicted(const conn::IpAddress& ip, conn::TimePoint now);
  bool holds(const conn::IpAddress& ip, conn::TimePoint now) const;
  std::size_t hosts() const noexcept { return hosts_.size(); }

 private:
  struct Pause {
    conn::TimePoint until;
    conn::Duration length{};
  };
  conn::RecentMap<conn::IpAddress, Pause> hosts_{kMaxHosts};
};

}  // namespace peerage::p2p
