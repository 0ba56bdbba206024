// One address that we know, and everything we have seen of it: the record that the book keeps in
// memory, the store keeps in a row, and addrbook.json shows a part of.
//
// Times are seconds of the book's clock (BookClock): wall time that does not jump while the node
// runs. kNever stands for "not yet".
//
// Threads: plain values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "addrbook/record/reliability.h"
#include "conn/address/net_address.h"
#include "conn/base/channel.h"
#include "conn/base/failure.h"

namespace peerage::addrbook {

using Time = std::chrono::sys_seconds;
using Seconds = std::chrono::seconds;
inline constexpr Time kNever{};

// How we heard of an address first.
enum class Origin : std::uint8_t {
  pex,            // in a peer's list
  inbound,        // a peer's own listen address, at the IP that it connected from
  configuration,  // the operator's settings
  import,         // an addrbook.json
  discovery,      // another discovery protocol, or a visit for another network; with the ID of the
                  // source, that ID was proven at its IP
};
inline constexpr std::size_t kOriginCount = 5;

// Whether a peer tells us because we have asked.
enum class Word : std::uint8_t { unasked, answer };

// The tables of Bitcoin Core: *new* is what others told us; *tried* (addrbook.json calls it "old")
// is what we dialled ourselves, that proved its ID and its network, and that was of use.
enum class Kind : std::uint8_t { new_, tried };

// "pex", "inbound", ...; "new" and "old", as operators know them.
std::string_view name(Origin origin) noexcept;
std::string_view name(Kind kind) noexcept;

// What its NodeInfo said when we last read it. Bounded and printable.
struct NodeFacts {
  static constexpr std::size_t kMaxText = 64;      // bytes of moniker and version, each
  static constexpr std::size_t kMaxChannels = 16;  // as in a NodeInfo
  std::string moniker;
  std::string version;
  std::vector<conn::ChannelId> channels;
  bool operator==(const NodeFacts&) const = default;
};

struct KnownAddress {
  conn::NetAddress address;
  // The socket IP of the peer that told us first, never what it claimed; else its own IP.
  conn::IpAddress source;
  Origin origin = Origin::pex;
  Kind kind = Kind::new_;
  std::uint8_t wrong_ids = 0;  // dials that proved another ID, since it last proved its own
  conn::Stage failed_stage = conn::Stage::connect;  // of the last failure, when there was one
  conn::Reason failure = conn::Reason::io_error;
  std::uint32_t failures = 0;       // dials that failed since it last proved its ID
  std::uint32_t attempts = 0;       // dials in all
  std::uint32_t round_trip_us = 0;  // 0: not measured

  Time first_seen = kNever;
  Time last_seen = kNever;  // a peer told us of it, or we connected
  Time last_attempt = kNever;
  Time last_failed = kNever;
  Time last_connected = kNever;   // it proved its ID when we dialled
  Time verified_since = kNever;   // first of the verifications that nothing has contradicted since
  Time last_verified = kNever;    // it proved its ID, and its NodeInfo named the network
  Time connected_since = kNever;  // we are connected, outbound; kNever when not
  Time said_itself = kNever;      // the node, its ID proved, last named it from this very IP
  Time bad_until = kNever;        // neither dialled nor given out until then

  Reliability reliability;
  std::shared_ptr<const NodeFacts> facts;  // null: never read

  bool operator==(const KnownAddress& other) const;
};

// What we know of it is *first-hand* when the node itself has said so from this very IP, or has
// answered our dial there: nobody else has the key of its ID. All else is *hearsay*.
inline bool is_first_hand(const KnownAddress& known) {
  return known.said_itself != kNever || known.last_connected != kNever;
}
// The last time that the node itself showed that it is there.
inline Time last_shown(const KnownAddress& known) {
  return std::max(known.said_itself, known.last_connected);
}

// From when on a verified node counts as known, for a book that knew enough of the network to
// choose from at `settled`. Of those met before, the later ones rank higher: the narrower the book
// was, the larger the share of the few that filled it.
inline Time ranks_from(const KnownAddress& known, Time settled) {
  return known.verified_since < settled ? settled + (settled - known.verified_since)
                                        : known.verified_since;
}

}  // namespace peerage::addrbook
