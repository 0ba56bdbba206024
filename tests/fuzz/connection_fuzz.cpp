// A connection in a world that a fuzzer moves: its owner sends, pauses, stops; its peer sends what
// it likes, reads when it likes and goes when it likes; time passes. Whatever the order of these,
// every bound of conn/comet/limits.h holds, what is sent arrives as it was sent, the end is
// reported once, nothing is held afterwards, and no timer fires for ever.
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "conn/address/node_key.h"
#include "conn/base/varint.h"
#include "conn/comet/connection.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage::conn;
using peerage::fuzz::Input;
using peerage::fuzz::require;

namespace {

constexpr std::array kChannelIds = {ChannelId{0x01}, ChannelId{0x90}};
constexpr std::size_t kLongest = 5000;
constexpr std::size_t kPeerBytes = 9000;
constexpr std::size_t kReserve = 1000;

// Time, and what happens in it: in order, one at a time, never inside a call.
class World final : public Shard {
 public:
  TimePoint now() const override { return now_; }
  void post(Task task) override { at(now_, std::move(task)); }
  bool is_current() const override { return true; }
  MutableBytes scratch(Scratch half) override { return scratch_[half == Scratch::reading ? 0 : 1]; }
  std::unique_ptr<Timer> make_timer(Task on_expiry) override;

  void at(TimePoint when, Task task) {
    events_.emplace(std::pair(std::max(when, now_), order_++), std::move(task));
  }
  // Returns false if that takes more events than any honest use would.
  bool run_for(Duration span) {
    const TimePoint end = now_ + span;
    for (int events = 0; !events_.empty() && events_.begin()->first.first <= end; ++events) {
      if (events == 50'000) return false;
      now_ = events_.begin()->first.first;
      const Task task = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      task();
    }
    now_ = end;
    return true;
  }

 private:
  TimePoint now_{std::chrono::hours(1)};
  std::uint64_t order_ = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, Task> events_;
  std::array<Bytes, 2> scratch_{Bytes(kScratchBytes), Bytes(kScratchBytes)};
};

class WorldTimer final : public Timer {
 public:
  WorldTimer(World& world, Task on_expiry)
      : world_(world), core_(std::make_shared<Core>(Core{std::move(on_expiry), 0})) {}
  ~WorldTimer() override { cancel(); }
  void arm(TimePoint when) override {
    world_.at(when, [core = core_, armed = ++core_->generation] {
      if (core->generation != armed) return;
      const Task run = core->on_expiry;
      run();
    });
  }
  void cancel() noexcept override { ++core_->generation; }

 private:
  struct Core {
    Task on_expiry;
    std::uint64_t generation;
  };
  World& world_;
  std::shared_ptr<Core> core_;
};

std::unique_ptr<Timer> World::make_timer(Task on_expiry) {
  return std::make_unique<WorldTimer>(*this, std::move(on_expiry));
}

// The pipe to the peer; the harness holds its other end.
struct Pipe {
  explicit Pipe(World& its_world) : world(its_world) {}

  World& world;
  Bytes to_us, from_us;
  std::size_t window = 0;  // bytes of from_us that are taken at most
  bool ended = false, reset = false, closed = false, write_shut = false;
  Task readable, writable;

  // Runs what waits for something that has happened.
  void notify() {
    if (closed) return;
    if (readable && (!to_us.empty() || ended || reset)) {
      world.post([this] { run(readable); });
    }
    if (writable && (from_us.size() < window || reset)) {
      world.post([this] { run(writable); });
    }
  }
  void run(Task& task) {
    if (closed) return;
    if (const Task once = std::exchange(task, nullptr)) once();
  }
};

class PipeStream final : public Stream {
 public:
  explicit PipeStream(Pipe& pipe) : pipe_(pipe) {}
  ~PipeStream() override { close(); }
  IoResult read(MutableBytes into) noexcept override {
    if (pipe_.reset) return {IoStatus::failed, 0, Reason::connection_reset};
    const std::size_t count = std::min(into.size(), pipe_.to_us.size());
    if (count == 0) return {pipe_.ended ? IoStatus::end : IoStatus::would_block, 0, {}};
    const auto end = pipe_.to_us.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(pipe_.to_us.begin(), end, into.begin());
    pipe_.to_us.erase(pipe_.to_us.begin(), end);
    return {IoStatus::ok, count, {}};
  }
  IoResult write(std::span<const ByteView> parts) noexcept override {
    require(!pipe_.write_shut && !pipe_.closed);
    if (pipe_.reset) return {IoStatus::failed, 0, Reason::connection_reset};
    std::size_t taken = 0;
    for (const ByteView part : parts) {
      const std::size_t room = pipe_.window - std::min(pipe_.window, pipe_.from_us.size());
      const ByteView fits = part.first(std::min(part.size(), room));
      pipe_.from_us.insert(pipe_.from_us.end(), fits.begin(), fits.end());
      taken += fits.size();
    }
    return {taken > 0 ? IoStatus::ok : IoStatus::would_block, taken, {}};
  }
  void when_readable(Task task) override {
    pipe_.readable = std::move(task);
    pipe_.notify();
  }
  void when_writable(Task task) override {
    pipe_.writable = std::move(task);
    pipe_.notify();
  }
  void shutdown_write() noexcept override { pipe_.write_shut = true; }
  void close() noexcept override {
    pipe_.closed = true;
    pipe_.readable = nullptr;
    pipe_.writable = nullptr;
  }
  Endpoint local_endpoint() const override { return {}; }
  Endpoint remote_endpoint() const override { return {}; }

 private:
  Pipe& pipe_;
};

FrameKey key_of(std::uint8_t fill) {
  ByteArray<32> bytes;
  bytes.fill(fill);
  return FrameKey(bytes);
}

SecretSession session() {
  static const PublicKey remote = [] {
    ByteArray<32> seed{};
    return NodeKey::from_seed(Secret<32>(seed)).public_key();
  }();
  return {remote, NodeId::of(remote), FrameSealer(key_of(1)), FrameOpener(key_of(2)), {}};
}

// The other end, moved by hand: it seals what it is given to send, and checks what it gets.
class Peer {
 public:
  explicit Peer(Pipe& pipe) : pipe_(pipe) {}

  void send(ByteView plain) {
    Bytes slots((plain.size() / kFrameData + 1) * kFrameSealed);
    FrameWriter writer(slots);
    writer.append(plain);
    const MutableBytes frames = writer.finish();
    require(sealer_.seal(frames).has_value());
    waiting_.insert(waiting_.end(), frames.begin(), frames.end());
  }
  void send_packet(ChannelId channel, Eof eof, std::size_t size) {
    const MsgHeader header = encode_msg_header(channel, eof, size);
    Bytes packet(header.view().begin(), header.view().end());
    packet.resize(packet.size() + size);
    send(packet);
  }
  // Lets this many sealed bytes through, which may end within a frame.
  void deliver(std::size_t count) {
    const auto end =
        waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(count, waiting_.size()));
    pipe_.to_us.insert(pipe_.to_us.end(), waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    pipe_.notify();
  }
  // Reads what has been sent to it; every frame and packet must be right.
  void read() {
    sealed_.insert(sealed_.end(), pipe_.from_us.begin(), pipe_.from_us.end());
    pipe_.from_us.clear();
    std::size_t at = 0;
    for (; sealed_.size() - at >= kFrameSealed; at += kFrameSealed) {
      const auto plain = opener_.open(MutableBytes(sealed_).subspan(at, kFrameSealed));
      require(plain && !plain->empty());
      require(
          reader_.receive(*plain, [this](ByteView body) { return on_packet(body); }).has_value());
    }
    sealed_.erase(sealed_.begin(), sealed_.begin() + static_cast<std::ptrdiff_t>(at));
    pipe_.notify();
  }
  // A message that we have accepted and that the peer has yet to see.
  void expect(ChannelId channel, SharedBytes message) {
    expected_[channel].push_back(std::move(message));
  }
  bool has_everything() const {
    for (const auto& [channel, messages] : expected_) {
      if (!messages.empty()) return false;
    }
    return true;
  }
  void forget() { expected_.clear(); }

 private:
  Result<void> on_packet(ByteView body) {
    const auto packet = decode_packet(body);
    require(packet.has_value());
    if (packet->kind != PacketKind::msg) return {};
    const ChannelId channel{static_cast<std::uint8_t>(packet->channel)};
    Bytes& partial = partial_[channel];
    partial.insert(partial.end(), packet->data.begin(), packet->data.end());
    if (!packet->eof) return {};
    auto& messages = expected_[channel];
    require(!messages.empty() && *messages.front() == partial);
    messages.pop_front();
    partial.clear();
    return {};
  }

  Pipe& pipe_;
  FrameSealer sealer_{key_of(2)};
  FrameOpener opener_{key_of(1)};
  Bytes waiting_, sealed_;
  PacketReader reader_;
  std::map<ChannelId, Bytes> partial_;
  std::map<ChannelId, std::deque<SharedBytes>> expected_;
};

class Story {
 public:
  explicit Story(Input& input) : input_(input), pipe_(world_), peer_(pipe_) {
    const std::uint8_t options = input_.byte();
    ConnectionConfig config;
    config.send_queue = {.per_peer_bytes = kPeerBytes, .reserved_per_channel_bytes = kReserve};
    config.reassembly.per_peer_bytes = 0;
    config.send_rate = (options & 1) != 0 ? 20'000 : 0;
    config.receive_rate = (options & 2) != 0 ? 20'000 : 0;
    reading_ = (options & 4) != 0;
    std::vector<ChannelDescriptor> channels;
    for (const ChannelId id : kChannelIds) {
      channels.push_back({.id = id, .send_queue_bytes = 8000, .max_message_bytes = kLongest});
    }
    pipe_.window = 1000u + input_.byte() * 100u;
    connection_ = Connection::create(world_, std::make_unique<PipeStream>(pipe_), session(),
                                     channels, config, budget_,
                                     {.message =
                                          [this](const ChannelMessage& message) {
                                            require(!closed_ && !stopped_);
                                            require(message.bytes.size() <= kLongest);
                                            if (act_inside_ != 0)
                                              act(std::exchange(act_inside_, 0));
                                          },
                                      .closed =
                                          [this](const Failure& why) {
                                            require(!closed_);
                                            closed_ = why.reason;
                                          }});
  }

  void play() {
    if (input_.byte() % 16 != 0) connection_->start();
    for (int i = 0; i < 300 && !input_.empty(); ++i) {
      act(input_.byte());
      if (reading_) peer_.read();
      check();
    }
    finish();
  }

 private:
  void act(std::uint8_t action) {
    switch (action % 16) {
      case 0:
      case 1:
        return send();
      case 2:
      case 3:
        return peer_.send_packet(kChannelIds[input_.byte() % 2],
                                 input_.byte() % 2 == 0 ? Eof::no : Eof::yes, input_.byte() * 4u);
      case 4:
        return peer_.send(input_.take(input_.byte() % 16));
      case 5:
        return peer_.send(action < 128 ? kPingPacket : kPongPacket);
      case 6:
        return peer_.deliver(input_.byte());
      case 7:
        return peer_.deliver(SIZE_MAX);
      case 8:
        return peer_.read();
      case 9:
        return pass(std::chrono::milliseconds(input_.byte() * 10));
      case 10:
        return pass(std::chrono::seconds(input_.byte() % 128));
      case 11:
        return connection_->pause_reading();
      case 12:
        return connection_->resume_reading();
      case 13:
        stopped_ = true;
        return connection_->flush_and_stop(std::chrono::seconds(input_.byte() % 100));
      case 14:
        act_inside_ = input_.byte();
        return;
      default:
        return end(input_.byte());
    }
  }
  void send() {
    const ChannelId channel = kChannelIds[input_.byte() % 2];
    auto bytes = std::make_shared<const Bytes>(1 + input_.byte() * 20u, input_.byte());
    const SendResult result = connection_->send(channel, bytes);
    require(result != SendResult::queued || !stopped_);
    if (result == SendResult::queued) peer_.expect(channel, std::move(bytes));
  }
  // Time passes from outside only: an event of the world does not run the world.
  void pass(Duration span) {
    if (in_time_) return;
    in_time_ = true;
    require(world_.run_for(span));
    in_time_ = false;
  }
  void end(std::uint8_t how) {
    if (how < 64) {
      stopped_ = true;
      connection_->close();
    } else if (how < 128) {
      pipe_.ended = true;
      pipe_.notify();
    } else if (how < 160) {
      pipe_.reset = true;
      pipe_.notify();
    } else if (how < 180) {
      connection_->start();
    }
  }
  void check() {
    const ConnectionStatus status = connection_->status();
    require(status.queued_bytes <= kPeerBytes + kChannelIds.size() * kReserve);
    // Half-received messages, and a packet that has not come whole.
    require(status.reassembly_bytes <=
            kChannelIds.size() * kLongest + kMaxVarint + max_packet_body(kLongest));
    require(status.frame_bytes <= (kMaxFramesPerWrite + 1) * kFrameSealed);
    require(budget_.held_bytes() >= status.reassembly_bytes);
    for (const auto& channel : status.channels) require(channel.load.bytes <= 8000);
  }
  void finish() {
    // Everything that was accepted arrives, if nothing ends it first.
    if (!stopped_ && !closed_) {
      stopped_ = true;
      connection_->resume_reading();
      connection_->flush_and_stop(std::chrono::hours(1));
      for (int i = 0; i < 2000 && !closed_; ++i) {
        peer_.read();
        pass(std::chrono::milliseconds(50));
      }
      require(closed_.has_value());
      peer_.read();
      if (*closed_ == Reason::stopped_locally && pipe_.write_shut) require(peer_.has_everything());
    }
    connection_->close();
    pass(std::chrono::seconds(1));
    require(closed_.has_value());
#ifdef PEERAGE_PLANTED_BUG
    // As if a message that was begun and left were never noticed.
    require(*closed_ != Reason::partial_message_stale);
#endif
    const ConnectionStatus status = connection_->status();
    require(status.queued_bytes == 0 && status.reassembly_bytes == 0 && status.frame_bytes == 0);
    require(budget_.held_bytes() == 0);
    require(connection_.use_count() == 1);
    peer_.forget();
  }

  Input& input_;
  World world_;
  ReassemblyBudget budget_;
  Pipe pipe_;
  Peer peer_;
  std::shared_ptr<Connection> connection_;
  std::optional<Reason> closed_;
  bool stopped_ = false;
  bool reading_ = false;
  bool in_time_ = false;
  std::uint8_t act_inside_ = 0;  // what to do in the next message event
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Story(input).play();
  return 0;
}
