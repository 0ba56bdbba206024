#include "conn/comet/liveness.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace peerage::conn {

Liveness::Liveness(const LivenessConfig& config, TimePoint now,
                   std::shared_ptr<Histogram> round_trips)
    : config_(config),
      round_trips_(std::move(round_trips)),
      nuisance_(config.ping_rate, config.ping_burst, now),
      next_ping_(now + config.ping_interval),
      last_pong_(now) {
  if (config.pong_timeout >= config.ping_interval) {
    throw std::invalid_argument("pong_timeout must be less than ping_interval");
  }
}

Result<void> Liveness::on_ping(TimePoint now) {
  if (!nuisance_.take(1, now)) return fail(Stage::established, Reason::ping_flood, "pings");
  pong_due_ = true;
  return {};
}

Result<void> Liveness::on_pong(TimePoint now) {
  last_pong_ = now;
  if (ping_sent_) {
    round_trip_ = now - *ping_sent_;
    if (round_trips_) round_trips_->observe_shared(now - *ping_sent_);
    ping_sent_.reset();
    return {};
  }
  unsolicited_pongs_ = unsolicited_pongs_ + 1;
  if (!nuisance_.take(1, now)) {
    return fail(Stage::established, Reason::ping_flood, "pongs without a ping");
  }
  return {};
}

Result<void> Liveness::on_idle_packet() {
  if (++idle_packets_ > config_.max_idle_packets) {
    return fail(Stage::established, Reason::no_progress);
  }
  return {};
}

void Liveness::on_write_blocked(TimePoint now) {
  if (!write_blocked_since_) write_blocked_since_ = now;
}

void Liveness::on_write_progress(TimePoint now) {
  if (write_blocked_since_) write_blocked_since_ = now;
}

void Liveness::on_reading_paused(TimePoint now) {
  if (!paused_pong_due_) paused_pong_due_ = now + config_.paused_pong_interval;
}

void Liveness::on_reading_resumed(TimePoint now) {
  paused_pong_due_.reset();
  if (ping_sent_) ping_sent_ = now;
}

Result<void> Liveness::check(TimePoint now) {
  if (ping_sent_ && !paused_pong_due_ && now >= *ping_sent_ + config_.pong_timeout) {
    return fail(Stage::established, Reason::pong_timed_out);
  }
  if (write_blocked_since_ && now >= stall_deadline(*write_blocked_since_)) {
    return fail(Stage::established, Reason::write_stalled);
  }
  if (now >= next_ping_) {
    // After a long pause of the process there is one ping, not one for each interval missed.
    next_ping_ = now + config_.ping_interval;
    ping_due_ = true;
    ping_sent_ = now;
  }
  if (paused_pong_due_ && now >= *paused_pong_due_) {
    paused_pong_due_ = now + config_.paused_pong_interval;
    pong_due_ = true;
  }
  return {};
}

void Liveness::ping_now(TimePoint now) {
  if (ping_sent_) return;
  ping_due_ = true;
  ping_sent_ = now;
}

std::optional<Duration> Liveness::round_trip() const noexcept {
  const Duration last = round_trip_;
  if (last < Duration(0)) return std::nullopt;
  return last;
}

TimePoint Liveness::stall_deadline(TimePoint blocked_since) const {
  return std::min(std::max(blocked_since, last_pong_) + config_.write_stall_timeout,
                  blocked_since + config_.write_stall_limit);
}

bool Liveness::take_ping() noexcept {
  return std::exchange(ping_due_, false);
}

bool Liveness::take_pong() noexcept {
  return std::exchange(pong_due_, false);
}

TimePoint Liveness::deadline() const {
  TimePoint earliest = next_ping_;
  if (ping_sent_ && !paused_pong_due_) {
    earliest = std::min(earliest, *ping_sent_ + config_.pong_timeout);
  }
  if (write_blocked_since_) {
    earliest = std::min(earliest, stall_deadline(*write_blocked_since_));
  }
  if (paused_pong_due_) earliest = std::min(earliest, *paused_pong_due_);
  return earliest;
}

}  // namespace peerage::conn
