// How often we look around: as seldom as we may when we have the peers that we want, and often when
// we have none.
//
// Between the two it eases in and out (cubic), so that a node that lacks a few peers is not much
// noisier than one that lacks none. A node that wants no peers has all that it wants.
//
// Where nothing is lacking and lookups bring the table nothing new, they become rarer still: each
// asks some twenty nodes, which answer with two packets each, and in a network that stands still
// that would be most of what anybody sends. Each change in the table takes one such lookup back,
// and several at once take all: a few lost datagrams, which cost a live node its place now and
// then, are no reason to hurry, and a network that has been in two parts is. So is a record of ours
// that has changed, for it becomes known by what we send.
//
// Source: reth crates/net/discv4; 0/0 once made a node of another implementation spin. The idle
// pace is our own.
// Threads: none of its own.
#pragma once

#include <array>
#include <cstddef>

#include "pex/discovery/contact.h"
#include "pex/discovery/limits.h"

namespace peerage::pex {

class LookupPace {
 public:
  // So many lookups may bring nothing before they become rarer, and so many more are remembered.
  static constexpr std::size_t kPatience = 6, kRemembered = 5;
  // So many changes between two lookups are several at once.
  static constexpr std::size_t kSeveral = 4;

  explicit LookupPace(const DiscoveryLimits& limits);

  void set_need(std::size_t outbound_peers, std::size_t wanted);
  // A node is live in the table that was not, or has left it.
  void on_news() noexcept;
  void on_own_record_changed() noexcept { in_vain_.fill(0); }
  // A timed lookup has begun.
  void on_lookup(Protocol protocol) noexcept;

  // From one timed lookup to the next: from lookup_interval_low to lookup_interval_high, or then to
  // lookup_interval_idle.
  conn::Duration interval(Protocol protocol) const;

 private:
  conn::Duration high_, low_, idle_;
  conn::Duration needed_;
  std::array<std::size_t, kProtocolCount> in_vain_{};  // lookups
  std::array<std::size_t, kProtocolCount> news_{};     // since the last
};

}  // namespace peerage::pex
