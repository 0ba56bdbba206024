// A discv4 node whose every byte a test writes.
//
// It encodes and decodes on its own, straight from the text of the protocol, and shares nothing
// with the code under test but RLP, Keccak and the curve.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "conn/address/ip_address.h"
#include "conn/crypto/secp256k1.h"
#include "pex/discovery/record/rlp.h"

namespace peerage::test {

// What a packet of the other side says, taken apart.
struct RemotePacket {
  enum Type : std::uint8_t {
    ping = 1,
    pong = 2,
    find_node = 3,
    neighbors = 4,
    enr_request = 5,
    enr_response = 6
  };
  conn::ByteArray<32> hash{};
  conn::Secp256k1PublicKey signer;
  std::uint8_t type = 0;
  conn::Bytes data;  // the list, and what follows it

  // Throws unless hash and signature are right.
  static RemotePacket read(conn::ByteView datagram);

  // Of a Pong or an ENRResponse: the hash that it answers.
  conn::ByteArray<32> answers() const;
  // Of a Pong: where it says that the ping came from. Its TCP port is of no meaning.
  conn::Endpoint to() const;
  // Of Neighbors: the keys of the nodes that it names.
  std::vector<conn::ByteArray<64>> nodes() const;
  // Of an ENRResponse: the record.
  conn::Bytes record() const;
  std::uint64_t expiry() const;
};

class ScriptedRemote {
 public:
  // The same key for the same name.
  explicit ScriptedRemote(std::string_view name);

  const conn::Secp256k1PublicKey& key() const noexcept { return key_.public_key(); }

  // A whole datagram. Its hash is the first 32 bytes.
  conn::Bytes packet(std::uint8_t type, conn::ByteView data) const;
  static conn::ByteArray<32> hash_of(conn::ByteView datagram);

  // The data of each message. `extra` is encoded items that a later version might add to the list.
  struct Ping {
    conn::Endpoint from, to;
    std::uint64_t expiry = 0;
    conn::Bytes extra{};
  };
  static conn::Bytes ping(const Ping& ping);
  static conn::Bytes pong(const conn::Endpoint& to, const conn::ByteArray<32>& ping,
                          std::uint64_t expiry);
  static conn::Bytes find_node(const conn::ByteArray<64>& target, std::uint64_t expiry);
  static conn::Bytes enr_request(std::uint64_t expiry);
  struct Node {
    conn::Endpoint at;
    conn::ByteArray<64> key{};
  };
  static conn::Bytes neighbors(const std::vector<Node>& nodes, std::uint64_t expiry);

 private:
  conn::Secp256k1Key key_;
};

}  // namespace peerage::test
