// Is the peer alive, and does it behave? Pings and pongs, stalled writes, and packets that carry
// nothing; as a pure state machine that is given what happened and when.
//
// Liveness runs on deadlines of its own, not on the send path: a peer that stops reading is dropped
// on time even while a write is blocked. A ping waits for its pong from the moment it is due to be
// written. A pong counts only while a ping is unanswered.
//
// Several pings that arrive before we could answer are answered by one pong. Pings and unsolicited
// pongs draw on one token bucket (10/s, burst 200 by default); a peer that overdraws it is dropped.
//
// Source: comet p2p/conn/connection.go:sendRoutine (60 s ticker, 45 s pong timeout); the bounds are
// ours.
// Threads: the connection's shard; round_trip() and unsolicited_pongs() on any.
#pragma once

#include <memory>
#include <optional>

#include "conn/base/failure.h"
#include "conn/base/histogram.h"
#include "conn/base/limits.h"
#include "conn/base/relaxed.h"
#include "conn/base/token_bucket.h"

namespace peerage::conn {

class Liveness {
 public:
  // Throws std::invalid_argument unless pong_timeout < ping_interval. `round_trips` (may be null)
  // counts those of all connections that share it.
  Liveness(const LivenessConfig& config, TimePoint now,
           std::shared_ptr<Histogram> round_trips = nullptr);

  // --- what was received ---
  Result<void> on_ping(TimePoint now);  // ping_flood
  Result<void> on_pong(TimePoint now);  // ping_flood, for unsolicited pongs
  // A frame without data or a packet that moved nothing: no_progress after too many in a row.
  Result<void> on_idle_packet();
  void on_progress() noexcept { idle_packets_ = 0; }

  // --- what the send side did ---
  // Data waits that the socket does not take (again, or still).
  void on_write_blocked(TimePoint now);
  // The socket took bytes.
  void on_write_progress(TimePoint now);
  // Nothing waits any more.
  void on_write_idle() noexcept { write_blocked_since_.reset(); }

  // We have stopped reading on purpose, or go on. Meanwhile no pong can be seen, so none is missed;
  // and the remote sees one of ours every paused_pong_interval, so that it does not miss any
  // either.
  void on_reading_paused(TimePoint now);
  void on_reading_resumed(TimePoint now);

  // --- what to do ---
  // Lets time pass: pong_timed_out or write_stalled when a deadline has been missed.
  Result<void> check(TimePoint now);
  // Control packets to be written now; each call answers once.
  bool take_ping() noexcept;
  bool take_pong() noexcept;
  // Asks for a ping at once, unless one is unanswered already: is the peer still there?
  void ping_now(TimePoint now);
  bool control_waits() const noexcept { return ping_due_ || pong_due_; }
  // When to call check() next.
  TimePoint deadline() const;

  // Of the last answered ping.
  std::optional<Duration> round_trip() const noexcept;
  std::uint64_t unsolicited_pongs() const noexcept { return unsolicited_pongs_; }

 private:
  // When a write that is blocked since then has been so for too long.
  TimePoint stall_deadline(TimePoint blocked_since) const;

  LivenessConfig config_;
  std::shared_ptr<Histogram> round_trips_;
  TokenBucket nuisance_;
  TimePoint next_ping_;
  bool ping_due_ = false;
  bool pong_due_ = false;
  std::optional<TimePoint> ping_sent_;  // set while a ping is unanswered
  std::optional<TimePoint> write_blocked_since_;
  TimePoint last_pong_;
  std::optional<TimePoint> paused_pong_due_;
  Relaxed<Duration> round_trip_{Duration(-1)};  // negative: none yet
  std::uint32_t idle_packets_ = 0;
  Relaxed<std::uint64_t> unsolicited_pongs_;
};

}  // namespace peerage::conn
