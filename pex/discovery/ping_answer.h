// What came back for a ping. Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>

#include "conn/address/ip_address.h"
#include "conn/base/time.h"

namespace peerage::pex {

struct PingAnswer {
  conn::Duration round_trip{0};
  // What the node says: where our datagram came from, and its record's sequence; 0: none.
  std::optional<conn::Endpoint> sees_us_at{};
  std::uint64_t seq = 0;
};

}  // namespace peerage::pex
