// The numbers of this folder: sizes that the wire fixes, and limits that we choose. Each with its
// unit and origin. Limits are defaults of constructor parameters; sizes are not to be changed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "conn/base/time.h"

namespace peerage::conn {

using namespace std::chrono_literals;

// --- fixed by the wire (comet v0.34 to v1.0, p2p/conn) ---

inline constexpr std::size_t kFrameData = 1024;  // bytes of the stream in one frame, at most
inline constexpr std::size_t kFrameHeader = 4;   // little-endian count of them
inline constexpr std::size_t kFrameTag = 16;     // Poly1305
inline constexpr std::size_t kFramePlain = kFrameHeader + kFrameData;
inline constexpr std::size_t kFrameSealed = kFramePlain + kFrameTag;
static_assert(kFrameSealed == 1044);

inline constexpr std::size_t kEphemeralMessage = 35;  // 22 0a 20 and 32 bytes of key
inline constexpr std::size_t kAuthMessage = 103;      // 66 0a22 0a20, key, 1240, signature

inline constexpr std::size_t kMaxPacketData = 1024;  // payload of one PacketMsg
inline constexpr std::size_t kMaxPacket = 1034;  // body of one Packet, without its length prefix
inline constexpr std::size_t kMaxPacketOnWire = kMaxPacket + 2;  // with it, in its shortest form

// --- liveness (comet: ping 60 s, pong 45 s, fixed there) ---

struct LivenessConfig {
  Duration ping_interval = 60s;
  Duration pong_timeout = 45s;  // must be less than ping_interval
  // No byte taken by the socket for this long while data waits. A busy Go node can stop reading for
  // tens of seconds; geth gives 20 s.
  Duration write_stall_timeout = 60s;
  // A remote that sends pongs meanwhile says that it is alive and has stopped reading on purpose: a
  // slow reactor of its own. It gets this long.
  Duration write_stall_limit = 5min;
  // Pings (and unsolicited pongs) that we tolerate: lnd's bucket.
  std::uint32_t ping_rate = 10;  // per second
  std::uint32_t ping_burst = 200;
  // Packets in a row that carry nothing: empty fragments, empty frames.
  std::uint32_t max_idle_packets = 64;
  // While we have stopped reading, a pong goes out this often, unasked: a Go node takes any pong as
  // the answer to its ping.
  Duration paused_pong_interval = 20s;
};

// --- memory ---

struct ReassemblyConfig {
  // All half-received messages of one peer. The larger of this and the largest channel's limit plus
  // kReassemblySlack is in force.
  std::size_t per_peer_bytes = 32u << 20;
  // A partial message that gains no byte for this long drops the peer.
  Duration partial_timeout = 60s;
};
inline constexpr std::size_t kReassemblySlack = 1u << 20;
inline constexpr std::size_t kTotalReassemblyBytes = 256u << 20;  // all peers of one process

struct SendQueueConfig {
  // All queued messages of one peer; the larger of this and the largest channel's message limit is
  // in force.
  std::size_t per_peer_bytes = 4u << 20;
  // What each channel may queue whatever the others hold, so that a full one silences no other.
  std::size_t reserved_per_channel_bytes = 64u << 10;
};

// --- rates ---

// The ecosystem's default for each direction, bytes per second; 0 means unlimited.
inline constexpr std::uint64_t kDefaultRate = 5'120'000;

// How much faster than its rate we read from a peer: one part in this many. The remote limits
// itself to the same figure as a rule; were we the slower one by a trifle, the buffers between us
// would fill, and every message would wait behind them.
inline constexpr std::uint64_t kReceiveSlack = 50;
// What a received frame counts at least, however little it carries.
inline constexpr std::size_t kMinFrameCharge = 64;

// A sender that has used up its rate waits for this much of it, so that frames leave full: a packet
// at a time, each would need two.
inline constexpr Duration kRateSlice = 2ms;

// Sealed frames that may wait for the socket: what a message of high priority can find ahead of it
// on our side.
inline constexpr std::size_t kMaxFramesPerWrite = 32;

// How long a connection that has sent everything waits for the remote to close first.
inline constexpr Duration kLingerTimeout = 2s;

// --- of all this, what is chosen for a connection ---

struct ConnectionConfig {
  LivenessConfig liveness;
  ReassemblyConfig reassembly;
  SendQueueConfig send_queue;
  std::uint64_t send_rate = kDefaultRate;     // bytes of packets per second; 0: unlimited
  std::uint64_t receive_rate = kDefaultRate;  // the same, and kReceiveSlack; 0: unlimited
};

}  // namespace peerage::conn
