// Nodes as discovery finds them: numbered keys, and the records that they sign.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pex/discovery/contact.h"
#include "pex/discovery/record/cmt.h"
#include "tests/support/sim_node.h"

namespace peerage::test {

// The same for the same number.
inline conn::Secp256k1Key discovery_key(std::uint32_t number) {
  conn::ByteArray<32> bytes{};
  for (int i = 0; i < 4; ++i) bytes[28 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  bytes[0] = 1;
  return *conn::Secp256k1Key::from_secret(conn::Secret<32>(bytes));
}

// A node whose endpoint has answered.
struct DiscoveredNode {
  std::uint32_t number = 1;
  conn::IpAddress ip = conn::IpAddress::v4(8, 8, 8, 8);
  std::uint64_t seq = 1;
  std::vector<std::string> networks = {"test-chain"};
  conn::NodeId names = numbered_key(1).id();  // in its `cmt` pair
  std::uint16_t p2p_port = 26656;             // there
  std::optional<std::uint16_t> tcp;           // in the `tcp` pair
  std::optional<conn::IpAddress> record_ip;   // another one than `ip`
  bool has_ip = true, has_cmt = true;

  pex::Contact contact() const {
    const conn::Secp256k1Key key = discovery_key(number);
    pex::EnrBuilder record;
    if (has_ip) record.set_ip(record_ip.value_or(ip));
    record.set_number(ip.is_v4() ? "udp" : "udp6", 30303);
    if (tcp) record.set_number(ip.is_v4() ? "tcp" : "tcp6", *tcp);
    if (has_cmt) record.set("cmt", pex::Cmt{names, networks, p2p_port}.encode());
    pex::Contact made = pex::Contact::at(key.public_key(), {ip, 30303}, tcp.value_or(0));
    made.record = record.sign(key, seq).value();
    return made;
  }
  pex::EnodeId id() const { return pex::EnodeId::of(discovery_key(number).public_key()); }
  conn::NetAddress address() const { return {names, {ip, p2p_port}}; }
};

}  // namespace peerage::test
