#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::IpAddress;

namespace {

enum class Scope : std::uint8_t { global, private_network, loopback, special };

// 100.64/10, RFC 6598: what a provider's customers share is told among them like a LAN, but is not
// private to us: strangers can send from it.
bool is_shared(const IpAddress& ip) noexcept {
  return ip.is_v4() && ip.masked(10) == IpAddress::v4(100, 64, 0, 0);
}

Scope scope_of(const IpAddress& ip) noexcept {
  if (ip.loopback()) return Scope::loopback;
  if (is_private(ip) || is_shared(ip)) return Scope::private_network;
  return ip.routable() ? Scope::global : Scope::special;
}

}  // namespace

Relay judge_relay(const IpAddress& peer, const IpAddress& told) noexcept {
  switch (scope_of(told)) {
    case Scope::global:
      return Relay::fine;
    case Scope::loopback:
      return peer.loopback() ? Relay::fine : Relay::loopback;
    case Scope::private_network: {
      const Scope of_peer = scope_of(peer);
      const bool near = of_peer == Scope::private_network || of_peer == Scope::loopback;
      return near ? Relay::fine : Relay::private_network;
    }
    case Scope::special:
      break;
  }
  return Relay::special;
}

bool is_private(const IpAddress& ip) noexcept {
  return ip.loopback() || ip.rfc1918() || ip.rfc3927() || ip.rfc4193() || ip.rfc4862();
}

}  // namespace peerage::pex
