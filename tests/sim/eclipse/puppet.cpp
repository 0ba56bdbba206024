#include "tests/sim/eclipse/puppet.h"

#include <utility>

#include "conn/base/reassembly_budget.h"
#include "p2p/connect/upgrade.h"
#include "pex/exchange/messages.h"

namespace peerage::sim::eclipse {
namespace {

conn::ReassemblyBudget& budget() {
  static conn::ReassemblyBudget all(std::size_t{1} << 40);
  return all;
}

conn::ConnectionConfig connection_config() {
  conn::ConnectionConfig config;
  config.liveness.ping_interval = kPingInterval;
  return config;
}

std::vector<conn::ChannelDescriptor> channels() {
  conn::ChannelDescriptor gossip;
  gossip.id = kGossipChannel;
  return {pex::kChannel, gossip};
}

p2p::NodeInfo info_of(const Puppet::Role& role) {
  p2p::NodeInfo info;
  info.node_id = role.key->id().to_string();
  info.listen_addr = role.listen_addr;
  info.network = kNetwork;
  info.version = "0.38.25";
  info.channels = {conn::kPexChannel, kGossipChannel};
  info.moniker = "node";
  info.tx_index = "off";
  return info;
}

}  // namespace

KeyPtr numbered_key(std::uint64_t number) {
  conn::ByteArray<32> seed{};
  for (std::size_t i = 0; i < 8; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
  seed[31] = 7;
  return std::make_shared<const conn::NodeKey>(conn::NodeKey::from_seed(conn::Secret<32>(seed)));
}

Puppet::Puppet(SimHost& host, Role role, Owner& owner, p2p::Direction direction)
    : host_(host), role_(std::move(role)), owner_(&owner), direction_(direction) {}

Puppet::~Puppet() = default;

std::shared_ptr<Puppet> Puppet::answer(SimHost& host, std::unique_ptr<conn::Stream> stream,
                                       Role role, Owner& owner) {
  auto puppet = std::make_shared<Puppet>(host, std::move(role), owner, p2p::Direction::inbound);
  puppet->upgrade(std::move(stream), std::nullopt);
  return puppet;
}

std::shared_ptr<Puppet> Puppet::dial(SimHost& host, const conn::IpAddress& from,
                                     const conn::NetAddress& to, Role role, Owner& owner) {
  auto puppet = std::make_shared<Puppet>(host, std::move(role), owner, p2p::Direction::outbound);
  puppet->pending_ = host.connect(host.shard(0), conn::Route(to.endpoint, from), 3s,
                                  [weak = std::weak_ptr(puppet), id = to.id](auto stream) {
                                    const auto self = weak.lock();
                                    if (!self) return;
                                    if (stream) {
                                      self->upgrade(std::move(*stream), id);
                                    } else {
                                      self->end();
                                    }
                                  });
  return puppet;
}

void Puppet::upgrade(std::unique_ptr<conn::Stream> stream, std::optional<conn::NodeId> expected) {
  conn::Shard& shard = host_.shard(0);
  p2p::HandshakePlan plan;
  plan.ours = info_of(role_);
  plan.expected = expected;
  plan.deadline = shard.now() + p2p::kHandshakeTimeout;
  conn::Secret<32> ephemeral;
  host_.random(ephemeral.writable());
  pending_ = p2p::Upgrade::start(
      shard, std::move(stream), p2p::Handshake(*role_.key, std::move(ephemeral), std::move(plan)),
      [weak = weak_from_this()](conn::Result<p2p::Upgraded> upgraded, const auto&) {
        const auto self = weak.lock();
        if (!self) return;
        if (upgraded) {
          self->on_upgraded(std::move(*upgraded));
        } else {
          self->end();
        }
      });
}

void Puppet::on_upgraded(p2p::Upgraded upgraded) {
  conn::PeerConnection::Events events;
  events.message = [weak = weak_from_this()](const conn::ChannelMessage& message) {
    if (const auto self = weak.lock()) self->on_message(message);
  };
  events.closed = [weak = weak_from_this()](const conn::Failure&) {
    if (const auto self = weak.lock()) self->end();
  };
  connection_ = upgraded.stream->open(host_.shard(0), channels(), connection_config(), budget(),
                                      std::move(events));
  connection_->start();
  if (owner_ != nullptr) owner_->on_ready(*this);
}

void Puppet::on_message(const conn::ChannelMessage& message) {
  if (message.channel != conn::kPexChannel || owner_ == nullptr) return;
  // A request has no content; an answer is its owner's to read.
  if (message.bytes == pex::encode_request()) {
    owner_->on_request(*this);
  } else {
    owner_->on_list(*this, message.bytes);
  }
}

void Puppet::ask() {
  if (connection_) connection_->send(conn::kPexChannel, pex::encode_request());
}

void Puppet::give(const std::vector<conn::NetAddress>& addresses) {
  if (connection_) connection_->send(conn::kPexChannel, pex::encode_addresses(addresses));
}

void Puppet::gossip() {
  if (connection_) connection_->send(kGossipChannel, conn::Bytes{1});
}

void Puppet::gossip_for_ever() {
  gossip();
  if (!timer_) {
    timer_ = host_.shard(0).make_timer([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->gossip_for_ever();
    });
  }
  timer_->arm(host_.shard(0).now() + kGossipPause);
}

void Puppet::close() {
  timer_.reset();
  if (connection_) {
    connection_->close();
  } else {
    pending_.reset();
    host_.shard(0).post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end();
    });
  }
}

void Puppet::end() {
  timer_.reset();
  if (Owner* owner = std::exchange(owner_, nullptr)) owner->on_end(*this);
}

}  // namespace peerage::sim::eclipse
