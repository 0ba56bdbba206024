#include "cmd/discovery/who_answers.h"

#include <map>
#include <utility>

#include "conn/runtime/pending_share.h"
#include "pex/discovery/discovery_reason.h"
#include "pex/discovery/v4/wire.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
namespace v4 = pex::v4;

constexpr unsigned kTries = 3;
constexpr conn::Duration kPingLasts = 60s;  // by its own word: clocks differ

class WhoAnswers final : public std::enable_shared_from_this<WhoAnswers> {
 public:
  WhoAnswers(conn::Runtime& runtime, conn::Shard& shard, const conn::Endpoint& at,
             conn::Duration timeout, AnswererFound done)
      : runtime_(runtime),
        shard_(shard),
        at_(at),
        pause_(timeout / kTries),
        done_(std::move(done)),
        key_(conn::Secp256k1Key::generate(
            [&runtime](conn::MutableBytes into) { runtime.random(into); })) {}

  void start() {
    timer_ = shard_.make_timer([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->ping();
    });
    timer_->arm(shard_.now());
    const conn::IpAddress any =
        at_.ip.is_v4() ? conn::IpAddress::v4(0, 0, 0, 0) : conn::IpAddress();
    auto socket = runtime_.open_datagrams(shard_, {any, 0}, v4::kMaxPacket + 1);
    if (!socket) {
      no_socket_ = socket.error();
      return;
    }
    socket_ = std::move(*socket);
    listen();
  }

 private:
  void ping() {
    if (no_socket_) return finish(tl::unexpected(*no_socket_));
    if (tries_++ == kTries) {
      return finish(conn::fail(conn::Stage::connect, pex::DiscoveryReason::no_answer));
    }
    v4::Ping ping;
    ping.from.ip = conn::IpAddress::v4(0, 0, 0, 0);
    ping.to = {at_.ip, at_.port, 0};
    const auto until = runtime_.wall_now() + kPingLasts;
    ping.expires = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::seconds>(until).time_since_epoch().count());
    // Within one second they would be one packet, which is dropped as a repeat.
    ping.from.tcp = static_cast<std::uint16_t>(tries_);
    conn::Bytes packet = v4::encode(ping);
    sent_[v4::sign(key_, packet)] = shard_.now();
    const conn::Datagram datagram{at_, packet};
    socket_->send({&datagram, 1});
    timer_->arm(shard_.now() + pause_);
  }

  void listen() {
    socket_->when_readable([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      for (const conn::Datagram& datagram : self->socket_->receive()) {
        if (self->take(datagram)) return;
      }
      self->listen();
    });
  }

  // Whether it was the answer.
  bool take(const conn::Datagram& datagram) {
    if (datagram.peer.ip != at_.ip || datagram.bytes.size() > v4::kMaxPacket) return false;
    if (!v4::read_hash(datagram.bytes)) return false;
    const auto message = v4::decode(datagram.bytes);
    const auto* pong = message ? std::get_if<v4::Pong>(&*message) : nullptr;
    const auto sent = pong == nullptr ? sent_.end() : sent_.find(pong->ping);
    if (sent == sent_.end()) return false;
    const auto key = v4::recover_sender(datagram.bytes);
    if (!key) return false;
    Answerer answerer{*key,
                      {.round_trip = shard_.now() - sent->second,
                       .sees_us_at = {},
                       .seq = pong->seq.value_or(0)}};
    if (pong->to.ip) answerer.answer.sees_us_at = {*pong->to.ip, pong->to.udp};
    finish(answerer);
    return true;
  }

  void finish(conn::Result<Answerer> outcome) {
    timer_.reset();
    socket_.reset();
    if (const AnswererFound done = std::exchange(done_, nullptr)) done(std::move(outcome));
  }

  conn::Runtime& runtime_;
  conn::Shard& shard_;
  conn::Endpoint at_;
  conn::Duration pause_;
  AnswererFound done_;
  conn::Secp256k1Key key_;
  unsigned tries_ = 0;
  std::optional<conn::Failure> no_socket_;
  std::map<v4::PacketHash, conn::TimePoint> sent_;
  std::unique_ptr<conn::DatagramSocket> socket_;
  std::unique_ptr<conn::Timer> timer_;
};

}  // namespace

std::unique_ptr<conn::Pending> start_who_answers(conn::Runtime& runtime, conn::Shard& shard,
                                                 const conn::Endpoint& at, conn::Duration timeout,
                                                 AnswererFound done) {
  auto asking = std::make_shared<WhoAnswers>(runtime, shard, at, timeout, std::move(done));
  asking->start();
  return conn::pending_share(std::move(asking));
}

}  // namespace peerage::cmd
