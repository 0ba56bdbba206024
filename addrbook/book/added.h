// Where we hear of an address, what comes of it, and what becomes of it later.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "addrbook/record/known_address.h"

namespace peerage::addrbook {

// Where we heard of an address.
struct Source {
  conn::IpAddress ip;  // of the socket
  conn::NodeId id;     // none: an operator, a file
  Origin origin = Origin::pex;
  Word word = Word::unasked;
};

enum class Added : std::uint8_t {
  added,
  known,                       // it is in here already
  invalid,                     // no peer can have it: no ID, port 0, multicast, documentation, ...
  unroutable,                  // private or the like, and the book is strict
  own,                         // our ID, or where we listen
  private_id,                  // it, or the node that tells of it, is private
  proven_elsewhere,            // its ID has proved another address
  too_many_candidates,         // for its ID
  too_many_for_host,           //
  too_many_for_neighbourhood,  //
  told_too_fast,               // by this source's group
  no_place,                    // another address has the place where it belongs
};
inline constexpr std::size_t kAddedCount = 12;
// "added", "known", ...: stable, for logs and metrics.
std::string_view name(Added outcome) noexcept;

// What becomes of an address that is in the book.
enum class Transition : std::uint8_t {
  promoted,   // from new to tried
  demoted,    // another has taken its place among the tried
  expired,    // the book gave it up: it failed too often, was a lie, or made room
  forgotten,  // it was to be forgotten
};
inline constexpr std::size_t kTransitionCount = 4;
// "promoted", ...: stable, for metrics.
std::string_view name(Transition transition) noexcept;

}  // namespace peerage::addrbook
