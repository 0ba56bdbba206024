// A node as discovery hears of it: who, where, and its record if we have that.
//
// Whoever knows only a v4 endpoint tells the key and the ports; a record tells the same and signs
// it. A contact is hearsay until its endpoint has answered us (NodeTable's `live`).
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "pex/discovery/record/enr.h"

namespace peerage::pex {

// Which wire. Everything else of discovery takes it as a parameter.
enum class Protocol : std::uint8_t { v4, v5 };
inline constexpr std::size_t kProtocolCount = 2;
constexpr std::size_t index_of(Protocol protocol) noexcept {
  return static_cast<std::size_t>(protocol);
}
std::string_view name(Protocol protocol) noexcept;  // "discv4", "discv5"

// How we came to hear of a node.
enum class HeardBy : std::uint8_t { boot, command, inbound, told, dns, disk };
inline constexpr std::size_t kHeardByCount = 6;
std::string_view name(HeardBy how) noexcept;

struct Contact {
  EnodeId id;
  conn::Secp256k1PublicKey key;
  conn::Endpoint udp;
  std::uint16_t tcp = 0;  // its p2p port; 0: none known
  EnrPtr record;          // null: none known

  std::uint64_t seq() const noexcept { return record ? record->seq() : 0; }
  // By the record: at its IPv4 endpoint, which the more can reach, or else at that of IPv6; none
  // without either.
  static std::optional<Contact> of(EnrPtr record);
  static Contact at(const conn::Secp256k1PublicKey& key, const conn::Endpoint& udp,
                    std::uint16_t tcp);
};

}  // namespace peerage::pex
