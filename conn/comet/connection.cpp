#include "conn/comet/connection.h"

#include <algorithm>
#include <utility>

namespace peerage::conn {

namespace {

// What we read at, for a remote that sends at `rate`.
std::uint64_t reading_rate(std::uint64_t rate) {
  return rate + rate / kReceiveSlack;
}

std::uint64_t slice_of(std::uint64_t rate) {
  const auto slices = static_cast<std::uint64_t>(Duration(1s) / kRateSlice);
  return std::max<std::uint64_t>(rate / slices, kMaxPacketOnWire);
}

// Writes of kMaxFramesPerWrite frames, before others are served.
constexpr std::size_t kBatchesPerTurn = 4;

// Reads before others are served, while each brings kBusyRead, so that the next will find some too:
// asking the kernel first costs two calls.
constexpr std::size_t kReadsPerTurn = 4;
constexpr std::size_t kBusyRead = 16 * kFrameSealed;

// 100 ms worth of the rate, as the Go node samples, and at least what one step moves.
std::uint64_t burst_for(std::uint64_t rate, std::size_t step) {
  return std::max<std::uint64_t>(rate / 10, step);
}

}  // namespace

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
      descriptors_(std::move(channels)),
      started_(shard.now()),
      last_received_(started_),
      opener_(std::move(session.opener)),
      early_data_(std::move(session.early_data)),
      assembler_(descriptors_, config.reassembly, budget),
      receive_tokens_(reading_rate(config.receive_rate),
                      burst_for(config.receive_rate, kScratchBytes), started_),
      received_(started_),
      queue_(descriptors_, config.send_queue),
      scheduler_(descriptors_),
      sealer_(std::move(session.sealer)),
      send_slice_(slice_of(config.send_rate)),
      send_tokens_(config.send_rate, burst_for(config.send_rate, kMaxPacketOnWire), started_),
      sent_(started_),
      liveness_(config.liveness, started_) {}

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
  assembler_.set_on_evict(
      [&shard = shard_, evicted = later(&Connection::on_evicted)] { shard.post(evicted); });
  timer_ = shard_.make_timer(later(&Connection::on_timer));
  arm_timer();
  shard_.post(later(&Connection::receive_early_data));
  shard_.post(later(&Connection::pump));
}

SendResult Connection::send(ChannelId channel, SharedBytes bytes, Duration patience) {
  const SendQueue::Offer offer = queue_.offer(channel, std::move(bytes), patience);
  if (offer.wake) shard_.post(later(&Connection::pump));
  return offer.result;
}

void Connection::flush_and_stop(Duration within) {
  if (state_ == State::created) close();
  if (state_ != State::open) return;
  queue_.close();
  state_ = State::flushing;
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
  queue_.discard();
  drained_ = std::vector<QueuedMessage>();
  scheduler_.clear();
  assembler_.clear();
  wipe(sealed_);
  sealed_ = Bytes();
  partial_frame_ = Bytes();
  note_frame_bytes();
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
  assembler_.on_reading_resumed(shard_.now());
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
  status.silence = now - TimePoint(last_received_);
  status.sent_bytes = sent_.total();
  status.received_bytes = received_.total();
  status.send_rate = sent_.rate(now);
  status.receive_rate = received_.rate(now);
  status.queued_bytes = queue_.queued_bytes();
  status.reassembly_bytes = assembler_.held_bytes();
  status.frame_bytes = frame_bytes_;
  status.round_trip = liveness_.round_trip();
  status.unsolicited_pongs = liveness_.unsolicited_pongs();
  for (std::size_t i = 0; i < descriptors_.size(); ++i) {
    status.channels.push_back({descriptors_[i], queue_.channel_load(i)});
  }
  return status;
}

// --- receiving ---

void Connection::want_readable() {
  if (state_ == State::closed || reading_paused_ || read_again_at_) return;
  stream_->when_readable(later(&Connection::on_readable));
}

void Connection::on_readable() {
  for (std::size_t turn = 0; turn < kReadsPerTurn && !reading_paused_; ++turn) {
    const Result<std::size_t> read = read_once();
    if (!read) {
      close(read.error());
      return;
    }
    if (state_ == State::closed) return;
    if (receive_tokens_.available(read_at_) == 0) {
      read_again_at_ = receive_tokens_.when_available(1, read_at_);
      break;
    }
    if (*read < kBusyRead) break;
  }
  want_readable();
  if (liveness_.control_waits()) pump();
  arm_timer();
}

// One read, and everything in it. How many bytes it was.
Result<std::size_t> Connection::read_once() {
  const MutableBytes scratch = shard_.scratch(Scratch::reading);
  const std::size_t held = partial_frame_.size();
  std::copy(partial_frame_.begin(), partial_frame_.end(), scratch.begin());
  const IoResult read = stream_->read(scratch.subspan(held));
  read_at_ = shard_.now();
  if (read.status == IoStatus::would_block) return 0;
  if (read.status != IoStatus::ok) {
    if (state_ == State::lingering) return fail(Stage::established, Reason::stopped_locally);
    return fail(Stage::established,
                read.status == IoStatus::end ? Reason::closed_by_remote : read.reason);
  }
  received_.add(read.bytes, read_at_);
  last_received_ = read_at_;
  if (state_ != State::open) return read.bytes;  // what comes after our goodbye is not looked at

  const std::size_t total = held + read.bytes;
  const std::size_t whole = total / kFrameSealed * kFrameSealed;
  stream_bytes_ = 0;
  const Result<void> received = receive_frames(scratch.first(whole));
  receive_tokens_.take_debt(stream_bytes_, read_at_);
  if (!received) return tl::unexpected(received.error());
  if (state_ == State::closed) return read.bytes;
  packets_.rest();
  const ByteView rest = scratch.subspan(whole, total - whole);
  if (rest.empty()) {
    partial_frame_ = Bytes();
  } else {
    partial_frame_.assign(rest.begin(), rest.end());
  }
  note_frame_bytes();
  return read.bytes;
}

Result<void> Connection::receive_frames(MutableBytes frames) {
  for (; !frames.empty() && state_ == State::open; frames = frames.subspan(kFrameSealed)) {
    const Result<ByteView> stream = opener_.open(frames.first(kFrameSealed));
    if (!stream) return tl::unexpected(stream.error());
    stream_bytes_ += std::max(stream->size(), kMinFrameCharge);
    const Result<void> received =
        stream->empty() ? liveness_.on_idle_packet() : receive_stream(*stream);
    if (!received) return received;
  }
  return {};
}

Result<void> Connection::receive_stream(ByteView stream) {
  return packets_.receive(stream, [this](ByteView body) -> Result<void> {
    if (state_ != State::open) return {};  // the owner has closed us from its event
    return receive_packet(body);
  });
}

Result<void> Connection::receive_packet(ByteView body) {
  const Result<Packet> packet = decode_packet(body);
  if (!packet) return tl::unexpected(packet.error());
  if (packet->kind == PacketKind::ping) return liveness_.on_ping(read_at_);
  if (packet->kind == PacketKind::pong) return liveness_.on_pong(read_at_);

  auto message = assembler_.receive(packet->channel, packet->data, packet->eof, read_at_);
  if (!message) return tl::unexpected(message.error());
  if (packet->data.empty() && !packet->eof) return liveness_.on_idle_packet();
  liveness_.on_progress();
  if (*message && events_.message) events_.message(std::move(**message));
  return {};
}

void Connection::receive_early_data() {
  const Bytes early = std::exchange(early_data_, {});
  if (state_ == State::open) {
    read_at_ = shard_.now();
    if (const Result<void> received = receive_stream(early); !received) {
      close(received.error());
      return;
    }
    packets_.rest();
  }
  want_readable();
}

void Connection::on_evicted() {
  close({Stage::established, Reason::total_memory_exhausted, {}});
}

// --- sending ---

void Connection::pump() {
  if (state_ == State::created || state_ == State::lingering) return;
  for (std::size_t turn = 0; flush_sealed(); ++turn) {
    // Other connections of the shard get their turn too.
    if (turn == kBatchesPerTurn) {
      shard_.post(later(&Connection::pump));
      break;
    }
    // What was accepted while we wrote may be more urgent than what waits.
    queue_.drain(drained_);
    for (QueuedMessage& message : drained_) {
      scheduler_.add(message.channel_index, std::move(message.bytes));
    }
    const Result<bool> batch = seal_batch();
    if (!batch) {
      close(batch.error());
      return;
    }
    if (!*batch) {
      liveness_.on_write_idle();
      if (state_ == State::flushing && scheduler_.empty()) on_all_sent();
      break;
    }
  }
  note_frame_bytes();
  if (state_ != State::closed) arm_timer();
}

// Hands sealed bytes to the socket. True when none are left.
bool Connection::flush_sealed() {
  while (!sealed_.empty()) {
    const ByteView part = sealed_;
    const IoResult written = stream_->write({&part, 1});
    const TimePoint now = shard_.now();
    if (written.status == IoStatus::ok) {
      sent_.add(written.bytes, now);
      liveness_.on_write_progress(now);
      if (written.bytes == sealed_.size()) {
        sealed_ = Bytes();
        return true;
      }
      sealed_.erase(sealed_.begin(), sealed_.begin() + static_cast<std::ptrdiff_t>(written.bytes));
    } else if (written.status == IoStatus::would_block) {
      liveness_.on_write_blocked(now);
      send_again_at_.reset();  // now it is the socket that we wait for
      stream_->when_writable(later(&Connection::pump));
      return false;
    } else {
      close({Stage::established, written.reason, {}});
      return false;
    }
  }
  return true;
}

// Forms, seals and writes what is due now, at most kMaxFramesPerWrite frames. False when there is
// nothing to send, or the rate forbids it.
Result<bool> Connection::seal_batch() {
  const TimePoint now = shard_.now();
  FrameWriter writer(shard_.scratch(Scratch::writing).first(kMaxFramesPerWrite * kFrameSealed));
  if (liveness_.take_pong()) writer.append(kPongPacket);
  if (liveness_.take_ping()) writer.append(kPingPacket);
  send_again_at_.reset();
  while (writer.room() >= kMaxPacketOnWire) {
    if (!scheduler_.empty() && send_tokens_.available(now) < kMaxPacketOnWire) {
      send_again_at_ = send_tokens_.when_available(send_slice_, now);
      break;
    }
    const auto packet = scheduler_.next();
    if (!packet) break;
    writer.append(packet->header.view());
    writer.append(packet->data);
    send_tokens_.take(packet->wire_size(), now);
    if (packet->completed) queue_.release(packet->channel_index, *packet->completed);
  }
  queue_.settle();
  const MutableBytes frames = writer.finish();
  if (frames.empty()) return false;
  if (const Result<void> sealed = sealer_.seal(frames); !sealed) {
    return tl::unexpected(sealed.error());
  }
  const ByteView part = frames;
  const IoResult written = stream_->write({&part, 1});
  if (written.status == IoStatus::failed || written.status == IoStatus::end) {
    return fail(Stage::established, written.reason);
  }
  if (written.bytes > 0) {
    sent_.add(written.bytes, now);
    liveness_.on_write_progress(now);
  }
  const ByteView rest = part.subspan(written.bytes);
  sealed_.assign(rest.begin(), rest.end());
  return true;
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
    if (!reading_paused_) consider(assembler_.deadline());
  }
  consider(read_again_at_);
  consider(send_again_at_);
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
  if (read_again_at_ && now >= *read_again_at_) {
    read_again_at_.reset();
    want_readable();
  }
  // After a pause of the whole process the answer to our ping may already lie in the socket.
  if (!reading_paused_ && !read_again_at_) {
    if (const Result<std::size_t> read = read_once(); !read) {
      close(read.error());
      return;
    }
    if (state_ == State::closed) return;
  }
  if (state_ == State::open) {
    // While we do not read, it is not the remote that lets a message wait.
    const Result<void> going_on = reading_paused_ ? Result<void>{} : assembler_.check(now);
    for (const Result<void>& alive : {liveness_.check(now), going_on}) {
      if (!alive) {
        close(alive.error());
        return;
      }
    }
  }
  pump();
  arm_timer();
}

}  // namespace peerage::conn
