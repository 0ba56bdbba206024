// Where we hear of an address, and what comes of it.
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

}  // namespace peerage::addrbook
