// What strangers may make us read, compute and send, in datagrams a second.
//
//  - inbound: a public source (IPv4 address, IPv6 /64) has a token bucket. Over it a datagram is
//    dropped before any cryptography. What we wait for is free, as much of it as we wait for.
//  - costly: signature checks for what nobody waits for, all sources together; proven IPs first.
//  - unproven: what goes to a public IP that has proven nothing, of whatever kind, so that a forged
//    source is not flooded by us; and, for a whole network (/24, /48), so that neither are its
//    neighbours. Counted in bytes against what came from there: no more leaves than came, but for
//    one ping's answer (spec/discovery.md, amplification).
//  - told: pings to endpoints that only others have named.
//
// What displaces what: a source that was longest quiet is forgotten. Traffic never bans anybody:
// its source may be forged. Threads: none of its own.
#pragma once

#include "conn/address/ip_address.h"
#include "conn/base/recent_map.h"
#include "conn/base/token_bucket.h"
#include "pex/discovery/limits.h"

namespace peerage::pex {

class TrafficLimits {
 public:
  TrafficLimits(const DiscoveryLimits& limits, conn::TimePoint now);

  // Whether a datagram from there is looked at. `awaited`: it may be the answer to something.
  enum class Awaited : std::uint8_t { no, yes };
  bool admit(const conn::IpAddress& from, std::size_t bytes, Awaited awaited, conn::TimePoint now);
  enum class Standing : std::uint8_t { stranger, proven };
  bool admit_costly(Standing standing, conn::TimePoint now);
  // Whether these bytes may go to an IP that has proven nothing.
  bool allow_unproven(const conn::IpAddress& to, std::size_t bytes, conn::TimePoint now);
  // Whether an endpoint that only others have named may be pinged now; it counts when it may.
  bool allow_told(const conn::Endpoint& to, conn::TimePoint now);
  // It has answered: it is hearsay no more.
  void on_answered(const conn::Endpoint& from);

 private:
  DiscoveryLimits limits_;
};

}  // namespace peerage::pex
