// Which inbound peer gives its slot to a newcomer when all are taken.
//
// The idea is Bitcoin's (src/node/eviction.cpp): first protect those an attacker cannot easily
// become, by several measures that would all have to be won at once; then evict the youngest of the
// largest group that remains. A pure function over candidates.
//
//  - Persistent and unconditional peers are no candidates at all.
//  - Useful long-lived ones never go: over kLongLived connected, and useful within that time. A use
//    is a message that a reactor's `receive` took without throwing, or a mark_good.
//  - A share each is protected by a keyed hash of their group (which an attacker cannot aim at), by
//    the lowest round trip (which cannot be faked from afar), by the latest use, and half of the
//    rest by age. The shares are Bitcoin's, of 40 slots: 4, 8 and 4; fewer candidates, smaller
//    shares.
//
// Threads: plain values and a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conn/runtime/runtime.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

struct EvictionCandidate {
  std::uint64_t link = 0;         // whatever names the peer to the caller
  std::string group;              // of its IP address: what an operator cannot have many of
  std::uint64_t keyed_group = 0;  // a hash of the group under a secret key
  conn::TimePoint connected_since;
  std::optional<conn::Duration> round_trip;
  std::optional<conn::TimePoint> last_useful;  // see Peer::last_useful
};

// The link of the peer to evict; nullopt when all are worth more than a newcomer.
std::optional<std::uint64_t> choose_eviction(std::vector<EvictionCandidate> candidates,
                                             conn::TimePoint now);

}  // namespace peerage::p2p
