// The receiving half of a connection, without I/O: sealed bytes and a time in, whole messages out.
//
//   bytes -> FrameOpener -> PacketReader -> MessageAssembler -> OnMessage
//                              | pings, pongs, packets that move nothing
//                              v
//                           Liveness
//
// The shell reads to where the pipe says (`room`), and says what came and when (`receive`). Frames
// are opened where they lie; the pipe keeps only what straddles two reads. It counts what it gets
// against the receive rate, and says when the next read is allowed.
//
// Invariants: after each call it holds at most a part of one frame, a part of one packet and the
// half-received messages, both of which the reassembly budget knows (a packet from kUncountedPacket
// on); at a frame's and a packet's end, with no message half-received, it holds nothing. After an
// error the stream is over. OnMessage may call `ignore_rest` and `discard`; nothing is handed over
// after either.
//
// Threads: the connection's shard; what status asks for (the last six functions) on any.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "conn/base/byte_meter.h"
#include "conn/base/bytes.h"
#include "conn/base/channel.h"
#include "conn/base/failure.h"
#include "conn/base/relaxed.h"
#include "conn/base/token_bucket.h"
#include "conn/base/wait_meter.h"
#include "conn/comet/frame_cipher.h"
#include "conn/comet/limits.h"
#include "conn/comet/liveness.h"
#include "conn/comet/message_assembler.h"
#include "conn/comet/packet.h"

namespace peerage::conn {

class InboundPipe {
 public:
  using OnMessage = std::function<void(ChannelMessage)>;

  // `early_data`: bytes of the stream that came with the handshake. `liveness` outlives the pipe.
  InboundPipe(FrameOpener opener, Bytes early_data, std::span<const ChannelDescriptor> channels,
              const ConnectionConfig& config, ReassemblyBudget& budget, Liveness& liveness,
              TimePoint now);

  // What to call when the reassembly budget evicts this peer (see ReassemblyBudget::Holder).
  void set_on_evict(std::function<void()> on_evict) {
    assembler_.set_on_evict(std::move(on_evict));
  }

  // The part of `buffer` to read into: behind what is kept of a frame, which is put in front.
  MutableBytes room(MutableBytes buffer) const;
  // `count` bytes, at least one, have been read there. Errors: those of the parts.
  Result<void> receive(MutableBytes buffer, std::size_t count, TimePoint now,
                       const OnMessage& on_message);
  // Takes the early data, once, before anything is read.
  Result<void> receive_early(TimePoint now, const OnMessage& on_message);

  // Whether the rate allows a read. If not, read_again_at() says when it will, until reset.
  bool may_read(TimePoint now);
  std::optional<TimePoint> read_again_at() const noexcept { return read_again_at_; }
  void read_again(TimePoint now) {
    read_again_at_.reset();
    rate_wait_.end(now);
  }

  // When a half-received message becomes stale, and whether one is.
  std::optional<TimePoint> deadline() const { return assembler_.deadline(); }
  Result<void> check(TimePoint now) const { return assembler_.check(now); }
  // Nothing was read for a while, on purpose: no message is stale for that.
  void on_reading_resumed(TimePoint now) { assembler_.on_reading_resumed(now); }

  // What comes from now on is counted, and not looked at.
  void ignore_rest() noexcept { ignored_ = true; }
  // The same, and all that is held for the remote goes.
  void discard();

  std::uint64_t received_bytes() const noexcept { return received_.total(); }
  double rate(TimePoint now) const { return received_.rate(now); }
  Duration rate_wait() const noexcept { return rate_wait_.total(); }
  TimePoint last_received() const noexcept { return last_received_; }
  std::size_t reassembly_bytes() const noexcept { return assembler_.held_bytes(); }
  std::size_t frame_bytes() const noexcept { return frame_bytes_; }

 private:
  Result<void> receive_frames(MutableBytes frames, const OnMessage& on_message);
  Result<void> receive_stream(ByteView stream, const OnMessage& on_message);
  Result<void> receive_packet(ByteView body, const OnMessage& on_message);
  void keep(ByteView partial_frame);
  Result<void> count_packet();

  FrameOpener opener_;
  PacketReader packets_;
  MessageAssembler assembler_;
  Liveness& liveness_;
  Bytes early_data_;
  Bytes partial_frame_;     // sealed bytes of a frame that has not come whole
  TimePoint now_;           // of the call that is under way
  std::size_t charge_ = 0;  // against the rate, for what it has brought
  TokenBucket tokens_;
  WaitMeter rate_wait_;
  std::optional<TimePoint> read_again_at_;
  bool ignored_ = false;
  bool discarded_ = false;

  ByteMeter received_;
  Relaxed<TimePoint> last_received_;
  Relaxed<std::size_t> frame_bytes_;
};

}  // namespace peerage::conn
