// Which addresses may be told to whom, and believed from whom.
//
// What a stranger tells must not make us send into networks that only we can reach, and what we
// tell must not do that to others. Special-use networks (unspecified, multicast, documentation and
// all others that the internet does not route) never; loopback only from and to loopback; private,
// link-local and a provider's shared addresses only from and to such, or loopback.
//
// Source: go-ethereum p2p/netutil CheckRelayIP; its own handshakes lack it.
// Threads: pure functions.
#pragma once

#include "conn/address/ip_address.h"

namespace peerage::pex {

enum class Relay : std::uint8_t { fine, special, loopback, private_network };

// Whether `told` may go from, or to, somebody whose socket is at `peer`.
Relay judge_relay(const conn::IpAddress& peer, const conn::IpAddress& told) noexcept;

// Loopback, private, link-local, unique local: addresses that limits by network do not hold for,
// and that nobody outside can send from.
bool is_private(const conn::IpAddress& ip) noexcept;

}  // namespace peerage::pex
