// The bounds of any connection, whatever carries it, as they are chosen for it: each with its unit
// and origin. What a wire fixes stands with it (conn/comet/limits.h).
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "conn/base/time.h"

namespace peerage::conn {

class Histogram;

using namespace std::chrono_literals;

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

// --- packets ---

// Bytes of a message in one packet; comet's max_packet_msg_payload_size, which is not negotiated,
// and is the network's: the Go node sends packets of so many, and takes none of more.
struct PacketConfig {
  // 1024 is comet's default, and understood by all; more than a batch of frames is never sent.
  std::size_t max_sent = 1024;
  // More than any answer of peer exchange (64 000), whatever its network has. A connection takes no
  // packet that is longer than the longest message of its channels, however large this is.
  std::size_t max_received = 64u << 10;
};
// What the setting may be: enough for the rest of a header to be small beside it, and the largest
// block that comet allows (types/params.go: MaxBlockSizeBytes).
inline constexpr std::size_t kMinPacketSetting = 64;
inline constexpr std::size_t kMaxPacketSetting = 100u << 20;

// --- rates ---

// The ecosystem's default for each direction, bytes per second; 0 means unlimited.
inline constexpr std::uint64_t kDefaultRate = 5'120'000;

// How long a connection that has sent everything waits for the remote to close first.
inline constexpr Duration kLingerTimeout = 2s;

// --- of all this, what is chosen for a connection ---

struct ConnectionConfig {
  LivenessConfig liveness;
  ReassemblyConfig reassembly;
  SendQueueConfig send_queue;
  std::uint64_t send_rate = kDefaultRate;       // bytes of packets per second; 0: unlimited
  std::uint64_t receive_rate = kDefaultRate;    // what we read at; 0: unlimited
  std::shared_ptr<Histogram> round_trips = {};  // of answered pings; null: they are not counted
  PacketConfig packets = {};
};

}  // namespace peerage::conn
