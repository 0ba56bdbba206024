// discv4 as bytes: packets of one message each, in and out. No state and no clock.
//
//   hash 32 ‖ signature 65 ‖ type 1 ‖ data        hash = keccak256 of all that follows it
//
// The hash tells this protocol's packets from anything else, and names the packet in answers. The
// sender's key is recovered from the signature. Reading goes in steps, the cheapest first, so that
// the caller can stop between them: read_hash, decode, recover_sender.
//
// Lenient as EIP-8 wants: the version is not looked at, further elements of a message and bytes
// after it are ignored. One leniency more: a port may have leading zeros, 2 bytes at most in all
// (@ethereumjs/devp2p sends port 80 as two bytes). Whether a time is over is for the caller to
// judge: `expires` is only read.
//
// Source: ethereum/devp2p discv4.md, EIP-8, EIP-868; vectors in
// spec/vectors/discovery/discv4_eip8.json. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "conn/address/ip_address.h"
#include "conn/crypto/secp256k1.h"

namespace peerage::pex::v4 {

inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kSignatureBytes = 65;
inline constexpr std::size_t kHeadBytes = kHashBytes + kSignatureBytes;
inline constexpr std::size_t kMinPacket = kHeadBytes + 1;
inline constexpr std::size_t kMaxPacket = 1280;
inline constexpr std::uint64_t kVersion = 4;
// 13 of IPv6 would make a packet of 1 292 bytes.
inline constexpr std::size_t kNodesInPacket = 12;
inline constexpr std::size_t kNodesInAnswer = 16;

using PacketHash = conn::ByteArray<kHashBytes>;
using WireKey = conn::ByteArray<64>;  // x, y; any bytes

struct WireEndpoint {
  std::optional<conn::IpAddress> ip;  // none: something else than 4 or 16 bytes stood there
  std::uint16_t udp = 0;
  std::uint16_t tcp = 0;

  auto operator<=>(const WireEndpoint&) const = default;
};
struct WireNode {
  WireEndpoint endpoint;
  WireKey key{};

  auto operator<=>(const WireNode&) const = default;
};

// Times are Unix seconds; `seq` is the sender's record's (EIP-868), absent in old nodes.
struct Ping {
  std::uint64_t version = kVersion;
  WireEndpoint from;
  WireEndpoint to;
  std::uint64_t expires = 0;
  std::optional<std::uint64_t> seq = {};

  auto operator<=>(const Ping&) const = default;
};
struct Pong {
  WireEndpoint to;
  PacketHash ping{};
  std::uint64_t expires = 0;
  std::optional<std::uint64_t> seq = {};

  auto operator<=>(const Pong&) const = default;
};
struct FindNode {
  WireKey target{};
  std::uint64_t expires = 0;

  auto operator<=>(const FindNode&) const = default;
};
struct Neighbors {
  std::vector<WireNode> nodes;
  std::uint64_t expires = 0;

  auto operator<=>(const Neighbors&) const = default;
};
struct EnrRequest {
  std::uint64_t expires = 0;

  auto operator<=>(const EnrRequest&) const = default;
};
// The only one without a time.
struct EnrResponse {
  PacketHash request{};
  conn::Bytes record;  // one RLP item, unchecked

  auto operator<=>(const EnrResponse&) const = default;
};

// In the order of their types, 1 to 6.
using Message = std::variant<Ping, Pong, FindNode, Neighbors, EnrRequest, EnrResponse>;

// None: this is no packet of discv4.
std::optional<PacketHash> read_hash(conn::ByteView datagram);
// The message of a packet whose hash was read; none: it is none that we know.
std::optional<Message> decode(conn::ByteView packet);
// None for ENRResponse.
std::optional<std::uint64_t> expires(const Message& message) noexcept;
// Who has signed a packet whose hash was read; none: nobody.
std::optional<conn::Secp256k1PublicKey> recover_sender(conn::ByteView packet);

// The packet but for its head, which `sign` fills in: its size is known before that is paid for.
conn::Bytes encode(const Message& message);
// The hash that answers will name. With another salt the same message is another packet: peers drop
// one that they have just seen.
PacketHash sign(const conn::Secp256k1Key& key, conn::Bytes& packet,
                const conn::ByteArray<32>& salt = {});

}  // namespace peerage::pex::v4
