// Which address an event of the switch is about.
//
// Threads: pure functions.
#pragma once

#include <optional>

#include "conn/address/net_address.h"
#include "p2p/peer/switch_events.h"

namespace peerage::pex {

// What was dialled: the literal, or what its name resolved to.
std::optional<conn::NetAddress> address_of(const conn::HostAddress& target,
                                           const p2p::AttemptReport& report);
// None of a peer that dialled us.
std::optional<conn::NetAddress> address_of(const p2p::Peer& peer);

}  // namespace peerage::pex
