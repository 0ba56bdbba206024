#include "cmd/probe/probe.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conn/base/reassembly_budget.h"
#include "conn/comet/foreign_protocol.h"
#include "conn/peer_connection.h"
#include "conn/runtime/pending_share.h"
#include "p2p/base/peer_reason.h"
#include "p2p/connect/dial_attempt.h"
#include "p2p/connect/upgrade.h"
#include "pex/exchange/messages.h"

namespace peerage::cmd {
namespace {

using conn::Duration;
using conn::Failure;
using conn::Reason;
using conn::Result;
using conn::Stage;
using conn::TimePoint;
using namespace std::chrono_literals;

constexpr Duration kPexTimeout = 3s;
constexpr Duration kSecondLookTimeout = 1s;

// A TLS 1.2 ClientHello without extensions: any TLS server answers it, if only with an alert.
constexpr conn::ByteArray<56> kClientHello = {
    0x16, 3,   1,    0,    51,         // record: handshake, 51 bytes
    1,    0,   0,    47,   3,    3,    // ClientHello, 47 bytes, TLS 1.2
    'p',  'e', 'e',  'r',  'a',  'g',  // 32 bytes of no consequence
    'e',  0,   0,    0,    0,    0,    0, 0,    0, 0,    0, 0, 0,
    0,    0,   0,    0,    0,    0,    0, 0,    0, 0,    0, 0, 0,
    0,                                                    // no session
    0,    8,   0xc0, 0x2b, 0xc0, 0x2f, 0, 0x9c, 0, 0x2f,  // four common cipher suites
    1,    0};                                             // no compression

// What answers an HTTP request, or a TLS greeting? nullopt when that stays unknown.
class SecondLook final : public std::enable_shared_from_this<SecondLook> {
 public:
  using Done = std::function<void(std::optional<Failure>)>;
  SecondLook(conn::Runtime& runtime, conn::Shard& shard, conn::Endpoint endpoint, Done done)
      : runtime_(runtime), shard_(shard), endpoint_(endpoint), done_(std::move(done)) {}

  void start() { ask(conn::as_bytes("GET / HTTP/1.0\r\n\r\n"), &SecondLook::ask_in_tls); }

 private:
  using Next = void (SecondLook::*)();
  void ask_in_tls() { ask(kClientHello, &SecondLook::give_up); }
  void give_up() { finish(std::nullopt); }

  // Connects anew, sends `question`, and waits for an answer that identifies it; else `next`.
  void ask(conn::ByteView question, Next next) {
    next_ = next;
    timer_ = shard_.make_timer([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->move_on();
    });
    timer_->arm(shard_.now() + kSecondLookTimeout);
    connecting_ = runtime_.connect(
        shard_, endpoint_, kSecondLookTimeout,
        [weak = weak_from_this(), question](Result<std::unique_ptr<conn::Stream>> stream) {
          const auto self = weak.lock();
          if (!self) return;
          if (!stream) return self->move_on();
          self->stream_ = std::move(*stream);
          self->stream_->write({&question, 1});
          self->listen();
        });
  }

  void listen() {
    stream_->when_readable([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      conn::ByteArray<256> answer;
      const conn::IoResult read = self->stream_->read(answer);
      if (read.status == conn::IoStatus::would_block) return self->listen();
      if (read.status != conn::IoStatus::ok) return self->move_on();
      const Failure stranger =
          conn::identify_foreign_protocol(conn::ByteView(answer).first(read.bytes));
      if (stranger.reason == Reason::not_a_comet_node) return self->move_on();
      self->finish(stranger);
    });
  }

  void move_on() {
    stream_.reset();
    (this->*next_)();
  }
  void finish(std::optional<Failure> verdict) {
    timer_.reset();
    connecting_.reset();
    stream_.reset();
    if (const Done done = std::exchange(done_, nullptr)) done(std::move(verdict));
  }

  conn::Runtime& runtime_;
  conn::Shard& shard_;
  conn::Endpoint endpoint_;
  Done done_;
  Next next_ = nullptr;
  std::unique_ptr<conn::Timer> timer_;
  std::unique_ptr<conn::Pending> connecting_;
  std::unique_ptr<conn::Stream> stream_;
};

class Probe final : public std::enable_shared_from_this<Probe> {
 public:
  Probe(conn::Runtime& runtime, conn::Shard& shard, const conn::NodeKey& key,
        conn::HostAddress target, const ProbeOptions& options, ProbeDone done)
      : runtime_(runtime),
        shard_(shard),
        key_(key),
        options_(options),
        done_(std::move(done)),
        deadline_(shard.now() + options.timeout) {
    report_.target = std::move(target);
  }

  void start() {
    p2p::DialPlan plan;
    plan.host = report_.target.host;
    plan.port = report_.target.port;
    plan.expected = report_.target.id;
    if (options_.network) {
      plan.ours = our_info(*options_.network, {});
    } else {
      plan.ours = [](const p2p::NodeInfo& theirs) -> Result<p2p::NodeInfo> {
        return our_info(theirs.network, theirs);
      };
      plan.patience = p2p::kNetworkPatience;
    }
    plan.timeouts.resolve = options_.timeout;
    plan.deadline = deadline_;
    plan.reports = p2p::DialPlan::Reports::furthest;
    dial_ = p2p::DialAttempt::start(
        runtime_, shard_, std::make_shared<p2p::CometUpgrader>(runtime_, key_), std::move(plan),
        [weak = weak_from_this()](Result<p2p::Upgraded> outcome, const p2p::AttemptReport& seen) {
          if (const auto self = weak.lock()) self->on_dialled(std::move(outcome), seen);
        });
  }

 private:
  // A probe's own NodeInfo. Knowing theirs, it shares a channel with every node: a node
  // without peer exchange would otherwise turn us away.
  static p2p::NodeInfo our_info(const std::string& network,
                                const std::optional<p2p::NodeInfo>& theirs) {
    p2p::NodeInfo info;
    info.network = network;
    info.listen_addr = "tcp://0.0.0.0:0";  // no node can dial a probe
    info.version = PEERAGE_VERSION;
    info.moniker = "peerage-probe";
    info.channels = {conn::kPexChannel};
    if (theirs) {
      info.block_version = theirs->block_version;
      if (!theirs->has_channel(conn::kPexChannel)) info.channels = theirs->channels;
    }
    return info;
  }

  void on_dialled(Result<p2p::Upgraded> outcome, const p2p::AttemptReport& attempt) {
    report_.endpoint = attempt.remote;
    report_.resolved = attempt.resolved;
    report_.connected = attempt.connected;
    const p2p::UpgradeReport& seen = attempt.upgrade;
    report_.keys_exchanged = seen.keys_exchanged;
    if (seen.authenticated) {
      report_.authenticated = *seen.authenticated - *seen.keys_exchanged;
    }
    if (seen.node_info_received) {
      report_.node_info_received = *seen.node_info_received - *seen.authenticated;
    }
    report_.remote_id = seen.remote_id;
    report_.info = seen.remote_info;
    if (!outcome) {
      // Compatible, but without peer exchange: the node is proven.
      if (outcome.error().reason == Reason::no_common_channel) return without_pex();
      const bool stranger = outcome.error().reason == Reason::silent ||
                            outcome.error().reason == Reason::closed_before_key ||
                            outcome.error().reason == Reason::not_a_comet_node;
      return stranger ? look_again(outcome.error()) : fail_with(outcome.error());
    }
    if (!outcome->theirs.has_channel(conn::kPexChannel)) return without_pex();
    ask(std::move(*outcome));
  }

  void ask(p2p::Upgraded peer) {
    conn::PeerConnection::Events events;
    events.message = [weak = weak_from_this()](const conn::ChannelMessage& message) {
      if (const auto self = weak.lock()) self->on_pex(message.bytes);
    };
    events.closed = [weak = weak_from_this()](const Failure& why) {
      if (const auto self = weak.lock()) self->on_no_answer(why);
    };
    connection_ = peer.stream->open(shard_, {pex::kChannel}, {}, budget_, std::move(events));
    connection_->start();
    connection_->send(conn::kPexChannel, pex::encode_request());
    asked_ = shard_.now();
    timer_ = shard_.make_timer([weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->on_no_answer({Stage::established, p2p::PeerReason::answer_timed_out, {}});
      }
    });
    timer_->arm(std::min(asked_ + kPexTimeout, std::max(deadline_, asked_ + 1ms)));
  }

  void on_pex(conn::ByteView bytes) {
    auto message = pex::decode(bytes);
    if (!message) return on_no_answer(message.error());
    auto* list = std::get_if<pex::Addresses>(&*message);
    if (list == nullptr) return;  // it asks us, too; the answer is still to come
    report_.pex_answered = shard_.now() - asked_;
    report_.addresses = std::move(list->usable);
    report_.addresses_refused = list->refused;
    finish();
  }

  void on_no_answer(Failure why) {
    if (!done_) return;
    report_.pex_failure = std::move(why);
    finish();
  }

  void without_pex() {
    report_.pex_failure =
        Failure{Stage::established, Reason::no_common_channel, "it does not list channel 0x00"};
    finish();
  }

  void look_again(Failure first) {
    second_look_ = std::make_shared<SecondLook>(
        runtime_, shard_, *report_.endpoint,
        [weak = weak_from_this(), first = std::move(first)](std::optional<Failure> better) {
          if (const auto self = weak.lock()) self->fail_with(better ? *better : first);
        });
    second_look_->start();
  }

  void fail_with(Failure failure) {
    report_.failure = std::move(failure);
    finish();
  }

  void finish() {
    if (!done_) return;
    const ProbeDone done = std::exchange(done_, nullptr);
    timer_.reset();
    if (connection_) connection_->close();
    done(std::move(report_));
  }

  conn::Runtime& runtime_;
  conn::Shard& shard_;
  const conn::NodeKey& key_;
  ProbeOptions options_;
  ProbeDone done_;
  TimePoint deadline_;
  TimePoint asked_;
  ProbeReport report_;
  std::unique_ptr<conn::Pending> dial_;
  std::shared_ptr<SecondLook> second_look_;
  conn::ReassemblyBudget budget_;
  std::shared_ptr<conn::PeerConnection> connection_;
  std::unique_ptr<conn::Timer> timer_;
};

}  // namespace

std::unique_ptr<conn::Pending> start_probe(conn::Runtime& runtime, conn::Shard& shard,
                                           const conn::NodeKey& key, conn::HostAddress target,
                                           const ProbeOptions& options, ProbeDone done) {
  auto probe =
      std::make_shared<Probe>(runtime, shard, key, std::move(target), options, std::move(done));
  probe->start();
  return conn::pending_share(std::move(probe));
}

}  // namespace peerage::cmd
