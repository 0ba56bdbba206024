// What a switch counts: everything that came, and everything that was refused, bounded or dropped.
//
// Plain numbers that only grow, readable at any time from any thread; a metrics exporter names them
// by `name`. Failures are counted by direction and reason; those of inbound connections that became
// no peer also apart, at accept or later (`refusals`).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "conn/base/failure.h"
#include "p2p/base/direction.h"
#include "p2p/base/reason_counts.h"

namespace peerage::p2p {

enum class Counter : std::uint8_t {
  accepted,             // sockets
  refused_at_accept,    // before anything was spent on them
  probes,               // closed by the other side before it had sent a byte
  handshakes_inbound,   // begun
  handshakes_outbound,  // dials begun
  peers_inbound,        // shown to reactors
  peers_outbound,
  peers_gone,
  evicted,
  bans,
  broadcast_queued,  // messages times peers
  broadcast_refused,
};
inline constexpr std::size_t kCounterCount =
    static_cast<std::size_t>(Counter::broadcast_refused) + 1;

std::string_view name(Counter counter) noexcept;

class Counters {
 public:
  void add(Counter counter, std::uint64_t by = 1) noexcept {
    values_[static_cast<std::size_t>(counter)].fetch_add(by, std::memory_order_relaxed);
  }
  std::uint64_t get(Counter counter) const noexcept {
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

  // A socket that was refused before anything was spent on it.
  void add_refused_at_accept(conn::Reason reason) noexcept { refused_.add(reason); }
  std::uint64_t refused_at_accept(conn::Reason reason) const noexcept {
    return refused_.get(reason);
  }

  // An inbound connection that was refused, or failed, before it was a peer; probes are not among
  // them.
  void add_refusal(conn::Reason reason) noexcept { refusals_.add(reason); }
  std::uint64_t refusals(conn::Reason reason) const noexcept { return refusals_.get(reason); }
  // Calls `visit(reason, count)` for each that has occurred, in no order.
  template <typename Visit>
  void for_each_refusal(const Visit& visit) const {
    refusals_.for_each(visit);
  }

  // An attempt to connect that failed, or a connection that ended.
  void add_failure(Direction direction, conn::Reason reason) noexcept {
    failures_[static_cast<std::size_t>(direction)].add(reason);
  }
  std::uint64_t failures(Direction direction, conn::Reason reason) const noexcept {
    return failures_[static_cast<std::size_t>(direction)].get(reason);
  }
  // Calls `visit(direction, reason, count)` for each that has occurred, in no order.
  template <typename Visit>
  void for_each_failure(const Visit& visit) const {
    for (const Direction direction : {Direction::inbound, Direction::outbound}) {
      failures_[static_cast<std::size_t>(direction)].for_each(
          [&](conn::Reason reason, std::uint64_t count) { visit(direction, reason, count); });
    }
  }

 private:
  std::array<std::atomic<std::uint64_t>, kCounterCount> values_{};
  ReasonCounts<> refused_;
  ReasonCounts<> refusals_;
  std::array<ReasonCounts<>, 2> failures_;
};

}  // namespace peerage::p2p
