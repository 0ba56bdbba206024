// The handshakes of strangers that are under way, and which one goes when there are too many.
//
// A handshake costs a stranger nothing and us memory and cryptography, so their number is bounded:
// in all, for one host (IPv6: /64) and for its neighbourhood (/24; IPv6: /48). The bounds are held
// so that an honest newcomer gets in whatever the mix of the others:
//
//  - A host or neighbourhood that has its share gets no more: its newest is refused.
//  - When the pool is full, the newest of the largest neighbourhood goes; that may be the newcomer
//    itself.
//  - When no neighbourhood has more than one, the one with the least progress for its age goes: the
//    furthest behind, if any is. Each stage has `patience`; a handshake that is ahead of it keeps
//    the time that it has saved.
//  - When none is behind, all look alike, and what tells an honest newcomer from a flood is that it
//    comes again: a host that has been turned away (or displaced in good time) more often than one
//    that is in takes its place. The newcomer is refused otherwise, for those that are in need time
//    to finish. A flood of ever new hosts so loses to an honest one's second try, and hosts that
//    come again as fast as their connection rate allows have few tries left that count as much as
//    its last.
//
// Bounded too: at most kMaxTurnedAway hosts are remembered, for kMemory at least (less when there
// are more), and not after they got in.
//
// Invariant: size() <= limits.total. Threads: none of its own (the control shard).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "conn/address/cidr.h"
#include "conn/base/failure.h"
#include "conn/base/random.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

class HalfOpenPool {
 public:
  using Ticket = std::uint64_t;
  static constexpr std::size_t kMaxTurnedAway = 16'384;
  static constexpr conn::Duration kMemory = std::chrono::seconds(2);

  HalfOpenPool(const HalfOpenLimits& limits, conn::RandomBelow random)
      : limits_(limits), random_(std::move(random)) {}

  struct Entered {
    Ticket ticket = 0;
    std::optional<Ticket> displaced;  // has left already; end its handshake
  };
  // too_many_handshakes when the newcomer is the one to go.
  conn::Result<Entered> enter(const conn::IpAddress& ip, conn::TimePoint now);
  // A handshake has reached `stage`.
  void progress(Ticket ticket, conn::Stage stage);
  void leave(Ticket ticket);

  std::size_t size() const noexcept { return entries_.size(); }
  bool has_any_from(const conn::IpAddress& ip) const { return per_host_.contains(host_of(ip)); }
  // Hosts that are remembered for having been turned away.
  std::size_t remembered() const noexcept {
    return turned_away_.size() + turned_away_before_.size();
  }

 private:
  using Counts = std::map<conn::IpAddress, std::size_t>;
  struct Entry {
    conn::IpAddress ip;
    conn::Stage stage = conn::Stage::key_exchange;
    conn::TimePoint entered;
    std::size_t turned_away = 0;  // before it entered
  };
  // Which one goes for a newcomer; nullopt: the newcomer itself.
  std::optional<Ticket> choose(const conn::IpAddress& newcomer, conn::TimePoint now);
  std::optional<Ticket> newest_of_group_of(std::size_t size) const;
  std::optional<Ticket> furthest_behind(conn::TimePoint now) const;
  std::optional<Ticket> turned_away_less_than(std::size_t times) const;
  std::size_t times_turned_away(const conn::IpAddress& host) const;
  void remember(const conn::IpAddress& host, std::size_t times, conn::TimePoint now);

  HalfOpenLimits limits_;
  conn::RandomBelow random_;
  Ticket next_ = 1;
  std::map<Ticket, Entry> entries_;  // the newest last
  Counts per_host_;
  Counts per_neighbourhood_;
  // Of each host the number of times. Two generations: when the younger one is full or old, the
  // elder is forgotten. A host is in one at most.
  Counts turned_away_;
  Counts turned_away_before_;
  conn::TimePoint generation_began_;
};

}  // namespace peerage::p2p
