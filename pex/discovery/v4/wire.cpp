#include "pex/discovery/v4/wire.h"

#include <algorithm>

#include "conn/crypto/keccak.h"
#include "pex/discovery/record/rlp.h"

namespace peerage::pex::v4 {

using conn::Bytes;
using conn::ByteView;
using conn::IpAddress;

namespace {

// --- in ---

std::optional<IpAddress> ip_of(ByteView bytes) {
  if (bytes.size() == 4) return IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
  if (bytes.size() != 16) return std::nullopt;
  conn::ByteArray<16> whole;
  std::copy(bytes.begin(), bytes.end(), whole.begin());
  return IpAddress::v6(whole);
}

std::optional<std::uint16_t> read_port(RlpReader& items) {
  const auto bytes = items.string();
  if (!bytes || bytes->size() > 2) return std::nullopt;
  unsigned port = 0;
  for (const std::uint8_t byte : *bytes) port = port << 8 | byte;
  return static_cast<std::uint16_t>(port);
}

// The three items that an endpoint and a node begin with.
std::optional<WireEndpoint> read_endpoint(RlpReader& items) {
  const auto ip = items.string();
  if (!ip) return std::nullopt;
  const auto udp = read_port(items);
  const auto tcp = udp ? read_port(items) : std::nullopt;
  if (!tcp) return std::nullopt;
  return WireEndpoint{ip_of(*ip), *udp, *tcp};
}

std::optional<WireEndpoint> read_endpoint_list(RlpReader& items) {
  auto list = items.list();
  if (!list) return std::nullopt;
  const auto endpoint = read_endpoint(*list);
  if (!endpoint || !list->at_end()) return std::nullopt;
  return endpoint;
}

std::optional<WireNode> read_node(RlpReader& nodes) {
  auto list = nodes.list();
  if (!list) return std::nullopt;
  const auto endpoint = read_endpoint(*list);
  const auto key = endpoint ? list->bytes<64>() : std::nullopt;
  if (!key || !list->at_end()) return std::nullopt;
  return WireNode{*endpoint, *key};
}

// An element that old nodes leave out. False: there is one, and it is no number.
bool read_seq(RlpReader& items, std::optional<std::uint64_t>& seq) {
  if (items.at_end()) return true;
  seq = items.number();
  return seq.has_value();
}

std::optional<Message> read_ping(RlpReader items) {
  Ping ping;
  const auto version = items.number();
  const auto from = version ? read_endpoint_list(items) : std::nullopt;
  const auto to = from ? read_endpoint_list(items) : std::nullopt;
  const auto expires = to ? items.number() : std::nullopt;
  if (!expires || !read_seq(items, ping.seq)) return std::nullopt;
  ping.version = *version;
  ping.from = *from;
  ping.to = *to;
  ping.expires = *expires;
  return ping;
}

std::optional<Message> read_pong(RlpReader items) {
  Pong pong;
  const auto to = read_endpoint_list(items);
  const auto hash = to ? items.bytes<kHashBytes>() : std::nullopt;
  const auto expires = hash ? items.number() : std::nullopt;
  if (!expires || !read_seq(items, pong.seq)) return std::nullopt;
  pong.to = *to;
  pong.ping = *hash;
  pong.expires = *expires;
  return pong;
}

std::optional<Message> read_find_node(RlpReader items) {
  const auto target = items.bytes<64>();
  const auto expires = target ? items.number() : std::nullopt;
  if (!expires) return std::nullopt;
  return FindNode{*target, *expires};
}

std::optional<Message> read_neighbors(RlpReader items) {
  auto nodes = items.list();
  if (!nodes) return std::nullopt;
  Neighbors neighbors;
  while (!nodes->at_end()) {
    const auto node = read_node(*nodes);
    if (!node) return std::nullopt;
    neighbors.nodes.push_back(*node);
  }
  const auto expires = items.number();
  if (!expires) return std::nullopt;
  neighbors.expires = *expires;
  return neighbors;
}

std::optional<Message> read_enr_request(RlpReader items) {
  const auto expires = items.number();
  if (!expires) return std::nullopt;
  return EnrRequest{*expires};
}

std::optional<Message> read_enr_response(RlpReader items) {
  const auto hash = items.bytes<kHashBytes>();
  const auto record = hash ? items.item() : std::nullopt;
  if (!record) return std::nullopt;
  return EnrResponse{*hash, Bytes(record->whole.begin(), record->whole.end())};
}

// --- out ---

void write(RlpWriter& out, const IpAddress& ip) {
  if (ip.is_v4()) {
    out.string(ip.v4_bytes());
  } else {
    out.string(ip.bytes());
  }
}

// The IP is 4 or 16 bytes, always: others send to it, or refuse an empty one.
void write_items(RlpWriter& out, const WireEndpoint& endpoint) {
  write(out, endpoint.ip.value_or(IpAddress::v4(0, 0, 0, 0)));
  out.number(endpoint.udp).number(endpoint.tcp);
}

void write_list(RlpWriter& out, const WireEndpoint& endpoint) {
  out.open();
  write_items(out, endpoint);
  out.close();
}

void write_message(RlpWriter& out, const Ping& ping) {
  out.number(ping.version);
  write_list(out, ping.from);
  write_list(out, ping.to);
  out.number(ping.expires);
  if (ping.seq) out.number(*ping.seq);
}

void write_message(RlpWriter& out, const Pong& pong) {
  write_list(out, pong.to);
  out.string(pong.ping).number(pong.expires);
  if (pong.seq) out.number(*pong.seq);
}

void write_message(RlpWriter& out, const FindNode& find) {
  out.string(find.target).number(find.expires);
}

void write_message(RlpWriter& out, const Neighbors& neighbors) {
  out.open();
  for (const WireNode& node : neighbors.nodes) {
    out.open();
    write_items(out, node.endpoint);
    out.string(node.key).close();
  }
  out.close().number(neighbors.expires);
}

void write_message(RlpWriter& out, const EnrRequest& request) {
  out.number(request.expires);
}

void write_message(RlpWriter& out, const EnrResponse& response) {
  out.string(response.request).raw(response.record);
}

}  // namespace

std::optional<PacketHash> read_hash(ByteView datagram) {
  if (datagram.size() < kMinPacket || datagram.size() > kMaxPacket) return std::nullopt;
  const PacketHash hash = conn::keccak256(datagram.subspan(kHashBytes));
  if (!std::equal(hash.begin(), hash.end(), datagram.begin())) return std::nullopt;
  return hash;
}

std::optional<Message> decode(ByteView packet) {
  const auto items = RlpReader::list(packet.subspan(kMinPacket));
  if (!items) return std::nullopt;
  switch (packet[kHeadBytes]) {
    case 1:
      return read_ping(*items);
    case 2:
      return read_pong(*items);
    case 3:
      return read_find_node(*items);
    case 4:
      return read_neighbors(*items);
    case 5:
      return read_enr_request(*items);
    case 6:
      return read_enr_response(*items);
    default:
      return std::nullopt;
  }
}

std::optional<std::uint64_t> expires(const Message& message) noexcept {
  return std::visit(
      [](const auto& each) -> std::optional<std::uint64_t> {
        if constexpr (requires { each.expires; }) {
          return each.expires;
        } else {
          return std::nullopt;
        }
      },
      message);
}

std::optional<conn::Secp256k1PublicKey> recover_sender(ByteView packet) {
  const auto hash = conn::keccak256(packet.subspan(kHeadBytes));
  return conn::Secp256k1PublicKey::recover(hash, packet.subspan<kHashBytes, kSignatureBytes>());
}

Bytes encode(const Message& message) {
  RlpWriter out;
  out.open();
  std::visit([&out](const auto& each) { write_message(out, each); }, message);
  out.close();
  const Bytes data = out.take();
  Bytes packet(kMinPacket + data.size());
  packet[kHeadBytes] = static_cast<std::uint8_t>(message.index() + 1);
  std::copy(data.begin(), data.end(), packet.begin() + kMinPacket);
  return packet;
}

PacketHash sign(const conn::Secp256k1Key& key, Bytes& packet, const conn::ByteArray<32>& salt) {
  const ByteView whole = packet;
  const auto signature = key.sign_recoverable(conn::keccak256(whole.subspan(kHeadBytes)), salt);
  std::copy(signature.begin(), signature.end(), packet.begin() + kHashBytes);
  const PacketHash hash = conn::keccak256(whole.subspan(kHashBytes));
  std::copy(hash.begin(), hash.end(), packet.begin());
  return hash;
}

}  // namespace peerage::pex::v4
