// What peer exchange counts.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace peerage::pex {

// The reactor's name, under which it bans (p2p::Ban::by).
inline constexpr const char* kExchangeName = "pex";

// What a node gives and gets; numbers that only grow.
struct ExchangeCounts {
  std::uint64_t requests = 0;           // of others
  std::uint64_t answers = 0;            // ours
  std::uint64_t addresses_given = 0;    // in them
  std::uint64_t ignored = 0;            // requests that came too soon
  std::uint64_t asked = 0;              // our requests
  std::uint64_t lists = 0;              // that came in answer
  std::uint64_t addresses_heard = 0;    // in them
  std::uint64_t addresses_new = 0;      // of them, those that entered a book
  std::uint64_t addresses_refused = 0;  // entries of lists that no peer can have
  std::uint64_t unsolicited = 0;        // lists that we did not ask for
  std::uint64_t malformed = 0;          // messages
  std::uint64_t offences = 0;           // connections that we ended for what they sent
};

// A list that came in answer to a request of ours.
struct AnswerCounts {
  std::size_t usable = 0;      // addresses
  std::size_t unroutable = 0;  // of these, private and the like, which a strict book does not take
  std::size_t refused = 0;     // other entries, which no peer can have
};

}  // namespace peerage::pex
