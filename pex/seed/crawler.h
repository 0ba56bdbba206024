// Which node a seed visits next: it dials what it has heard of, to see whether it is there, and
// comes back to what was, as long as it serves it.
//
// Four kinds take turns, so that a flood of one does not keep the others waiting: nodes that say
// themselves that they have moved (AddressBook::to_visit), new addresses that peers told of, new
// ones that discovery has found (CrawlLimits::discovered), and those to be verified again. The
// latter three are drawn from the book at random: the share of our time that an attacker's
// addresses take is bounded by the share of the book they can have.
//
// When to come back is decided by the record (addrbook/record/reliability.h): the longer the window
// in which a node has hardly ever failed, the longer the pause. One that fails is tried again after
// a pause that doubles.
//
// An IP address and port is not dialled twice within `pause`, whatever IDs are said to be there, so
// that no peer can have us dial a stranger all day. Bounded: `remembered` of them, and no other
// state.
//
// Threads: none of its own (the control shard).
// Source: comet p2p/pex/pex_reactor.go:crawlPeers; the windows are bitcoin-seeder's idea.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "addrbook/book/address_book.h"
#include "conn/base/recent_map.h"
#include "conn/runtime/runtime.h"
#include "pex/limits/limits.h"

namespace peerage::pex {

class Crawler {
 public:
  explicit Crawler(const CrawlLimits& limits = {}) : limits_(limits), seen_(limits.remembered) {}

  struct Situation {
    conn::TimePoint now;
    addrbook::Time book_now;
    // Connected, being dialled, or ourselves. Must not call the book.
    std::function<bool(const addrbook::KnownAddress&)> unavailable;
  };
  // The next to visit, which counts as visited from now on; none: nothing is due. Having found none
  // it does not look again for kLookAgain, unless `heard` is called.
  std::optional<conn::NetAddress> next(addrbook::AddressBook& book, const Situation& situation);
  // The visit could not begin, by no fault of the address: it is due as before.
  void take_back(const conn::Endpoint& endpoint) { seen_.erase(endpoint); }
  void heard() { nothing_until_ = {}; }

  static constexpr conn::Duration kLookAgain = std::chrono::seconds(1);
  // How long after its last attempt an address is due again.
  static addrbook::Seconds pause_after(const addrbook::KnownAddress& known);
  std::size_t remembered() const noexcept { return seen_.size(); }

 private:
  enum class Turn : std::uint8_t { moved, newcomer, discovered, acquaintance };
  static constexpr std::size_t kTurns = 4;
  static constexpr Turn after(Turn turn) {
    return static_cast<Turn>((static_cast<std::size_t>(turn) + 1) % kTurns);
  }
  std::optional<conn::NetAddress> of_turn(Turn turn, addrbook::AddressBook& book,
                                          const Situation& situation);
  std::optional<conn::NetAddress> moved(addrbook::AddressBook& book, const Situation& situation);
  // Of one that has not moved.
  Turn turn_of(const addrbook::KnownAddress& known) const;
  bool seen_lately(const conn::Endpoint& endpoint, conn::TimePoint now) const;
  std::optional<conn::NetAddress> draw(Turn turn, addrbook::AddressBook& book,
                                       const Situation& situation);

  CrawlLimits limits_;
  conn::RecentMap<conn::Endpoint, conn::TimePoint> seen_;
  Turn turn_ = Turn::moved;
  conn::TimePoint nothing_until_;
};

}  // namespace peerage::pex
