// A datagram on its way in, borrowed, and one on its way out. Threads: plain values.
#pragma once

#include "conn/address/ip_address.h"
#include "conn/base/bytes.h"

namespace peerage::pex {

// No packet of either protocol is longer.
inline constexpr std::size_t kMaxDatagram = 1280;

struct InDatagram {
  conn::Endpoint from;
  conn::ByteView bytes;
  conn::IpAddress to = {};  // the address of ours that it came to; unspecified: not known
};

struct OutDatagram {
  conn::Endpoint to;
  conn::Bytes bytes;
  conn::IpAddress from = {};  // unspecified: the one that the system chooses
};

}  // namespace peerage::pex
