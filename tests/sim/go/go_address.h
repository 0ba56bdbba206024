// What the Go node makes of an address: whether the internet routes it, and how good a connection
// between two is. Our own judgement is IpAddress::routable, which is stricter.
//
// Source: comet v0.34 to v1.0, p2p/netaddress.go: Routable, ReachabilityTo; recorded in
// spec/vectors/netaddress.json. Threads: pure functions.
#pragma once

#include <cstdint>

#include "conn/address/net_address.h"

namespace peerage::sim::go {

inline bool routable(const conn::IpAddress& ip) noexcept {
  return ip.valid() && !ip.rfc1918() && !ip.rfc3927() && !ip.rfc4862() && !ip.rfc4193() &&
         !ip.rfc4843() && !ip.local();
}

inline bool routable(const conn::NetAddress& address) noexcept {
  return address.id != conn::NodeId{} && routable(address.endpoint.ip);
}

// How good `from` judges a connection to `to` to be. Values as in the Go node.
enum class Reachability : std::uint8_t {
  unreachable = 0,
  plain = 1,
  teredo = 2,
  ipv6_weak = 3,
  ipv4 = 4,
  ipv6_strong = 5,
};

inline Reachability reachability(const conn::IpAddress& from, const conn::IpAddress& to) noexcept {
  if (!routable(from)) return Reachability::unreachable;
  if (from.rfc4380()) {
    if (!routable(to)) return Reachability::plain;
    if (to.rfc4380()) return Reachability::teredo;
    return to.is_v4() ? Reachability::ipv4 : Reachability::ipv6_weak;
  }
  if (from.is_v4()) {
    return routable(to) && to.is_v4() ? Reachability::ipv4 : Reachability::plain;
  }
  if (!routable(to)) return Reachability::plain;
  if (to.rfc4380()) return Reachability::teredo;
  if (to.is_v4()) return Reachability::ipv4;
  const bool tunnelled = to.rfc3964() || to.rfc6052() || to.rfc6145();
  return tunnelled ? Reachability::ipv6_weak : Reachability::ipv6_strong;
}

}  // namespace peerage::sim::go
