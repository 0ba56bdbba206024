// Which side dialled.
#pragma once

#include <cstdint>

namespace peerage::p2p {

enum class Direction : std::uint8_t {
  inbound,   // the peer dialled us
  outbound,  // we dialled the peer
};

}  // namespace peerage::p2p
