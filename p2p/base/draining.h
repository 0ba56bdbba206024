// Whether a node is being drained: it takes no new connections and begins no dials, and its peers
// stay. What follows from that stands in p2p/switch.h.
#pragma once

#include <cstdint>

namespace peerage::p2p {

enum class Draining : std::uint8_t { no, yes };

}  // namespace peerage::p2p
