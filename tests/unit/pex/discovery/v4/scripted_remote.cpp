#include "tests/unit/pex/discovery/v4/scripted_remote.h"

#include <algorithm>
#include <stdexcept>

#include "conn/crypto/keccak.h"

namespace peerage::test {
namespace {

using conn::ByteArray;
using conn::Bytes;
using conn::ByteView;
using pex::RlpReader;
using pex::RlpWriter;

constexpr std::size_t kHash = 32;
constexpr std::size_t kSignature = 65;

template <class T>
T need(std::optional<T> read, const char* what) {
  if (!read) throw std::runtime_error(what);
  return *std::move(read);
}

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes whole;
  for (const ByteView part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

void write_endpoint(RlpWriter& to, const conn::Endpoint& endpoint, std::uint16_t tcp) {
  to.string(endpoint.ip.v4_bytes()).number(endpoint.port).number(tcp);
}

RlpReader items(const RemotePacket& packet) {
  return need(RlpReader::list(packet.data), "the data are no list");
}

conn::Secp256k1Key key_of(std::string_view name) {
  const ByteArray<32> secret = conn::keccak256(conn::as_bytes(name));
  return need(conn::Secp256k1Key::from_secret(conn::Secret<32>(secret)), "no key");
}

}  // namespace

RemotePacket RemotePacket::read(ByteView datagram) {
  if (datagram.size() < kHash + kSignature + 1) throw std::runtime_error("the packet is too short");
  const ByteArray<32> hash = ScriptedRemote::hash_of(datagram);
  if (conn::keccak256(datagram.subspan(kHash)) != hash) throw std::runtime_error("a wrong hash");
  const ByteView signed_part = datagram.subspan(kHash + kSignature);
  const auto signature = datagram.subspan(kHash).first<kSignature>();
  return {
      hash,
      need(conn::Secp256k1PublicKey::recover(conn::keccak256(signed_part), signature), "no signer"),
      signed_part[0], Bytes(signed_part.begin() + 1, signed_part.end())};
}

ByteArray<32> RemotePacket::answers() const {
  RlpReader list = items(*this);
  if (type == pong) need(list.item(), "no endpoint");
  return need(list.bytes<32>(), "no hash");
}

conn::Endpoint RemotePacket::to() const {
  RlpReader list = items(*this);
  RlpReader endpoint = need(list.list(), "no endpoint");
  const auto ip = need(endpoint.bytes<4>(), "no IPv4 address");
  return {conn::IpAddress::v4(ip[0], ip[1], ip[2], ip[3]),
          static_cast<std::uint16_t>(need(endpoint.number(0xffff), "no port"))};
}

std::vector<ByteArray<64>> RemotePacket::nodes() const {
  RlpReader list = items(*this);
  RlpReader told = need(list.list(), "no nodes");
  std::vector<ByteArray<64>> keys;
  while (!told.at_end()) {
    RlpReader node = need(told.list(), "no node");
    for (int i = 0; i < 3; ++i) need(node.item(), "no endpoint");
    keys.push_back(need(node.bytes<64>(), "no key"));
  }
  return keys;
}

Bytes RemotePacket::record() const {
  RlpReader list = items(*this);
  need(list.item(), "no hash");
  const pex::RlpItem record = need(list.item(), "no record");
  return {record.whole.begin(), record.whole.end()};
}

std::uint64_t RemotePacket::expiry() const {
  // How many items stand before it.
  const int before = type == ping ? 3 : type == pong ? 2 : type == enr_request ? 0 : 1;
  RlpReader list = items(*this);
  for (int i = 0; i < before; ++i) need(list.item(), "an item is missing");
  return need(list.number(), "no time");
}

ScriptedRemote::ScriptedRemote(std::string_view name) : key_(key_of(name)) {}

Bytes ScriptedRemote::packet(std::uint8_t type, ByteView data) const {
  const Bytes signed_part = joined({ByteView(&type, 1), data});
  const Bytes hashed = joined({key_.sign_recoverable(conn::keccak256(signed_part)), signed_part});
  return joined({conn::keccak256(hashed), hashed});
}

ByteArray<32> ScriptedRemote::hash_of(ByteView datagram) {
  ByteArray<32> hash{};
  std::copy_n(datagram.begin(), hash.size(), hash.begin());
  return hash;
}

Bytes ScriptedRemote::ping(const Ping& ping) {
  RlpWriter list;
  list.open().number(4);
  for (const conn::Endpoint& endpoint : {ping.from, ping.to}) {
    list.open();
    write_endpoint(list, endpoint, 0);
    list.close();
  }
  return list.number(ping.expiry).raw(ping.extra).close().take();
}

Bytes ScriptedRemote::pong(const conn::Endpoint& to, const ByteArray<32>& ping,
                           std::uint64_t expiry) {
  RlpWriter list;
  list.open().open();
  write_endpoint(list, to, 0);
  return list.close().string(ping).number(expiry).close().take();
}

Bytes ScriptedRemote::find_node(const ByteArray<64>& target, std::uint64_t expiry) {
  return RlpWriter().open().string(target).number(expiry).close().take();
}

Bytes ScriptedRemote::enr_request(std::uint64_t expiry) {
  return RlpWriter().open().number(expiry).close().take();
}

Bytes ScriptedRemote::neighbors(const std::vector<Node>& nodes, std::uint64_t expiry) {
  RlpWriter list;
  list.open().open();
  for (const Node& node : nodes) {
    list.open();
    write_endpoint(list, node.at, node.at.port);
    list.string(node.key).close();
  }
  return list.close().number(expiry).close().take();
}

}  // namespace peerage::test
