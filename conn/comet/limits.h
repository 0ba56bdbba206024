// The numbers of this folder: sizes that the wire fixes, and how we use it. Each with its unit and
// origin. The bounds that are chosen for a connection are those of any: conn/base/limits.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "conn/base/limits.h"
#include "conn/base/time.h"

namespace peerage::conn {

// --- fixed by the wire (comet v0.34 to v1.0, p2p/conn) ---

inline constexpr std::size_t kFrameData = 1024;  // bytes of the stream in one frame, at most
inline constexpr std::size_t kFrameHeader = 4;   // little-endian count of them
inline constexpr std::size_t kFrameTag = 16;     // Poly1305
inline constexpr std::size_t kFramePlain = kFrameHeader + kFrameData;
inline constexpr std::size_t kFrameSealed = kFramePlain + kFrameTag;
static_assert(kFrameSealed == 1044);

inline constexpr std::size_t kEphemeralMessage = 35;  // 22 0a 20 and 32 bytes of key
inline constexpr std::size_t kAuthMessage = 103;      // 66 0a22 0a20, key, 1240, signature

// Of a network that has comet's default of max_packet_msg_payload_size; any node takes so much.
inline constexpr std::size_t kMaxPacketData = 1024;  // payload of one PacketMsg
inline constexpr std::size_t kMaxPacket = 1034;  // body of one Packet, without its length prefix
inline constexpr std::size_t kMaxPacketOnWire = kMaxPacket + 2;  // with it, in its shortest form

// --- rates and batches (ours) ---

// How much faster than its rate we read from a peer: one part in this many. The remote limits
// itself to the same figure as a rule; were we the slower one by a trifle, the buffers between us
// would fill, and every message would wait behind them.
inline constexpr std::uint64_t kReceiveSlack = 50;
// What a received frame counts at least, however little it carries.
inline constexpr std::size_t kMinFrameCharge = 64;

// What is saved up of a rate: 100 ms worth, as the Go node samples, and at least what one step
// moves.
constexpr std::uint64_t rate_burst(std::uint64_t rate, std::size_t step) {
  return std::max<std::uint64_t>(rate / 10, step);
}

// A sender that has used up its rate waits for this much of it, so that frames leave full: a packet
// at a time, each would need two.
inline constexpr Duration kRateSlice = 2ms;

// Sealed frames that may wait for the socket: what a message of high priority can find ahead of it
// on our side.
inline constexpr std::size_t kMaxFramesPerWrite = 32;

// The most data that we put in a packet, however much the network takes: it fits one batch with its
// header and what goes ahead of it, so pings, pongs and messages of other channels wait for no
// more.
inline constexpr std::size_t kMaxPacketDataSent = kMaxFramesPerWrite * kFrameData - 32;

// What is kept of a packet that has not come whole counts as held for the peer from here on. Less
// than this every connection may hold, as it may a part of a frame.
inline constexpr std::size_t kUncountedPacket = 4u << 10;

// What one read brings at most: all of a shard's scratch space.
inline constexpr std::size_t kMaxRead = 64 * kFrameSealed;

}  // namespace peerage::conn
