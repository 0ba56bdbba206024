// A channel as its reactor declares it: conn::ChannelDescriptor (ID, priority, send queue, message
// limit), and what becomes of received messages that the reactor is slow to take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "conn/base/channel.h"

namespace peerage::p2p {

// What happens when received messages pile up; see p2p/peer/inbox.h.
enum class FullInbox : std::uint8_t {
  // Stop reading from the peer, on all its channels, until there is room: nothing is lost.
  back_pressure,
  // Drop what does not fit, and count it (PeerStatus::inbox_dropped): the peer's other channels
  // never wait. For bulk beside urgent messages, of which others bring the same again.
  drop_newest,
  disconnect,  // end the peer
};

struct ReactorChannel {
  conn::ChannelDescriptor descriptor;
  FullInbox when_full = FullInbox::back_pressure;
  // Bytes of this channel that may wait, for the policies other than back_pressure (its bound is
  // the peer's, InboxConfig::per_peer_bytes).
  std::size_t inbox_bytes = 1u << 20;
};

}  // namespace peerage::p2p
