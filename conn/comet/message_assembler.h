// The receive side of channels: fragments in, whole messages out, within bounds.
//
// Each channel assembles one message at a time. Bounded are: a message (its channel's
// max_message_bytes: exactly that passes, one byte more drops the peer), everything half-received
// from this peer, and that of all peers (conn/base/reassembly_budget.h). A message that gains no
// byte for partial_timeout drops the peer too. A finished message is handed over with its memory,
// so nothing stays behind: an idle peer holds none.
//
// Memory grows as bytes arrive, never from a length announced (a packet announces its own, a
// message none). What is counted is the memory held, not the bytes in it.
//
// Invariant: after every call, held_bytes() is the sum of the capacities of all partial messages,
// and of what hold_packet was told.
// Source: comet p2p/conn/connection.go:recvRoutine, recvPacketMsg; bounds are ours.
// Threads: the connection's shard; held_bytes() on any.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "conn/base/channel.h"
#include "conn/base/failure.h"
#include "conn/base/limits.h"
#include "conn/base/reassembly_budget.h"
#include "conn/base/relaxed.h"

namespace peerage::conn {

class MessageAssembler {
 public:
  MessageAssembler(std::span<const ChannelDescriptor> channels, const ReassemblyConfig& config,
                   ReassemblyBudget& budget);

  // What the budget calls when this peer is evicted (see Holder::set_on_evict).
  void set_on_evict(std::function<void()> on_evict) { holder_.set_on_evict(std::move(on_evict)); }

  // Takes one packet's content; the message when it completes one (possibly an empty message: the
  // wire allows it). Errors: unknown_channel, message_too_long, peer_memory_exhausted,
  // total_memory_exhausted.
  Result<std::optional<ChannelMessage>> receive(std::int32_t channel, ByteView data, bool eof,
                                                TimePoint now);

  // So much is held of a packet that has not come whole. It counts for all peers together; for this
  // one a packet has its own bound. Errors: total_memory_exhausted.
  Result<void> hold_packet(std::size_t bytes);

  // When the oldest partial message becomes stale; nullopt when there is none.
  std::optional<TimePoint> deadline() const;
  // partial_message_stale once the deadline has passed.
  Result<void> check(TimePoint now) const;

  // We have not read for a while: every partial message gets its time anew.
  void on_reading_resumed(TimePoint now);

  std::size_t held_bytes() const noexcept { return held_; }
  // Drops everything half-received.
  void clear();

 private:
  struct Channel {
    ChannelDescriptor descriptor;
    Bytes partial;
    TimePoint last_gain;  // of a byte; meaningful while `partial` is not empty
  };
  Channel* find(std::int32_t id);
  // Makes room for `size` bytes more in `channel.partial`.
  Result<void> grow(Channel& channel, std::size_t size);

  std::vector<Channel> channels_;
  std::size_t per_peer_bytes_;
  Duration partial_timeout_;
  std::size_t packet_ = 0;  // see hold_packet
  Relaxed<std::size_t> held_;
  ReassemblyBudget::Holder holder_;
};

}  // namespace peerage::conn
