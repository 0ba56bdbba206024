// Which addresses are probably those of many nodes, behind a load balancer or a NAT: those of which
// many connections are refused within a minute for coming too often or for being too many, for
// which exempting the address is the remedy (`exempt_networks`). What a single node does by itself,
// dialling again each five seconds, is no such thing.
//
// A host (an IP address, the /64 of an IPv6 one) is named once, and again no sooner than an hour
// later; and a few are named in any hour, so that strangers that come from many addresses cannot
// fill a log. Addresses that are exempt are never named.
//
// Bounded: the hosts that are counted; the one with the fewest refusals is forgotten first, so that
// a flood of new hosts does not wash out one that is refused often.
//
// Threads: none of its own (the control shard).
#pragma once

#include <optional>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/base/reason.h"
#include "conn/base/recent_map.h"
#include "conn/base/token_bucket.h"
#include "p2p/admission/fading_counts.h"
#include "p2p/admission/limits.h"

namespace peerage::p2p {

class SharedAddresses {
 public:
  SharedAddresses(std::vector<conn::Cidr> exempt, conn::TimePoint now,
                  const SharedAddressLimits& limits = {});

  // A connection of `ip` was refused. The network to exempt, if its host is to be named now.
  std::optional<conn::Cidr> on_refused(const conn::IpAddress& ip, conn::Reason why,
                                       conn::TimePoint now);
  std::size_t hosts() const noexcept { return refusals_.size(); }

 private:
  const std::vector<conn::Cidr> exempt_;
  const SharedAddressLimits limits_;
  FadingCounts<conn::IpAddress> refusals_;
  // More than can be named within an hour, so that none is forgotten too early.
  conn::RecentMap<conn::IpAddress, conn::TimePoint> named_at_;
  conn::TokenBucket namings_;
};

}  // namespace peerage::p2p
