// The connection that comet nodes speak: the shell that ties one stream to its two pipes and its
// liveness, on one shard. It decides nothing that those do not decide; it moves bytes.
//
//   send(channel, bytes) -> OutboundPipe -> Stream
//   Stream -> InboundPipe -> Events::message
//
// What it promises, besides what any connection does (conn/peer_connection.h):
//  - A packet leaves as soon as the socket takes it; frames are batched only while more is queued.
//    (The Go node holds every message for its flush throttle.)
//  - Pings and pongs go ahead of messages; reading never waits for writing, nor the reverse.
//  - Every bound of conn/base/limits.h and conn/comet/limits.h holds; a peer that breaks one is
//    dropped with its reason.
//  - An idle connection holds no buffer: it borrows the shard's scratch space.
//
// Threads: as any connection.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "conn/base/relaxed.h"
#include "conn/comet/inbound_pipe.h"
#include "conn/comet/liveness.h"
#include "conn/comet/outbound_pipe.h"
#include "conn/comet/secret_handshake.h"
#include "conn/peer_connection.h"
#include "conn/runtime/runtime.h"

namespace peerage::conn {

class Connection final : public PeerConnection, public std::enable_shared_from_this<Connection> {
 public:
  // Stream bytes that followed the handshake in its last frame are in session.early_data. Throws
  // std::invalid_argument for a pong_timeout that is not less than the ping_interval.
  static std::shared_ptr<Connection> create(Shard& shard, std::unique_ptr<Stream> stream,
                                            SecretSession session,
                                            std::vector<ChannelDescriptor> channels,
                                            const ConnectionConfig& config,
                                            ReassemblyBudget& budget, Events events);
  ~Connection() override;

  void start() override;
  void flush_and_stop(Duration within) override;
  using PeerConnection::close;
  void close(Failure why) override;

  // What has been taken from the socket before it is paused is kMaxRead bytes at most. Pongs are
  // sent while it is, so that the remote does not give up.
  void pause_reading() override;
  void resume_reading() override;

  // Pings now, unless a ping is unanswered already.
  void probe() override;

  ConnectionStatus status() const override;
  std::optional<Duration> round_trip() const override { return liveness_.round_trip(); }
  bool is_open() const noexcept override { return state_ == State::open; }

 private:
  enum class State : std::uint8_t { created, open, flushing, lingering, closed };

  Connection(Shard& shard, std::unique_ptr<Stream> stream, SecretSession session,
             std::vector<ChannelDescriptor> channels, const ConnectionConfig& config,
             ReassemblyBudget& budget, Events events);
  SendResult offer(ChannelId channel, SharedBytes bytes, Duration patience) override;
  // Tells the shard to call `method` later, unless the connection is gone by then.
  Task later(void (Connection::*method)());

  void want_readable();
  void on_readable();
  struct Read {
    std::size_t bytes = 0;
    TimePoint at;
  };
  Result<Read> read_once();
  void receive_early_data();
  void on_evicted();

  void pump();
  void on_all_sent();

  void arm_timer();
  void on_timer();
  Result<void> check(TimePoint now);

  Shard& shard_;
  std::unique_ptr<Stream> stream_;
  Events events_;
  std::vector<ChannelDescriptor> channels_;
  TimePoint started_;
  Relaxed<State> state_{State::created};
  Liveness liveness_;
  InboundPipe in_;
  OutboundPipe out_;
  bool reading_paused_ = false;  // by the owner
  std::optional<TimePoint> stop_deadline_;
  std::unique_ptr<Timer> timer_;
  std::optional<TimePoint> armed_for_;
};

// What a handshake over `stream` has left.
std::unique_ptr<ProvenStream> proven_stream(std::unique_ptr<Stream> stream, SecretSession session);

}  // namespace peerage::conn
