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
//  - When none is behind, all look alike. Each has its `tenure`; then any newcomer may take its
//    place, and takes the one that is furthest beyond it. So up to total / tenure strangers a
//    second all get the time in which most of the honest finish, at their first try.
//  - When all are within their tenure, what tells an honest newcomer from a flood is that it comes
//    again. A host that has been turned away before (or displaced within its patience) has a longer
//    tenure, by 2 for each time, and takes the place of one that was turned away less often. The
//    newcomer is refused otherwise. A flood of ever new hosts so loses to an honest one's second
//    try, also to that of a slow one.
//  - Half of the pool at most is kept for those that come again, for attackers can do so, too.
//  While
//    they hold as much, one more of them takes no place within its tenure; when they hold more, the
//    one of them goes that was turned away least and is beyond the tenure of any.
//
// A host at which a named node was proven last has places of its own, `named` for all such hosts
// and per_host for each, which no stranger elsewhere takes part in. One that has all of its own
// gives up the oldest for its newest, once that is beyond its tenure: others behind the same
// address cannot hold them. When there is none, it is a stranger like any other.
//
// Hosts that were turned away are remembered as p2p/admission/turned_away.h says, and not after
// they got in.
//
// Invariant: size() <= limits.total + limits.named. Threads: none of its own (the control shard).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "conn/address/cidr.h"
#include "conn/base/failure.h"
#include "conn/base/random.h"
#include "conn/runtime/runtime.h"
#include "p2p/admission/turned_away.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

class HalfOpenPool {
 public:
  using Ticket = std::uint64_t;

  HalfOpenPool(const HalfOpenLimits& limits, conn::RandomBelow random)
      : limits_(limits), random_(random), turned_away_(std::move(random)) {}

  struct Entered {
    Ticket ticket = 0;
    std::optional<Ticket> displaced;  // has left already; end its handshake
  };
  enum class Host : std::uint8_t { stranger, of_named_node };
  // too_many_handshakes when the newcomer is the one to go.
  conn::Result<Entered> enter(const conn::IpAddress& ip, conn::TimePoint now,
                              Host host = Host::stranger);
  // A handshake has reached `stage`.
  void progress(Ticket ticket, conn::Stage stage);
  void leave(Ticket ticket);

  std::size_t size() const noexcept { return entries_.size() + named_.size(); }
  bool has_any_from(const conn::IpAddress& ip) const;
  // Hosts that are remembered for having been turned away.
  std::size_t remembered(conn::TimePoint now) const { return turned_away_.size(now); }

 private:
  using Counts = std::map<conn::IpAddress, std::size_t>;
  struct Entry {
    conn::IpAddress ip;
    conn::Stage stage = conn::Stage::key_exchange;
    conn::TimePoint entered;
    std::size_t turned_away = 0;  // before it entered
  };
  conn::Result<Entered> enter_as_stranger(const conn::IpAddress& ip, conn::TimePoint now);
  // nullopt: it has no place of its own now.
  std::optional<Entered> enter_as_named(const conn::IpAddress& ip, conn::TimePoint now);
  // Which one goes for a newcomer; nullopt: the newcomer itself.
  std::optional<Ticket> choose(const conn::IpAddress& newcomer, conn::TimePoint now);
  std::optional<Ticket> newest_of_group_of(std::size_t size) const;
  std::optional<Ticket> furthest_behind(conn::TimePoint now) const;
  std::optional<Ticket> beyond_tenure(conn::TimePoint now) const;
  std::optional<Ticket> turned_away_less_than(std::size_t times) const;
  // The one that was due the longest before `now`, if any was; due(entry): after how long.
  template <typename Due>
  std::optional<Ticket> furthest_beyond(conn::TimePoint now, Due due) const;
  // Those in it that had been turned away before.
  std::size_t come_again() const;

  HalfOpenLimits limits_;
  conn::RandomBelow random_;
  Ticket next_ = 1;
  std::map<Ticket, Entry> entries_;  // of strangers, the newest last
  std::map<Ticket, Entry> named_;    // the newest last
  Counts per_host_;
  Counts per_neighbourhood_;
  TurnedAway turned_away_;
};

}  // namespace peerage::p2p
