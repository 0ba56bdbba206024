// Which hosts were turned away lately from a full pool of handshakes, and how often: what lets one
// that comes again be told from a flood of ever new ones.
//
// A Go node that was refused comes again after 5 to 8 s, so a host is remembered for kMemory. The
// number of hosts is bounded by a table of fixed size: places in sets of kWays, chosen by a keyed
// hash, of which a new host takes the one that was used longest ago. So a flood of new hosts pushes
// an honest one out only once it has gone through the whole table: kHosts / (hosts a second)
// later, which is 65 s at 2 000 a second and 6 s at 20 000. A table that was never needed takes no
// memory.
//
// Two hosts whose hashes agree count as one: one in 10^9 for each that is looked up.
//
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "conn/address/ip_address.h"
#include "conn/base/keyed_hash.h"
#include "conn/base/random.h"
#include "conn/runtime/runtime.h"

namespace peerage::p2p {

class TurnedAway {
 public:
  static constexpr std::size_t kHosts = 131'072;  // 1.5 MiB
  static constexpr conn::Duration kMemory = std::chrono::seconds(60);

  // `random`: for the key of the hash.
  explicit TurnedAway(conn::RandomBelow random) : random_(std::move(random)) {}

  // 0: not at all, or longer ago than kMemory (by a second at most).
  std::size_t times(const conn::IpAddress& host, conn::TimePoint now) const;
  // From now on it counts as turned away so often; `times` at least 1.
  void remember(const conn::IpAddress& host, std::size_t times, conn::TimePoint now);
  void forget(const conn::IpAddress& host);
  // Hosts that are remembered. It goes through them all.
  std::size_t size(conn::TimePoint now) const;

 private:
  static constexpr std::size_t kWays = 16;
  struct Place {
    std::uint32_t tag = 0;     // of the hash
    std::uint32_t second = 0;  // of the last time
    std::uint32_t times = 0;   // 0: free
  };
  // The places where a host may be; none while the table is empty.
  std::span<Place> places(std::size_t hash);
  std::span<const Place> places(std::size_t hash) const;
  static bool is_live(const Place& place, std::uint32_t second) noexcept;
  static std::uint32_t tag_of(std::size_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }
  static std::uint32_t second_of(conn::TimePoint now) noexcept;

  conn::RandomBelow random_;
  conn::KeyedHash hash_{{}};  // keyed with the table
  std::vector<Place> table_;
};

}  // namespace peerage::p2p
