// Which inbound peer gives its slot to a newcomer when all are taken.
//
// As in Bitcoin (src/node/eviction.cpp), first some are protected by what an attacker cannot easily
// become, each protection a bounded share of the slots; then one goes from the network that has had
// most of the rest. A pure function over candidates. Named nodes are no candidates.
//
// Protected are, of `slots` slots:
//  - by age, half: the peers that have been here longest.
//  - by use, a quarter: of the others, those that have been here longest and that a reactor has
//    found useful within kLongLived (Peer::mark_useful).
// Of each share an eighth at most, and one place at least, is of one group (/16; IPv6: /32), and a
// sixteenth of one network, exempt ones apart: one company's addresses do not hold them all because
// they came first.
//
// Both go by age, and that is the point: a peer that comes later takes the protection of no other,
// unless that one is no longer useful. A protection by round trip or by the latest use could be
// taken, by a host nearby or a busy one; a peer of long standing would be lost to it.
//
// The rest, a quarter of the slots at least, is always contested, and shared by networks in time.
// Claims are the slots that the hosts of a network were given lately (p2p/admission/
// recent_admissions.h), or the contested ones that they hold if these are more. Of the contested
// peers the one goes with the greatest product of stay, an hour at most, and claims, if that is at
// least kContestedStay times the claims of the newcomer. Otherwise the newcomer is refused. So:
//  - one whose network was given nothing lately is admitted at once, whatever goes on;
//  - a peer keeps its slot the longer the less its network was given;
//  - a network gets time, about as much as another, however often its hosts come and however long
//    they wish to stay. Hosts that flood the node evict one another, or are refused.
// The condition is against a burst: of peers that all came within a moment, no stay tells which
// network had too much.
//
// What an attacker needs is networks: spec/switch.md has the prices. A host that was evicted pauses
// (p2p/admission/slot_pause.h), so that one peer too many is no storm.
//
// Threads: plain values and a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "conn/address/ip_address.h"
#include "conn/runtime/runtime.h"
#include "p2p/admission/recent_admissions.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

struct EvictionCandidate {
  std::uint64_t link = 0;  // whatever names the peer to the caller
  conn::IpAddress ip;
  conn::TimePoint connected_since;
  std::optional<conn::TimePoint> last_useful;  // see Peer::last_useful
};

// The candidates that are not protected.
std::vector<EvictionCandidate> contested(std::vector<EvictionCandidate> candidates,
                                         std::size_t slots, const RecentAdmissions& recent,
                                         conn::TimePoint now);

// The link of the peer that makes room for a newcomer at `newcomer`; nullopt when each may stay for
// now.
std::optional<std::uint64_t> choose_eviction(std::vector<EvictionCandidate> candidates,
                                             const conn::IpAddress& newcomer, std::size_t slots,
                                             const RecentAdmissions& recent, conn::TimePoint now);

}  // namespace peerage::p2p
