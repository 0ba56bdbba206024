#include "conn/comet/connection.h"

#include <algorithm>
#include <utility>

namespace peerage::conn {

namespace {

static_assert(kScratchBytes == kMaxRead);

// Batches that are sealed and written before others are served.
constexpr std::size_t kBatchesPerTurn = 4;

// Reads before others are served, while each brings kBusyRead, so that the next will find some too:
// asking the kernel first costs two calls.
constexpr std::size_t kReadsPerTurn = 4;
constexpr std::size_t kBusyRead = 16 * kFrameSealed;

class CometStream final : public ProvenStream {
 public:
  CometStream(std::unique_ptr<Stream> stream, SecretSession session)
      : ProvenStream(session.remote_key),
        stream_(std::move(stream)),
        session_(std::move(session)) {}

  std::shared_ptr<PeerConnection> open(Shard& shard, std::vector<ChannelDescriptor> channels,
                                       const ConnectionConfig& config, ReassemblyBudget& budget,
                                       PeerConnection::Events events) override {
    return Connection::create(shard, std::move(stream_), std::move(session_), std::move(channels),
                              config, budget, std::move(events));
  }

 private:
  std::unique_ptr<Stream> stream_;
  SecretSession session_;
};

}  // namespace

std::unique_ptr<ProvenStream> proven_stream(std::unique_ptr<Stream> stream, SecretSession session) {
  return std::make_unique<CometStream>(std::move(stream), std::move(session));
}

std::shared_ptr<Connection> Connection::create(Shard& shard, std::unique_ptr<Stream> stream,
                                               SecretSession session,
                                               std::vector<ChannelDescriptor> channels,
                                               const ConnectionConfig& config,
                                               ReassemblyBudget& budget, Events events) {
  return std::shared_ptr<Connection>(new Connection(shard, std::move(stream), std::move(session),
                                                    std::move(channels), config, budget,
                                                    std::move(events)));
}

Connection::Connection(Shard& shard, std::unique_ptr<Stream> stream, SecretSession session,
                       std::vector<ChannelDescriptor> channels, const ConnectionConfig& config,
                       ReassemblyBudget& budget, Events events)
    : shard_(shard),
      stream_(std::move(stream)),
      events_(std::move(events)),
      channels_(std::move(channels)),
      started_(shard.now()),
      liveness_(config.liveness, started_, config.round_trips),
      in_(std::move(session.opener), std::move(session.early_data), channels_, config, budget,
          liveness_, started_),
      out_(std::move(session.sealer), channels_, config, liveness_, started_) {}

Connection::~Connection() = default;

Task Connection::later(void (Connection::*method)()) {
  return [weak = weak_from_this(), method] {
    if (const auto self = weak.lock(); self && self->state_ != State::closed) {
      (self.get()->*method)();
    }
  };
}

void Connection::start() {
  if (state_ != State::created) return;
  state_ = State::open;
  in_.set_on_evict(
      [&shard = shard_, evicted = later(&Connection::on_evicted)] { shard.post(evicted); });
  timer_ = shard_.make_timer(later(&Connection::on_timer));
  arm_timer();
  shard_.post(later(&Connection::receive_early_data));
  shard_.post(later(&Connection::pump));
}

SendResult Connection::offer(ChannelId channel, SharedBytes bytes, Duration patience) {
  const SendQueue::Offer offer = out_.offer(channel, std::move(bytes), patience);
  if (offer.wake) shard_.post(later(&Connection::pump));
  return offer.result;
}

void Connection::flush_and_stop(Duration within) {
  if (state_ == State::created) close();
  if (state_ != State::open) return;
  state_ = State::flushing;
  out_.close();
  in_.ignore_rest();
  stop_deadline_ = shard_.now() + within;
  // What the owner held back is read again, and thrown away: the remote may be unable to take our
  // last messages before it has sent its own.
  resume_reading();
  arm_timer();
  shard_.post(later(&Connection::pump));
}

void Connection::close(Failure why) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  stream_->close();
  timer_.reset();
  // The owner may keep us for long; what we held for the peer goes now.
  out_.discard();
  in_.discard();
  // The event that is running may be what called us: it is released only when it has returned.
  shard_.post([self = shared_from_this(), why = std::move(why)] {
    const Events events = std::exchange(self->events_, {});
    if (events.closed) events.closed(why);
  });
}

void Connection::pause_reading() {
  if (state_ != State::open || reading_paused_) return;
  reading_paused_ = true;
  liveness_.on_reading_paused(shard_.now());
  arm_timer();
}

void Connection::resume_reading() {
  if (!reading_paused_) return;
  reading_paused_ = false;
  liveness_.on_reading_resumed(shard_.now());
  in_.on_reading_resumed(shard_.now());
  want_readable();
}

void Connection::probe() {
  if (state_ != State::open) return;
  liveness_.ping_now(shard_.now());
  pump();
  arm_timer();
}

ConnectionStatus Connection::status() const {
  const TimePoint now = shard_.now();
  ConnectionStatus status;
  status.age = now - started_;
  status.silence = now - in_.last_received();
  status.sent_bytes = out_.sent_bytes();
  status.received_bytes = in_.received_bytes();
  status.send_rate = out_.rate(now);
  status.receive_rate = in_.rate(now);
  status.send_rate_wait = out_.rate_wait();
  status.receive_rate_wait = in_.rate_wait();
  status.queued_bytes = out_.queued_bytes();
  status.reassembly_bytes = in_.reassembly_bytes();
  status.frame_bytes = out_.frame_bytes() + in_.frame_bytes();
  status.round_trip = liveness_.round_trip();
  status.unsolicited_pongs = liveness_.unsolicited_pongs();
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    status.channels.push_back({channels_[i], out_.channel_load(i), out_.channel_sent(i)});
  }
  return status;
}

// --- receiving ---

void Connection::want_readable() {
  if (state_ == State::closed || reading_paused_ || in_.read_again_at()) return;
  stream_->when_readable(later(&Connection::on_readable));
}

void Connection::on_readable() {
  for (std::size_t turn = 0; turn < kReadsPerTurn && !reading_paused_; ++turn) {
    const Result<Read> read = read_once();
    if (!read) return close(read.error());
    if (state_ == State::closed) return;
    if (!in_.may_read(read->at) || read->bytes < kBusyRead) break;
  }
  want_readable();
  if (liveness_.control_waits()) pump();
  arm_timer();
}

// One read, and everything in it.
Result<Connection::Read> Connection::read_once() {
  const MutableBytes scratch = shard_.scratch(Scratch::reading);
  const IoResult read = stream_->read(in_.room(scratch));
  const TimePoint now = shard_.now();
  if (read.status == IoStatus::would_block) return Read{0, now};
  if (read.status != IoStatus::ok) {
    if (state_ == State::lingering) return fail(Stage::established, Reason::stopped_locally);
    return fail(Stage::established,
                read.status == IoStatus::end ? Reason::closed_by_remote : read.reason);
  }
  if (const auto received = in_.receive(scratch, read.bytes, now, events_.message); !received) {
    return tl::unexpected(received.error());
  }
  return Read{read.bytes, now};
}

void Connection::receive_early_data() {
  if (const auto received = in_.receive_early(shard_.now(), events_.message); !received) {
    return close(received.error());
  }
  want_readable();
}

void Connection::on_evicted() {
  close({Stage::established, Reason::total_memory_exhausted, {}});
}

// --- sending ---

void Connection::pump() {
  if (state_ == State::created || state_ == State::lingering) return;
  const MutableBytes scratch = shard_.scratch(Scratch::writing);
  for (std::size_t batches = 0;;) {
    if (!out_.in_batch() && batches++ == kBatchesPerTurn) {
      // Other connections of the shard get their turn too.
      shard_.post(later(&Connection::pump));
      break;
    }
    const TimePoint now = shard_.now();
    const Result<ByteView> due = out_.next(scratch, now);
    if (!due) return close(due.error());
    if (due->empty()) {
      if (state_ == State::flushing && out_.all_formed()) on_all_sent();
      break;
    }
    const IoResult written = stream_->write({&*due, 1});
    if (written.status == IoStatus::failed || written.status == IoStatus::end) {
      return close({Stage::established, written.reason, {}});
    }
    out_.on_written(written.bytes, now);
    if (written.status == IoStatus::would_block) {
      stream_->when_writable(later(&Connection::pump));
      break;
    }
  }
  arm_timer();
}

void Connection::on_all_sent() {
  stream_->shutdown_write();
  state_ = State::lingering;
  stop_deadline_ = std::min(*stop_deadline_, shard_.now() + kLingerTimeout);
}

// --- time ---

void Connection::arm_timer() {
  if (state_ == State::closed || timer_ == nullptr) return;
  TimePoint earliest = TimePoint::max();
  const auto consider = [&earliest](std::optional<TimePoint> due) {
    if (due) earliest = std::min(earliest, *due);
  };
  // Only an open connection is checked for life; armed for a deadline that nothing moves on, the
  // timer would fire for ever.
  if (state_ == State::open) {
    consider(liveness_.deadline());
    if (!reading_paused_) consider(in_.deadline());
  }
  consider(in_.read_again_at());
  consider(out_.send_again_at());
  consider(stop_deadline_);
  // A deadline that has moved away is noticed when the timer fires: re-arming it for every packet
  // would cost more than one idle wake-up.
  if (armed_for_ && *armed_for_ <= earliest) return;
  armed_for_ = earliest;
  timer_->arm(earliest);
}

void Connection::on_timer() {
  armed_for_.reset();
  const TimePoint now = shard_.now();
  if (stop_deadline_ && now >= *stop_deadline_) {
    const bool said_all = state_ == State::lingering;
    close({Stage::established, said_all ? Reason::stopped_locally : Reason::flush_timed_out, {}});
    return;
  }
  if (in_.read_again_at() && now >= *in_.read_again_at()) {
    in_.read_again(now);
    want_readable();
  }
  // After a pause of the whole process the answer to our ping may already lie in the socket.
  if (!reading_paused_ && !in_.read_again_at()) {
    if (const Result<Read> read = read_once(); !read) return close(read.error());
    if (state_ == State::closed) return;
  }
  if (const Result<void> alive = check(now); !alive) return close(alive.error());
  pump();
  arm_timer();
}

Result<void> Connection::check(TimePoint now) {
  if (state_ != State::open) return {};
  if (const Result<void> alive = liveness_.check(now); !alive) return alive;
  // While we do not read, it is not the remote that lets a message wait.
  return reading_paused_ ? Result<void>{} : in_.check(now);
}

}  // namespace peerage::conn
