// The numbers of this folder, each with its unit and origin.
#pragma once

#include <cstddef>
#include <cstdint>

#include "conn/base/histogram.h"
#include "conn/base/limits.h"

namespace peerage::p2p {

using namespace std::chrono_literals;

// --- fixed by the wire (comet v0.34 to v1.0, p2p/node_info.go, transport.go) ---

inline constexpr std::size_t kMaxNodeInfo = 10'240;  // body of the message, bytes
inline constexpr std::size_t kMaxChannels = 16;
inline constexpr std::uint64_t kP2pVersion = 8;     // v1.0 says 9; no node compares it
inline constexpr std::uint64_t kBlockVersion = 11;  // must be equal

// --- ours ---

// From accept (or connect) to a compatible NodeInfo. The Go node allows 3 s for each half, so a
// dialler of ours is never cut short by it.
inline constexpr conn::Duration kHandshakeTimeout = 5s;

// How long a dialler that does not know its network waits for the other side to name it. The Go
// node gives NodeInfo 3 s.
inline constexpr conn::Duration kNetworkPatience = 2s;

// --- admission (reliability bounds; go-libp2p's and geth's numbers where they have one) ---

struct HalfOpenLimits {
  std::size_t total = 64;             // handshakes of strangers under way
  std::size_t per_host = 4;           // of one IPv4 address or IPv6 /64
  std::size_t per_neighbourhood = 8;  // of one /24 or /48
  // Besides the total: for hosts at which a named node was proven last; of one host `per_host`.
  std::size_t named = 32;
  // For each stage, before a handshake counts as behind in a full pool. With both ends prompt
  // two stages take one round trip: no node within 300 ms of us is behind.
  conn::Duration patience = 150ms;
  // That one has in a full pool before a newcomer takes its place, though it is not behind: both
  // ends of most paths within a continent, and from one to the next, are less apart. 64 in 100 ms
  // is 640 strangers a second.
  conn::Duration tenure = 100ms;
};

// Which peers the limit for one host is about: all, as in the Go node; or those that dialled us,
// for a seed, which itself visits many nodes of one host.
enum class PerIpLimit : std::uint8_t { all_peers, inbound_peers };

// What becomes of a stranger when all inbound slots are taken: a peer is evicted for it, if one may
// be; or it is refused on arrival, where handshakes under way count as peers. The latter is the Go
// node's rule, for experiments with it: no node has a reason to.
enum class FullInbound : std::uint8_t { evict_one, refuse };

// Contested slots (p2p/admission/eviction.h): for how long those that a network was given count
// against it, and the longest stay that counts; and how long a peer keeps one against a newcomer
// whose network was given as many.
inline constexpr conn::Duration kAdmissionMemory = 1h;
inline constexpr conn::Duration kContestedStay = 10s;

// One connection in `interval` for a host, and `burst` saved up: 0.2/s and 16, as go-libp2p has it.
struct ConnectionRateConfig {
  conn::Duration interval = 5s;  // whole milliseconds (a part counts as one); 0: unlimited
  std::uint32_t burst = 16;
  // None after a handshake that failed by the host's fault (geth: 30 s after any); 0: no pause.
  conn::Duration failed_authentication_pause = 30s;
};

// The same for a host of an exempt network: exempt is not unlimited. A machine may well hold a
// thousand nodes that begin at once; in the long run, 100 handshakes a second are 2 % of a core.
inline constexpr ConnectionRateConfig kExemptConnectionRate = {
    .interval = 10ms, .burst = 1'000, .failed_authentication_pause = 0s};

// How long a host is refused at accept when all slots are taken and one of its nodes was sent away
// for that (p2p/admission/slot_pause.h): one that was refused, and one that was evicted. A Go node
// that is refused so early tries again after 5 s.
inline constexpr conn::Duration kFirstSlotPause = 1s;
inline constexpr conn::Duration kLongestSlotPause = 30s;
inline constexpr conn::Duration kEvictedPause = kLongestSlotPause;

// So many hosts of a /24 (/48) that are banned for misbehaviour at once are one ban of all of it:
// an operator of many addresses has rented the neighbourhood, or most of it.
inline constexpr std::size_t kHostsToBanNeighbourhood = 16;

// Handshakes begun with strangers, per second and at once: a core verifies 16 000 signatures a
// second, and most of it is for other work.
inline constexpr std::uint64_t kHandshakeRate = 2000;
inline constexpr std::uint64_t kHandshakeBurst = 64;

// --- dialling ---

// Whether a long-lived outbound peer that is lost is dialled again. `no` is for experiments with
// what the Go node does: no node has a reason to.
enum class StickyRedial : std::uint8_t { yes, no };

struct DialerConfig {
  std::size_t max_outbound = 10;  // comet: max_num_outbound_peers
  conn::Duration persistent_max_pause = 60s;
  conn::Duration requested_max_pause = 60s;  // 0: none
  StickyRedial sticky_redial = StickyRedial::yes;
};
inline constexpr conn::Duration kResolveTimeout = 5s;

// A persistent peer that was lost is dialled after this long. Then, while it cannot be reached,
// each kPersistentPause for kPersistentEager (comet: 5 s, 20 times).
inline constexpr conn::Duration kFirstPersistentPause = 1s;
inline constexpr conn::Duration kPersistentPause = 5s;
inline constexpr conn::Duration kPersistentEager = 10min;
// A connection to one that lasted this long shows that it is worth going back to at once.
inline constexpr conn::Duration kPersistentStays = 10s;
// Persistent peers that are dialled in any second.
inline constexpr std::size_t kPersistentPace = 250;

// --- peers ---

// Connected for this long, a peer is worth going back to, and its neighbourhood is not banned as a
// whole (p2p/admission/ban_list.h); and for this long a use protects it
// (p2p/admission/eviction.h).
inline constexpr conn::Duration kLongLived = 10min;

// How long Peer::send waits for room, off the network threads (comet: 10 s).
inline constexpr conn::Duration kSendPatience = 10s;

struct InboxConfig {
  // Received messages of one peer that reactors have not released. Beyond it we stop reading.
  std::size_t per_peer_bytes = 4u << 20;
  // Of all peers together: beyond it we stop reading from any that holds more than kInboxFairShare.
  std::size_t total_bytes = 256u << 20;
};
// Of all named nodes together (SwitchConfig::named_nodes), besides what the others have: a quarter.
inline constexpr std::size_t kNamedInboxBytes = 64u << 20;
inline constexpr std::size_t kNamedReassemblyBytes = 64u << 20;
// Nodes that may be named: the validator sets of comet networks have 200 at most. Each has a slot
// of its own, and so a descriptor.
inline constexpr std::size_t kMaxNamedNodes = 1'024;
inline constexpr std::size_t kInboxFairShare = 256u << 10;
// What one queued message costs beside its bytes: an honest count for messages of a byte each.
inline constexpr std::size_t kMessageOverhead = 128;

// What round trips and the stages of handshakes are counted in.
inline constexpr auto kRoundTripBounds =
    conn::time_bounds(1ms, 2500us, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2500ms, 5s);

// How long stopping waits for the last messages to leave.
inline constexpr conn::Duration kStopTimeout = 3s;

}  // namespace peerage::p2p
