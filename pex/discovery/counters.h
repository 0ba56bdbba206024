// What the discovery server counts: plain numbers, for metrics and tests.
//
// Threads: written by the core; copied out for others (DiscoveryCore::counters).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pex/discovery/contact.h"

namespace peerage::pex {

// Kinds of message, of both protocols: `neighbors` are NODES, and a FINDNODE for distance 0 and its
// answer are the record's.
enum class MessageKind : std::uint8_t {
  ping,
  pong,
  find_node,
  neighbors,
  enr_request,
  enr_response,
  talk_request,
  talk_response,
  challenge,
};
inline constexpr std::size_t kMessageKinds = static_cast<std::size_t>(MessageKind::challenge) + 1;
std::string_view name(MessageKind kind) noexcept;

// Why a datagram, or a part of an answer, came to nothing. "Dropped" is: no answer, no state but
// this.
enum class Drop : std::uint8_t {
  too_long,         // longer than any packet
  no_protocol,      // neither protocol's
  banned,           // its IP or its ID
  restricted,       // outside of net_restrict
  rate,             // its source sends too many
  costly,           // too much to hash, or too many signatures to check
  repeated,         // it came just before
  malformed,        // no message that we know
  expired,          // its time is over, or no time
  signature,        // signed by nobody
  own,              // by ourselves
  unproven,         // it asks without having proven its endpoint
  unsolicited,      // an answer to nothing
  wrong_source,     // an answer from elsewhere than where we asked
  too_many,         // beyond what an answer may bring
  bad_node,         // one node of an answer
  bad_record,       // a record in an answer
  record_conflict,  // another one of the same sequence
  queue_full,       // datagrams out
};
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(Drop::queue_full) + 1;
std::string_view name(Drop reason) noexcept;

// What we did not send, or did not do now, because a limit says so.
enum class Limited : std::uint8_t {
  to_unproven,      // datagrams to an IP that has proven nothing
  told_endpoint,    // pings to what only others have named
  pings_queued,     // pings beyond those that may wait
  record_question,  // a record was asked for just before
  network_share,    // places of one network in the table
  inbound_share,    // places of those that come unasked
};
inline constexpr std::size_t kLimits = static_cast<std::size_t>(Limited::inbound_share) + 1;
std::string_view name(Limited limit) noexcept;

struct DiscoveryCounters {
  template <typename T>
  using ByProtocol = std::array<T, kProtocolCount>;
  using ByKind = std::array<std::uint64_t, kMessageKinds>;

  struct Traffic {
    ByKind packets_in{}, packets_out{};
    std::uint64_t bytes_in = 0, bytes_out = 0;
  };
  ByProtocol<Traffic> traffic{};
  std::array<std::uint64_t, kDropReasons> dropped{};
  std::array<std::uint64_t, kLimits> limited{};

  struct Lookups {
    std::uint64_t finished = 0, timed_out = 0;
  };
  ByProtocol<Lookups> lookups{};
  struct Revalidations {
    std::uint64_t answered = 0, silent = 0, removed = 0;
  };
  ByProtocol<Revalidations> revalidations{};
  std::uint64_t external_address_changes = 0;
  std::uint64_t updates_lost = 0;   // nobody took them in time
  std::uint64_t clock_suspect = 0;  // 1 while our clock may be wrong (clock_check.h)

  void drop(Drop reason) noexcept { ++dropped[static_cast<std::size_t>(reason)]; }
  void limit(Limited limit) noexcept { ++limited[static_cast<std::size_t>(limit)]; }
  std::uint64_t of(Drop reason) const noexcept { return dropped[static_cast<std::size_t>(reason)]; }
  std::uint64_t of(Limited limit) const noexcept {
    return limited[static_cast<std::size_t>(limit)];
  }
};

}  // namespace peerage::pex
