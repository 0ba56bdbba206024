#include "tests/sim/go/go_reactor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <utility>

#include "p2p/base/peer_reason.h"
#include "pex/exchange/messages.h"

namespace peerage::sim::go {

using conn::NetAddress;
using conn::Reason;

namespace {

// A generator of its own, so that a selection of 250 does not ask the runtime 250 times.
GoBook::Random random_of(conn::Runtime& runtime) {
  std::uint8_t bytes[8];
  runtime.random(bytes);
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes, sizeof seed);
  return [spread = std::make_shared<std::mt19937_64>(seed)] { return (*spread)(); };
}

// Where a peer says that it listens, 0.0.0.0 included; none if it is a name.
std::optional<NetAddress> reported_by(const p2p::Peer& peer) {
  const auto parts = conn::split_host_port(peer.info().listen_addr);
  if (!parts) return std::nullopt;
  const auto ip = conn::IpAddress::parse(parts->host);
  if (!ip) return std::nullopt;
  return NetAddress{peer.id(), {*ip, parts->port}};
}

std::optional<NetAddress> literal(const conn::HostAddress& address) {
  const auto ip = conn::IpAddress::parse(address.host);
  if (!ip) return std::nullopt;
  return NetAddress{address.id, {*ip, address.port}};
}

GoPex::DialEnd end_of(Reason reason) {
  using p2p::PeerReason;
  static constexpr std::array kBusy = {PeerReason::duplicate_id, PeerReason::already_dialling,
                                       PeerReason::lost_simultaneous_dial,
                                       PeerReason::too_many_from_address};
  if (std::find(kBusy.begin(), kBusy.end(), reason) != kBusy.end()) return GoPex::DialEnd::busy;
  const bool is_us = reason == PeerReason::own_address || reason == Reason::connected_to_self;
  return is_us ? GoPex::DialEnd::ourselves : GoPex::DialEnd::failed;
}

}  // namespace

p2p::SwitchConfig as_go(p2p::SwitchConfig config) {
  p2p::P2pConfig& p2p = config.p2p;
  config.full_inbound = p2p::FullInbound::refuse;
  config.sticky_redial = p2p::StickyRedial::no;
  config.failed_address_max_pause = conn::Duration(0);
  config.connection_rate.interval = conn::Duration(0);
  config.connection_rate.failed_authentication_pause = conn::Duration(0);
  config.half_open.total = std::max<std::size_t>(p2p.max_num_inbound_peers, 1);
  // A handshake under way counts for its address.
  config.half_open.per_host = p2p.allow_duplicate_ip ? config.half_open.total : 1;
  config.half_open.per_neighbourhood = config.half_open.total;
  // The reactor alone decides how many are dialled.
  p2p.max_num_outbound_peers = 100'000;
  // Both are fixed in the Go node, whatever its file says. A handshake has twice 3 s; we allow 5 s.
  p2p.dial_timeout = 1s;
  p2p.handshake_timeout = 6s;
  return config;
}

GoReactor::GoReactor(conn::Runtime& runtime, Settings settings,
                     const std::vector<GoBook::Row>& rows)
    : control_(runtime.shard(0)),
      random_(random_of(runtime)),
      book_(std::move(settings.book), random_, rows),
      pex_(std::move(settings.pex), book_, random_),
      request_(std::make_shared<const conn::Bytes>(pex::encode_request())) {}

void GoReactor::attach(p2p::Switch& node, const std::shared_ptr<GoReactor>& pex) {
  node.add_reactor(pex);
  node.on_event([pex](const p2p::SwitchEvent& event) { pex->on_event(event); });
}

std::vector<p2p::ReactorChannel> GoReactor::channels() const {
  return {p2p::ReactorChannel::from(pex::kChannel)};
}

void GoReactor::start(p2p::ReactorContext& context) {
  context_ = &context;
  timer_ = control_.make_timer([this] {
    armed_for_.reset();
    act(pex_.on_time(control_.now()));
  });
}

void GoReactor::stop() {
  timer_.reset();
  context_ = nullptr;
}

void GoReactor::on_event(const p2p::SwitchEvent& event) {
  if (context_ == nullptr) return;
  const conn::TimePoint now = control_.now();
  if (std::holds_alternative<p2p::Started>(event)) {
    act(pex_.start(now));
  } else if (std::holds_alternative<p2p::Stopping>(event)) {
    stop();
  } else if (const auto* dialled = std::get_if<p2p::Dialled>(&event)) {
    if (const auto target = literal(dialled->target)) pex_.on_dial_of_others(*target);
  } else if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) {
    const auto target = literal(failed->target);
    if (target) act(pex_.on_dial_failed(*target, end_of(failed->failure.reason), now));
  } else if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    const p2p::Peer& peer = *connected->peer;
    peers_[peer.id()] = connected->peer;
    act(pex_.on_peer(
        {peer.id(), peer.direction(), peer.socket().ip, reported_by(peer), peer.persistent()},
        now));
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    peers_.erase(gone->peer->id());
    pex_.on_gone(gone->peer->id());
  }
}

void GoReactor::receive(const p2p::PeerPtr& peer, p2p::Message message) {
  auto shared = std::make_shared<p2p::Message>(std::move(message));
  control_.post([self = shared_from_this(), peer, shared] { self->on_message(peer, *shared); });
}

void GoReactor::on_message(const p2p::PeerPtr& peer, const p2p::Message& message) {
  const auto known = peers_.find(peer->id());
  if (context_ == nullptr || known == peers_.end() || known->second != peer) return;
  const conn::TimePoint now = control_.now();
  const auto decoded = pex::decode(message.bytes);
  if (!decoded) {
    act(pex_.on_malformed(peer->id(), now));
  } else if (const auto* list = std::get_if<pex::Addresses>(&*decoded)) {
    // One invalid entry costs the whole list.
    act(list->refused > 0 ? pex_.on_malformed(peer->id(), now)
                          : pex_.on_addresses(peer->id(), list->usable, now));
  } else {
    act(pex_.on_request(peer->id(), now));
  }
}

void GoReactor::act(const GoPex::Actions& actions) {
  for (const GoPex::Action& each : actions) act(each);
  const auto deadline = pex_.deadline();
  if (!timer_ || deadline == armed_for_) return;
  armed_for_ = deadline;
  if (deadline) {
    timer_->arm(*deadline);
  } else {
    timer_->cancel();
  }
}

void GoReactor::act(const GoPex::Action& action) {
  p2p::Switch& node = context_->get_switch();
  const auto send = [this](const conn::NodeId& to, conn::SharedBytes bytes) {
    const auto peer = peers_.find(to);
    if (peer != peers_.end()) peer->second->try_send(conn::kPexChannel, std::move(bytes));
  };
  if (const auto* dial = std::get_if<GoPex::Dial>(&action)) {
    node.dial(conn::HostAddress::of(dial->target));
  } else if (const auto* ask = std::get_if<GoPex::Ask>(&action)) {
    send(ask->peer, request_);
  } else if (const auto* answer = std::get_if<GoPex::Answer>(&action)) {
    send(answer->peer,
         std::make_shared<const conn::Bytes>(pex::encode_addresses(answer->addresses)));
  } else if (const auto* stop = std::get_if<GoPex::Stop>(&action)) {
    node.stop_peer(stop->peer, {conn::Stage::established, p2p::PeerReason::misbehaved, stop->why});
  } else if (const auto* part = std::get_if<GoPex::Part>(&action)) {
    node.disconnect(part->peer);
  }
}

}  // namespace peerage::sim::go
