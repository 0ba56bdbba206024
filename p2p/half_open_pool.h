// The handshakes of strangers that are under way, and who gives way when there are too many.
//
// A handshake costs a stranger nothing and us memory and cryptography, so their number is bounded:
// in all, for one host (IPv6: /64) and for its neighbourhood (/24; IPv6: /48). The bounds are held
// so that an honest newcomer gets in whatever the mix of the others:
//
//  - A host or neighbourhood that has its share gets no more: its newest is refused.
//  - When the pool is full, the newest of the largest neighbourhood gives way; that may be the
//    newcomer itself.
//  - When no neighbourhood has more than one, the one with the least progress for its age gives
//    way: of those at the earliest stage, who has been at it for over kStall longest; if there is
//    no such, any of them by lot, so that a flood of newcomers cannot push an honest one out for
//    sure before its first bytes arrive.
//
// Invariant: size() <= limits.total. Threads: none of its own (the control shard).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "conn/failure.h"
#include "conn/runtime.h"
#include "p2p/cidr.h"
#include "p2p/config.h"

namespace peerage::p2p {

class HalfOpenPool {
 public:
  using Ticket = std::uint64_t;
  // A number below its argument, at random.
  using Lot = std::function<std::size_t(std::size_t)>;
  static constexpr conn::Duration kStall = std::chrono::seconds(1);

  HalfOpenPool(const HalfOpenLimits& limits, Lot lot) : limits_(limits), lot_(std::move(lot)) {}

  struct Entered {
    Ticket ticket = 0;
    std::optional<Ticket> displaced;  // has left already; end its handshake
  };
  // too_many_handshakes when the newcomer is the one to give way.
  conn::Result<Entered> enter(const conn::IpAddress& ip, conn::TimePoint now);
  // A handshake has reached `stage`.
  void progress(Ticket ticket, conn::Stage stage, conn::TimePoint now);
  void leave(Ticket ticket);

  std::size_t size() const noexcept { return entries_.size(); }
  bool has_any_from(const conn::IpAddress& ip) const { return per_host_.contains(host_of(ip)); }

 private:
  struct Entry {
    conn::IpAddress ip;
    conn::Stage stage = conn::Stage::key_exchange;
    conn::TimePoint last_progress;
  };
  // Who gives way to a newcomer of `neighbourhood`; nullopt: the newcomer.
  std::optional<Ticket> choose(const conn::IpAddress& neighbourhood, conn::TimePoint now) const;
  std::optional<Ticket> least_progress(conn::TimePoint now) const;

  HalfOpenLimits limits_;
  Lot lot_;
  Ticket next_ = 1;
  std::map<Ticket, Entry> entries_;  // the newest last
  std::map<conn::IpAddress, std::size_t> per_host_;
  std::map<conn::IpAddress, std::size_t> per_neighbourhood_;
};

}  // namespace peerage::p2p
