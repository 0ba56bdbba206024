#include "tests/sim/discovery/eclipse/puppet.h"

#include <stdexcept>

#include "pex/discovery/record/cmt.h"

namespace peerage::sim::discovery {

namespace v4 = pex::v4;

Puppet::Puppet(SimHost& host, std::uint16_t port)
    : host_(host),
      at_{host.address(), port},
      key_(conn::Secp256k1Key::generate([&host](conn::MutableBytes into) { host.random(into); })),
      id_(pex::EnodeId::of(key_.public_key())) {
  auto socket = host.open_datagrams(host.shard(0), at_, v4::kMaxPacket);
  if (!socket) throw std::runtime_error("no socket for a puppet: " + socket.error().text());
  socket_ = std::move(*socket);
  socket_->when_readable([this] { receive(); });
}

v4::WireNode Puppet::wire_node() const {
  return {{at_.ip, at_.port, at_.port}, key().xy()};
}

const pex::EnrPtr& Puppet::record(std::string_view network) {
  if (record_) return record_;
  pex::Cmt cmt;
  cmt.node_id = conn::NodeId(conn::random_value<conn::ByteArray<conn::NodeId::kBytes>>(host_));
  cmt.networks = {std::string(network)};
  const auto record = pex::EnrBuilder()
                          .set_ip(at_.ip)
                          .set_number("udp", at_.port)
                          .set_number("tcp", at_.port)
                          .set("cmt", cmt.encode())
                          .sign(key_, 1);
  return record_ = *record;
}

std::uint64_t Puppet::expires() const {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(host_.wall_now().time_since_epoch());
  return static_cast<std::uint64_t>(now.count()) + 20;
}

conn::Bytes Puppet::sealed(const v4::Message& message) const {
  conn::Bytes packet = v4::encode(message);
  v4::sign(key_, packet);
  return packet;
}

v4::PacketHash Puppet::send(const Endpoint& to, const v4::Message& message) {
  conn::Bytes packet = v4::encode(message);
  const v4::PacketHash hash = v4::sign(key_, packet);
  const conn::Datagram datagram{to, packet};
  socket_->send({&datagram, 1});
  return hash;
}

v4::PacketHash Puppet::ping(const Endpoint& to) {
  v4::Ping ping;
  ping.from = {at_.ip, at_.port, at_.port};
  ping.to = {to.ip, to.port, 0};
  ping.expires = expires();
  ping.seq = 1;
  return send(to, ping);
}

void Puppet::pong(const Heard& ping) {
  v4::Pong pong;
  pong.to = {ping.from.ip, ping.from.port, 0};
  pong.ping = ping.hash;
  pong.expires = expires();
  pong.seq = 1;
  send(ping.from, pong);
}

void Puppet::receive() {
  for (const conn::Datagram& each : socket_->receive()) {
    const auto hash = v4::read_hash(each.bytes);
    const auto message = hash ? v4::decode(each.bytes) : std::nullopt;
    const auto sender = message ? v4::recover_sender(each.bytes) : std::nullopt;
    if (sender && on_heard) on_heard(*this, {each.peer, *sender, *hash, *message});
  }
  socket_->when_readable([this] { receive(); });
}

}  // namespace peerage::sim::discovery
