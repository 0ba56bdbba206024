// What the discovery server tells whoever listens: nodes that became live, changed or left, and
// our own address.
//
// The core queues updates; the server hands them to each subscriber, on its shard, before it does
// anything else. A subscriber with too many waiting loses the newest, which is counted.
// Threads: plain values.
#pragma once

#include <optional>
#include <variant>

#include "pex/discovery/contact.h"

namespace peerage::pex {

namespace update {

// It answered a ping at `node.udp`, and had not before.
struct Added {
  Contact node;
};
// It answered again, or waits as a replacement and answered: what is known of it is fresh.
struct StillLive {
  Contact node;
};
// Its bucket is full: it waits as a replacement.
struct DiscoveredAtCapacity {
  Contact node;
};
// It has signed another record; `live` tells whether it has answered where that says it is.
struct RecordChanged {
  Contact node;
  enum class Live : std::uint8_t { no, yes } live = Live::no;
};
struct Removed {
  EnodeId id;
};
// Where others reach us has changed, and our record with it.
struct ExternalAddress {
  conn::IpAddress ip;
  std::uint16_t udp = 0;
};

}  // namespace update

using Update = std::variant<update::Added, update::StillLive, update::DiscoveredAtCapacity,
                            update::RecordChanged, update::Removed, update::ExternalAddress>;

}  // namespace peerage::pex
