// A connection: the shell that ties one stream to its frame cipher, scheduler, assembler and
// liveness, on one shard. It decides nothing that those do not decide; it moves bytes.
//
//   send(channel, bytes) -> SendQueue -> ChannelScheduler -> FrameWriter -> FrameSealer -> Stream
//   Stream -> FrameOpener -> PacketReader -> MessageAssembler -> Events::message
//
// What it promises:
//  - A packet leaves as soon as the socket takes it; frames are batched only while more is queued,
//    and at most kMaxFramesPerWrite sealed frames wait for the socket, so that little can stand in
//    front of a message of high priority. (The Go node holds every message for its flush throttle.)
//  - Pings and pongs go ahead of messages; reading never waits for writing, nor the reverse.
//  - Every bound of conn/comet/limits.h holds; a peer that breaks one is dropped with its reason.
//  - `closed` is called exactly once, last, and never inside a call of the owner's. (Dropping the
//    last reference closes without it.)
//  - An idle connection holds no buffer: it borrows the shard's scratch space.
//
// Threads: `send`, `status`, `round_trip` and `is_open` on any; everything else, and both events,
// on the shard's. The last reference is dropped there too, or after `closed`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "conn/base/byte_meter.h"
#include "conn/base/relaxed.h"
#include "conn/base/token_bucket.h"
#include "conn/comet/channel_scheduler.h"
#include "conn/comet/frame_cipher.h"
#include "conn/comet/limits.h"
#include "conn/comet/liveness.h"
#include "conn/comet/message_assembler.h"
#include "conn/comet/packet.h"
#include "conn/comet/secret_handshake.h"
#include "conn/comet/send_queue.h"
#include "conn/peer_connection.h"
#include "conn/runtime/runtime.h"

namespace peerage::conn {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Events {
    // A whole message. Not called after close() or flush_and_stop().
    std::function<void(ChannelMessage)> message;
    // The end, with its reason: stopped_locally after close() or a completed flush_and_stop().
    std::function<void(const Failure&)> closed;
  };

  // `channels` are those we receive and send on. Throws std::invalid_argument for a pong_timeout
  // that is not less than the ping_interval.
  static std::shared_ptr<Connection> create(Shard& shard, std::unique_ptr<Stream> stream,
                                            SecretSession session,
                                            std::vector<ChannelDescriptor> channels,
                                            const ConnectionConfig& config,
                                            ReassemblyBudget& budget, Events events);
  ~Connection();

  // Begins to read and write. Stream bytes that followed the handshake in its last frame are in
  // session.early_data.
  void start();

  // Accepts a message for sending, or says why not. Any thread. With `patience` it waits up to
  // that long for room in a full queue; not for a network thread, nor in virtual time.
  SendResult send(ChannelId channel, SharedBytes bytes, Duration patience = Duration(0));
  SendResult send(ChannelId channel, Bytes bytes) {
    return send(channel, std::make_shared<const Bytes>(std::move(bytes)));
  }

  // Sends what is queued, says goodbye (the remote reads everything, then the end), waits up to
  // kLingerTimeout for the remote to close, and closes. After `within` it closes in any case
  // (flush_timed_out). Messages that arrive meanwhile are dropped. Before start() it only closes.
  void flush_and_stop(Duration within);
  // Closes now; what is queued is lost, and the memory held for the peer is free.
  void close(Failure why = {Stage::established, Reason::stopped_locally, {}});

  // Back-pressure: stops taking bytes from the socket, and goes on. What has been taken is still
  // delivered (kScratchBytes at most). Pongs are sent meanwhile so that the remote does not give
  // up.
  void pause_reading();
  void resume_reading();

  // Pings now, unless a ping is unanswered already; status().silence then shows any answer.
  void probe();

  // A consistent picture only on the shard's thread.
  ConnectionStatus status() const;
  std::optional<Duration> round_trip() const noexcept { return liveness_.round_trip(); }
  bool is_open() const noexcept { return state_ == State::open; }
  const std::vector<ChannelDescriptor>& channels() const noexcept { return descriptors_; }

 private:
  enum class State : std::uint8_t { created, open, flushing, lingering, closed };

  Connection(Shard& shard, std::unique_ptr<Stream> stream, SecretSession session,
             std::vector<ChannelDescriptor> channels, const ConnectionConfig& config,
             ReassemblyBudget& budget, Events events);
  // Tells the shard to call `method` later, unless the connection is gone by then.
  Task later(void (Connection::*method)());

  // --- receiving ---
  void want_readable();
  void on_readable();
  Result<std::size_t> read_once();
  Result<void> receive_frames(MutableBytes frames);
  Result<void> receive_stream(ByteView stream);
  Result<void> receive_packet(ByteView body);
  void receive_early_data();
  void on_evicted();

  // --- sending ---
  void pump();
  bool flush_sealed();
  Result<bool> seal_batch();
  void on_all_sent();

  // --- time and memory ---
  void note_frame_bytes() { frame_bytes_ = sealed_.capacity() + partial_frame_.capacity(); }
  void arm_timer();
  void on_timer();

  Shard& shard_;
  std::unique_ptr<Stream> stream_;
  Events events_;
  std::vector<ChannelDescriptor> descriptors_;
  Relaxed<State> state_{State::created};
  TimePoint started_;
  Relaxed<TimePoint> last_received_;
  Relaxed<std::size_t> frame_bytes_;

  FrameOpener opener_;
  Bytes partial_frame_;  // sealed bytes of a frame that has not arrived whole
  Bytes early_data_;
  PacketReader packets_;
  MessageAssembler assembler_;
  TokenBucket receive_tokens_;
  ByteMeter received_;
  TimePoint read_at_;                       // the read that is under way
  std::size_t stream_bytes_ = 0;            // that it has brought
  bool reading_paused_ = false;             // by the owner
  std::optional<TimePoint> read_again_at_;  // the receive rate is used up until then

  SendQueue queue_;
  std::vector<QueuedMessage> drained_;
  ChannelScheduler scheduler_;
  FrameSealer sealer_;
  Bytes sealed_;  // frames, or a part of one, that the socket has not taken
  std::uint64_t send_slice_;
  TokenBucket send_tokens_;
  ByteMeter sent_;
  std::optional<TimePoint> send_again_at_;  // the send rate is used up until then

  Liveness liveness_;
  std::optional<TimePoint> stop_deadline_;
  std::unique_ptr<Timer> timer_;
  std::optional<TimePoint> armed_for_;
};

}  // namespace peerage::conn
