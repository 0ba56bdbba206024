// What the address book's file holds: the rows of every network, the ban list, what discovery keeps
// (addrbook/file/discovery_rows.h), and who told us of which address. Provenance passes one way
// only: it is for reports, and no rule reads it.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "addrbook/book/placement.h"
#include "addrbook/file/discovery_rows.h"
#include "addrbook/record/known_address.h"
#include "conn/address/ban_rule.h"
#include "conn/address/node_id.h"

namespace peerage::addrbook {

// A row of the ban list. `until` and `added` are wall time.
struct BanRow {
  static constexpr std::size_t kMaxReason = 256;  // bytes; printable
  conn::BanTarget target;
  Time until = kNever;
  Time added = kNever;
  std::string reason;
  conn::BanOrigin origin = conn::BanOrigin::operator_;
  bool operator==(const BanRow&) const = default;
};

// That a node told us of an address.
struct Provenance {
  std::string network;
  conn::NodeId teller;
  conn::NetAddress address;
  Time first_seen = kNever;
  Time last_seen = kNever;
  std::uint32_t times = 1;  // saturating
  // Of the teller's socket, the last time: IpAddress::group, not strict. What counts when rows have
  // to make room; it is not read back. No address has 0: rows from before groups were recorded.
  std::uint64_t source_group = 0;
  bool operator==(const Provenance&) const = default;

  // Adds what another row of the same teller and address says.
  void merge(const Provenance& other);
};
// In a file; beyond that, the source group with the most rows loses those with the oldest
// last_seen.
inline constexpr std::size_t kMaxProvenanceRows = 200'000;

// Everything that a file held, checked row by row.
struct Contents {
  BookKey key{};
  std::map<std::string, std::vector<KnownAddress>> addresses;  // by network
  std::vector<BanRow> bans;                                    // the oldest first
  DiscoveryRows discovery;
};

}  // namespace peerage::addrbook
