// Nodes for the table, lookups and votes, which believe what they are told: IDs without a key.
#pragma once

#include <cstdint>
#include <string_view>

#include "conn/base/random.h"
#include "pex/discovery/contact.h"

namespace peerage::test {

// Another for each number, as evenly spread as hashes.
inline pex::EnodeId enode_id(std::uint64_t number) {
  pex::EnodeId id;
  std::uint64_t state = number;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i % 8 == 0) state = (state ^ (state >> 31)) * 0x9e3779b97f4a7c15 + number + i + 1;
    id.bytes[i] = static_cast<std::uint8_t>(state >> (56 - 8 * (i % 8)));
  }
  return id;
}

// The same, but at this log distance from `from`.
inline pex::EnodeId enode_id_at(const pex::EnodeId& from, unsigned log_distance,
                                std::uint64_t number) {
  pex::EnodeId id = enode_id(number);
  const std::size_t first = 256 - log_distance;  // the first bit that differs
  for (std::size_t bit = 0; bit <= first; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    const unsigned theirs = from.bytes[bit / 8] ^ (bit == first ? 0xffu : 0u);
    id.bytes[bit / 8] = static_cast<std::uint8_t>((id.bytes[bit / 8] & ~mask) | (theirs & mask));
  }
  return id;
}

inline const conn::Secp256k1PublicKey& some_public_key() {
  static const conn::Secp256k1PublicKey kKey = [] {
    conn::Secret<32> one;
    one.writable()[31] = 1;
    return conn::Secp256k1Key::from_secret(one)->public_key();
  }();
  return kKey;
}

inline pex::Contact contact(const pex::EnodeId& id, const conn::Endpoint& udp) {
  return {id, some_public_key(), udp, 26656, nullptr};
}
inline pex::Contact contact(const pex::EnodeId& id, std::string_view udp) {
  return contact(id, conn::Endpoint::parse(udp).value());
}

// Another /24 for each number.
inline conn::Endpoint public_endpoint(std::uint32_t network, std::uint8_t host = 1) {
  return {conn::IpAddress::v4(static_cast<std::uint8_t>(20 + network / 65536),
                              static_cast<std::uint8_t>(network / 256),
                              static_cast<std::uint8_t>(network), host),
          30303};
}

inline conn::RandomBelow random_below(std::uint8_t seed) {
  return [random = conn::Random({seed})](std::size_t below) mutable { return random.below(below); };
}

}  // namespace peerage::test
