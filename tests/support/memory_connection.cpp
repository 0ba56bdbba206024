#include "tests/support/memory_connection.h"

#include <algorithm>
#include <array>
#include <deque>
#include <variant>
#include <vector>

#include "conn/peer_connection.h"
#include "p2p/base/peer_reason.h"

namespace peerage::test {

using conn::Failure;
using conn::Reason;
using conn::Result;
using conn::SendResult;
using conn::Stage;

namespace {

class MemoryConnection;

// What joins two connections: each finds the other here, or sees that it is gone.
struct Line {
  std::array<std::weak_ptr<MemoryConnection>, 2> ends;
  std::array<bool, 2> gone{};
  void hang_up(std::size_t end);
};

class MemoryConnection final : public conn::PeerConnection,
                               public std::enable_shared_from_this<MemoryConnection> {
 public:
  MemoryConnection(conn::Shard& shard, std::vector<conn::ChannelDescriptor> channels, Events events,
                   std::shared_ptr<Line> line, std::size_t end)
      : shard_(shard),
        channels_(std::move(channels)),
        events_(std::move(events)),
        line_(std::move(line)),
        end_(end),
        started_(shard.now()),
        last_received_(started_) {}
  ~MemoryConnection() override { line_->hang_up(end_); }

  void start() override {
    if (state_ != State::created) return;
    state_ = State::open;
    if (line_->gone[1 - end_]) hung_up();
    let_the_other_go_on();
    shard_.post(later(&MemoryConnection::pump));
  }
  void flush_and_stop(conn::Duration within) override {
    if (state_ == State::created) close();
    if (state_ != State::open) return;
    state_ = State::flushing;
    timer_ = shard_.make_timer(later(&MemoryConnection::on_flush_timeout));
    timer_->arm(shard_.now() + within);
    resume_reading();
    pump();
  }
  using PeerConnection::close;
  void close(Failure why) override {
    if (state_ == State::closed) return;
    state_ = State::closed;
    out_.clear();
    timer_.reset();
    line_->hang_up(end_);
    shard_.post([self = shared_from_this(), why = std::move(why)] {
      const Events events = std::exchange(self->events_, {});
      if (events.closed) events.closed(why);
    });
  }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override {
    paused_ = false;
    let_the_other_go_on();
  }
  void probe() override {
    const auto other = line_->ends[1 - end_].lock();
    if (other && other->state_ == State::open)
      other->shard_.post([self = weak_from_this()] {
        if (const auto here = self.lock()) here->last_received_ = here->shard_.now();
      });
  }

  conn::ConnectionStatus status() const override {
    conn::ConnectionStatus status;
    status.age = shard_.now() - started_;
    status.silence = shard_.now() - last_received_;
    status.sent_bytes = sent_bytes_;
    status.received_bytes = received_bytes_;
    for (const auto& channel : channels_)
      status.channels.push_back({channel, load(channel.id), {}});
    for (const auto& channel : status.channels) status.queued_bytes += channel.load.bytes;
    return status;
  }
  std::optional<conn::Duration> round_trip() const override { return std::nullopt; }
  bool is_open() const noexcept override { return state_ == State::open; }

  // The other end is gone.
  void hung_up() { shard_.post(later(&MemoryConnection::on_hung_up)); }

 private:
  enum class State : std::uint8_t { created, open, flushing, closed };

  conn::Task later(void (MemoryConnection::*method)()) {
    return [weak = weak_from_this(), method] {
      if (const auto self = weak.lock()) (self.get()->*method)();
    };
  }
  const conn::ChannelDescriptor* find(conn::ChannelId id) const {
    const auto found = std::find_if(channels_.begin(), channels_.end(),
                                    [id](const auto& channel) { return channel.id == id; });
    return found == channels_.end() ? nullptr : &*found;
  }
  conn::ChannelLoad load(conn::ChannelId id) const {
    conn::ChannelLoad load;
    for (const auto& [channel, bytes] : out_) {
      if (channel == id) load = {load.messages + 1, load.bytes + bytes->size()};
    }
    return load;
  }

  SendResult offer(conn::ChannelId id, conn::SharedBytes bytes, conn::Duration) override {
    if (state_ == State::flushing || state_ == State::closed) return SendResult::closed;
    const auto* channel = find(id);
    if (channel == nullptr) return SendResult::unknown_channel;
    if (bytes->empty()) return SendResult::empty_message;
    if (bytes->size() > channel->max_message_bytes) return SendResult::message_too_long;
    if (load(id).messages >= channel->send_queue_messages) return SendResult::channel_full;
    out_.emplace_back(id, std::move(bytes));
    shard_.post(later(&MemoryConnection::pump));
    return SendResult::queued;
  }

  void pump() {
    if (state_ != State::open && state_ != State::flushing) return;
    if (out_.empty() && !under_way_ && state_ == State::flushing) close();
    const auto other = line_->ends[1 - end_].lock();
    if (out_.empty() || under_way_ || !other || !other->reads()) return;
    under_way_ = true;
    other->shard_.post([self = weak_from_this(), other, message = out_.front()] {
      other->deliver(message.first, *message.second);
      const auto sender = self.lock();
      if (sender) sender->shard_.post(sender->later(&MemoryConnection::on_taken));
    });
    sent_bytes_ += out_.front().second->size();
    out_.pop_front();
  }
  bool reads() const { return !paused_ && (state_ == State::open || state_ == State::flushing); }
  void deliver(conn::ChannelId id, const conn::Bytes& bytes) {
    last_received_ = shard_.now();
    received_bytes_ += bytes.size();
    if (state_ != State::open) return;
    if (find(id) == nullptr) return close({Stage::established, Reason::unknown_channel, {}});
    if (events_.message) events_.message({id, bytes});
  }
  void on_taken() {
    under_way_ = false;
    pump();
  }
  void let_the_other_go_on() {
    if (const auto other = line_->ends[1 - end_].lock()) {
      other->shard_.post(other->later(&MemoryConnection::pump));
    }
  }
  void on_flush_timeout() { close({Stage::established, Reason::flush_timed_out, {}}); }
  void on_hung_up() { close({Stage::established, Reason::closed_by_remote, {}}); }

  conn::Shard& shard_;
  const std::vector<conn::ChannelDescriptor> channels_;
  Events events_;
  const std::shared_ptr<Line> line_;
  const std::size_t end_;  // of the line
  const conn::TimePoint started_;
  conn::TimePoint last_received_;
  State state_ = State::created;
  bool paused_ = false;
  std::deque<std::pair<conn::ChannelId, conn::SharedBytes>> out_;
  bool under_way_ = false;  // a message of ours
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::unique_ptr<conn::Timer> timer_;
};

void Line::hang_up(std::size_t end) {
  if (std::exchange(gone[end], true)) return;
  if (const auto other = ends[1 - end].lock()) other->hung_up();
}

class MemoryStream final : public conn::ProvenStream {
 public:
  MemoryStream(const conn::PublicKey& remote, std::unique_ptr<conn::Stream> stream,
               std::shared_ptr<Line> line, std::size_t end)
      : ProvenStream(remote), stream_(std::move(stream)), line_(std::move(line)), end_(end) {}
  ~MemoryStream() override {
    if (line_) line_->hang_up(end_);
  }

  std::shared_ptr<conn::PeerConnection> open(conn::Shard& shard,
                                             std::vector<conn::ChannelDescriptor> channels,
                                             const conn::ConnectionConfig&, conn::ReassemblyBudget&,
                                             conn::PeerConnection::Events events) override {
    auto connection = std::make_shared<MemoryConnection>(shard, std::move(channels),
                                                         std::move(events), line_, end_);
    line_->ends[end_] = connection;
    line_ = nullptr;
    return connection;
  }

 private:
  std::unique_ptr<conn::Stream> stream_;
  std::shared_ptr<Line> line_;
  std::size_t end_;
};

}  // namespace

// One end's upgrade, until the other's is there.
class MemoryWire::Attempt : public std::enable_shared_from_this<MemoryWire::Attempt> {
 public:
  Attempt(conn::Shard& shard, const conn::PublicKey& key, std::unique_ptr<conn::Stream> stream,
          p2p::HandshakePlan plan, p2p::UpgradeDone done)
      : shard_(shard),
        key_(key),
        stream_(std::move(stream)),
        plan_(std::move(plan)),
        done_(std::move(done)),
        timer_(shard.make_timer(
            [this] { finish(conn::fail(Stage::key_exchange, Reason::silent), {}); })) {
    timer_->arm(plan_.deadline);
  }

  // Both ends are there: each hears what the other says, and whether that will do.
  static void meet(Attempt& one, Attempt& other) {
    Info first = one.info(conn::fail(Stage::node_info, p2p::PeerReason::network_unknown));
    const Info second = other.info(first);
    if (!first) first = one.info(second);
    const Result<void> one_agrees = one.judge(first, second, other.key_);
    const Result<void> other_agrees = other.judge(second, first, one.key_);
    const auto line = std::make_shared<Line>();
    one.conclude(one_agrees, other_agrees, {first, second, other.key_}, line, 0);
    other.conclude(other_agrees, one_agrees, {second, first, one.key_}, line, 1);
  }

 private:
  using Info = Result<p2p::NodeInfo>;
  struct Said {
    const Info& ours;
    const Info& theirs;
    const conn::PublicKey& key;
  };

  // What we say, where need be in answer to theirs.
  Info info(const Info& theirs) const {
    Info ours = conn::fail(Stage::node_info, p2p::PeerReason::network_unknown);
    if (const auto* fixed = std::get_if<p2p::NodeInfo>(&plan_.ours)) {
      ours = *fixed;
    } else if (theirs) {
      ours = std::get<p2p::Respond>(plan_.ours)(*theirs);
    }
    if (ours) ours->node_id = conn::NodeId::of(key_).to_string();
    return ours;
  }

  Result<void> judge(const Info& ours, const Info& theirs, const conn::PublicKey& key) const {
    if (!ours) return tl::unexpected(ours.error());
    if (!theirs) return tl::unexpected(theirs.error());
    if (plan_.expected && *plan_.expected != conn::NodeId::of(key)) {
      return conn::fail(Stage::authentication, Reason::wrong_id);
    }
    if (auto valid = p2p::validate(*theirs); !valid) return valid;
    return p2p::compatible(*ours, *theirs);
  }

  void conclude(const Result<void>& we_agree, const Result<void>& they_agree, const Said& said,
                std::shared_ptr<Line> line, std::size_t end) {
    p2p::UpgradeReport report;
    report.remote_id = conn::NodeId::of(said.key);
    if (said.theirs) report.remote_info = *said.theirs;
    Result<p2p::Upgraded> outcome =
        conn::fail(Stage::node_info, Reason::closed_after_authentication);
    if (!we_agree) {
      outcome = tl::unexpected(we_agree.error());
    } else if (they_agree) {
      outcome = p2p::Upgraded{
          std::make_unique<MemoryStream>(said.key, std::move(stream_), std::move(line), end),
          *said.ours, *said.theirs};
    }
    shard_.post([weak = weak_from_this(), report,
                 shared = std::make_shared<Result<p2p::Upgraded>>(std::move(outcome))] {
      if (const auto self = weak.lock()) self->finish(std::move(*shared), report);
    });
  }

  void finish(Result<p2p::Upgraded> outcome, const p2p::UpgradeReport& report) {
    timer_.reset();
    stream_.reset();
    if (const auto done = std::exchange(done_, nullptr)) done(std::move(outcome), report);
  }

  conn::Shard& shard_;
  conn::PublicKey key_;
  std::unique_ptr<conn::Stream> stream_;
  p2p::HandshakePlan plan_;
  p2p::UpgradeDone done_;
  std::unique_ptr<conn::Timer> timer_;
};

class MemoryWire::MemoryUpgrader final : public p2p::Upgrader {
 public:
  MemoryUpgrader(MemoryWire& wire, const conn::PublicKey& key) : wire_(wire), key_(key) {}

  std::unique_ptr<conn::Pending> start(conn::Shard& shard, std::unique_ptr<conn::Stream> stream,
                                       p2p::HandshakePlan plan, p2p::UpgradeDone done,
                                       p2p::UpgradeProgress) override {
    const auto ends = std::minmax({stream->local_endpoint(), stream->remote_endpoint()});
    auto ours =
        std::make_shared<Attempt>(shard, key_, std::move(stream), std::move(plan), std::move(done));
    std::weak_ptr<Attempt>& waiting = wire_.waiting_[ends];
    if (const auto other = waiting.lock()) {
      Attempt::meet(*ours, *other);
    } else {
      waiting = ours;
    }
    return std::make_unique<Handle>(std::move(ours));
  }

 private:
  struct Handle final : conn::Pending {
    explicit Handle(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
    std::shared_ptr<Attempt> attempt_;
  };
  MemoryWire& wire_;
  const conn::PublicKey key_;
};

std::shared_ptr<p2p::Upgrader> MemoryWire::upgrader(const conn::NodeKey& key) {
  return std::make_shared<MemoryUpgrader>(*this, key.public_key());
}

}  // namespace peerage::test
