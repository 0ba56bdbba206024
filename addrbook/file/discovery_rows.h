// What UDP discovery keeps over a restart in the address book's file: the nodes that answered it
// reliably, whom it has banned by its own IDs, and the last sequence number of our own record.
//
// Here a key and a record are bytes of the right length; pex/ knows what they mean, and judges them
// (pex/books/discovery_memory.h).
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "addrbook/record/known_address.h"
#include "conn/address/ip_address.h"
#include "conn/base/bytes.h"

namespace peerage::addrbook {

using DiscoveryId = conn::ByteArray<32>;

struct DiscoveryNode {
  static constexpr std::size_t kMaxRecord = 300;  // bytes (EIP-778)
  DiscoveryId id{};
  conn::ByteArray<64> key{};
  conn::Endpoint udp;
  std::uint16_t tcp = 0;  // 0: none known
  conn::Bytes record;     // empty: none known
  bool speaks_v4 = false;
  bool speaks_v5 = false;
  Time first_seen = kNever;
  Time last_live = kNever;
  std::uint32_t checks = 0;
  bool operator==(const DiscoveryNode&) const = default;
};

struct DiscoveryBan {
  DiscoveryId id{};
  std::optional<Time> until;  // none: for ever
  bool operator==(const DiscoveryBan&) const = default;
};

struct DiscoveryRows {
  static constexpr std::size_t kMaxNodes = 1'024;
  static constexpr std::size_t kMaxBans = 10'000;
  std::uint64_t seq = 0;  // 0: none was ever sent
  std::vector<DiscoveryNode> nodes;
  std::vector<DiscoveryBan> bans;
  bool operator==(const DiscoveryRows&) const = default;
};

// Changes to them.
struct DiscoveryChanges {
  std::optional<std::uint64_t> seq;                 // one that is lower than the file's is ignored
  std::optional<std::vector<DiscoveryNode>> nodes;  // all that there are
  bool rewrite_bans = false;                        // bans that are not among `banned` are gone
  std::vector<DiscoveryBan> banned;
  std::vector<DiscoveryId> unbanned;

  std::size_t rows() const noexcept {
    return (seq ? 1 : 0) + (nodes ? nodes->size() : 0) + banned.size() + unbanned.size();
  }
  bool empty() const noexcept { return rows() == 0 && !nodes && !rewrite_bans; }
};

}  // namespace peerage::addrbook
