// Why a node is refused, a dial is not made, or a peer is ended: the reasons that arise with peers
// and reactors, above the wire (conn/base/reason.h).
//
// Threads: plain values.
#pragma once

#include <cstdint>

#include "conn/base/reason.h"

namespace peerage::p2p {

enum class PeerReason : std::uint8_t {
  network_unknown,
  banned,
  connection_rate_exceeded,
  probe_rate_exceeded,
  closed_without_a_byte,
  authentication_failed_lately,
  too_many_handshakes,
  displaced,
  no_free_slot,
  too_many_from_address,
  duplicate_id,
  lost_simultaneous_dial,
  already_dialling,
  address_resting,
  own_address,
  ban_list_full,
  held_off,
  disconnected,
  draining,
  evicted,
  replaced,
  misbehaved,
  reactor_failed,
  inbox_full,
  answer_timed_out,
  message_malformed,
};
const conn::ReasonText& reason_text(PeerReason reason) noexcept;

}  // namespace peerage::p2p
