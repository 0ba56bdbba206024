// The sending half of a connection, without I/O: messages and a time in, sealed bytes out.
//
//   offer(channel, bytes) -> SendQueue -> ChannelScheduler -> FrameWriter -> FrameSealer -> next()
//                                             ^ pings and pongs, ahead of messages
//                                          Liveness
//
// The shell asks for what the socket is to have next (`next`), and says how much of it was taken
// (`on_written`). A packet is formed only when the socket may take it: what was accepted meanwhile
// and is more urgent goes first, and at most kMaxFramesPerWrite sealed frames, which cannot be
// overtaken any more, wait for the socket. No packet is longer than one batch.
//
// Invariants: what next() gave is given again until it is taken, in order and byte for byte; the
// send rate is never exceeded, but for pings and pongs; a pipe with nothing to send holds no bytes.
//
// Threads: `offer`, and what status asks for (the last seven functions), on any; the rest on the
// connection's shard.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "conn/base/byte_meter.h"
#include "conn/base/bytes.h"
#include "conn/base/channel.h"
#include "conn/base/failure.h"
#include "conn/base/relaxed.h"
#include "conn/base/token_bucket.h"
#include "conn/base/wait_meter.h"
#include "conn/comet/channel_scheduler.h"
#include "conn/comet/frame_cipher.h"
#include "conn/comet/limits.h"
#include "conn/comet/liveness.h"
#include "conn/comet/send_queue.h"

namespace peerage::conn {

class OutboundPipe {
 public:
  // `liveness` outlives the pipe.
  OutboundPipe(FrameSealer sealer, std::span<const ChannelDescriptor> channels,
               const ConnectionConfig& config, Liveness& liveness, TimePoint now);

  // Accepts a message, or says why not: see SendQueue::offer. After an answer with `wake` the
  // shard is to ask next().
  SendQueue::Offer offer(ChannelId channel, SharedBytes bytes, Duration patience) {
    return queue_.offer(channel, std::move(bytes), patience);
  }

  // What to write: the rest of the last batch, or a new one, sealed in `buffer` (at least
  // kMaxFramesPerWrite frames), which must be left alone until on_written(). Empty when nothing
  // waits, or the rate forbids it until send_again_at(). Errors: nonces_exhausted.
  Result<ByteView> next(MutableBytes buffer, TimePoint now);
  // The socket took the first `count` bytes of it; 0: it takes none now. To be said after each
  // next() that gave some.
  void on_written(std::size_t count, TimePoint now);

  // Whether next() will give the rest of a batch.
  bool in_batch() const noexcept { return !sealed_.empty(); }
  // Whether all messages that next() has looked at are formed.
  bool all_formed() const noexcept { return scheduler_.empty(); }
  // While the rate is used up: until when.
  std::optional<TimePoint> send_again_at() const noexcept { return send_again_at_; }

  // Nothing is accepted from now on; what is queued can still be sent.
  void close() { queue_.close(); }
  // Nothing is accepted nor sent from now on; all that is held goes.
  void discard();

  std::uint64_t sent_bytes() const noexcept { return sent_.total(); }
  double rate(TimePoint now) const { return sent_.rate(now); }
  // For how long the rate has held messages back that the socket had room for.
  Duration rate_wait() const noexcept { return rate_wait_.total(); }
  std::size_t queued_bytes() const { return queue_.queued_bytes(); }
  ChannelLoad channel_load(std::size_t channel_index) const {
    return queue_.channel_load(channel_index);
  }
  ChannelSent channel_sent(std::size_t channel_index) const noexcept {
    return queue_.channel_sent(channel_index);
  }
  std::size_t frame_bytes() const noexcept { return frame_bytes_; }

 private:
  MutableBytes form(MutableBytes slots, TimePoint now);
  void keep(ByteView rest);

  std::size_t payload_;         // of a packet, at most
  std::size_t packet_on_wire_;  // with it
  SendQueue queue_;
  std::vector<QueuedMessage> drained_;
  ChannelScheduler scheduler_;
  FrameSealer sealer_;
  Liveness& liveness_;
  ByteView given_;  // by next(), and not answered
  Bytes sealed_;    // what the socket has not taken of a batch
  std::uint64_t slice_;
  TokenBucket tokens_;
  WaitMeter rate_wait_;
  std::optional<TimePoint> send_again_at_;

  ByteMeter sent_;
  Relaxed<std::size_t> frame_bytes_;
};

}  // namespace peerage::conn
