// What a host (an IP address, the /64 of an IPv6 one) may take up with connections that bring
// nothing of a comet node: those that end without a byte, as a load balancer's health checks do,
// and those that begin with another protocol that we know, as its HTTP checks do. It is theirs
// alone: they take nothing from the connection rate (p2p/admission/connection_rate.h) of the real
// clients behind the same address.
//
// That a connection was a probe is known only when it has ended. So it is let in as any other, pays
// from the connection rate, and has that back if it was one (p2p/admission/admission.h). What keeps
// strangers from living on what is given back:
//
//  - It pays here for the time that it held its place, too: with the limits as they are, what a
//    host has back is one place at a time in the long run, which is what the connection rate gives
//    to those that stay silent. What it cannot pay for is not given back.
//  - One that sends a byte of a comet node's, or stays until its deadline, was no probe: slow ones
//    pay from the connection rate.
//  - Where places are scarce nothing is given back: an arrival while half of the pool is taken pays
//    for good. So a flood of many hosts meets the bounds that there were without this.
//  - A probe costs us a socket; our ephemeral key and 35 bytes, too, if it had not ended before we
//    looked. What costs more comes after the first byte. Their number is within the budget of
//    handshakes begun, as all are.
//
// A host that has nothing left is refused on arrival, its real clients too, for nobody can tell
// them apart: up to so many probes they come in, and beyond they come in as the probes do.
//
// Bounded: at most kMaxHosts are remembered, of those that brought nothing; the one that came
// longest ago is forgotten first, and has a burst again.
//
// Threads: none of its own (the control shard).
#pragma once

#include "conn/address/cidr.h"
#include "conn/base/recent_map.h"
#include "conn/base/token_bucket.h"
#include "p2p/admission/limits.h"

namespace peerage::p2p {

class ProbeAllowance {
 public:
  static constexpr std::size_t kMaxHosts = 16'384;

  explicit ProbeAllowance(const ProbeLimits& limits) : limits_(limits) {}

  // Whether the host may bring one more connection that could be a probe.
  bool has_any(const conn::IpAddress& ip, conn::TimePoint now);
  // One of its connections has brought nothing, and held its place for `stayed`. False: there was
  // not enough; what there was is taken.
  bool pay(const conn::IpAddress& ip, conn::Duration stayed, conn::TimePoint now);
  std::size_t hosts() const noexcept { return hosts_.size(); }

 private:
  const ProbeLimits limits_;
  conn::RecentMap<conn::IpAddress, conn::TokenBucket> hosts_{kMaxHosts};
};

}  // namespace peerage::p2p
