// The pings that wait for their Pong: by their hash, which a Pong names, and at most one for each
// node and IP.
//
// There are two kinds. Those that we need (of the table, of lookups, of commands) are few, and a
// further one waits its turn. Those that only answer a stranger's ping are as many as strangers
// like, for their sources may be forged: so they never take a place of the others, and the one that
// ends first makes room.
// Threads: none of its own.
#pragma once

#include "pex/discovery/contact.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/v4/wire.h"
#include "pex/discovery/waiting.h"

namespace peerage::pex::v4 {

// A node at an IP: what an endpoint proof is of.
using Spot = std::pair<EnodeId, conn::IpAddress>;
inline Spot spot_of(const Contact& node) {
  return {node.id, node.udp.ip};
}

struct PingSent {
  Contact node;
  conn::TimePoint sent;
  enum class Why : std::uint8_t { needed, answering } why = Why::needed;
};

class Pings {
 public:
  explicit Pings(const DiscoveryLimits& limits)
      : lasts_(limits.v4_request),
        needed_(limits.v4_pings_in_flight),
        answering_(limits.v4_pings_answering) {}

  bool full() const noexcept { return needed_.full(); }
  std::size_t size() const noexcept { return needed_.size() + answering_.size(); }
  bool contains(const Spot& spot) const { return by_spot_.contains(spot); }
  bool contains(const PacketHash& hash) const {
    return needed_.contains(hash) || answering_.contains(hash);
  }

  // There is none of its spot, and room if it is needed. What made room for it, if that had to be.
  std::optional<PingSent> add(const PacketHash& hash, PingSent ping) {
    std::optional<PingSent> gone;
    by_spot_[spot_of(ping.node)] = hash;
    const conn::TimePoint until = ping.sent + lasts_;
    if (ping.why == PingSent::Why::needed) {
      needed_.add(hash, std::move(ping), until);
      return gone;
    }
    if (answering_.full()) gone = take_first(answering_);
    answering_.add(hash, std::move(ping), until);
    return gone;
  }
  // Null: there is none, of this node at this IP.
  const PingSent* find(const Spot& spot) {
    const auto hash = by_spot_.find(spot);
    return hash == by_spot_.end() ? nullptr : find(hash->second);
  }
  std::optional<PingSent> take(const Spot& spot) {
    const auto hash = by_spot_.find(spot);
    return hash == by_spot_.end() ? std::nullopt : take(PacketHash(hash->second));
  }
  // Null: there is none, of this hash.
  const PingSent* find(const PacketHash& hash) {
    const PingSent* const ping = needed_.find(hash);
    return ping != nullptr ? ping : answering_.find(hash);
  }
  std::optional<PingSent> take(const PacketHash& hash) {
    auto ping = needed_.take(hash);
    if (!ping) ping = answering_.take(hash);
    if (ping) by_spot_.erase(spot_of(ping->node));
    return ping;
  }
  // Those of one node, wherever.
  std::vector<PingSent> take_all(const EnodeId& id) {
    std::vector<PingSent> taken;
    for (auto at = by_spot_.lower_bound({id, {}}); at != by_spot_.end() && at->first.first == id;
         at = by_spot_.lower_bound({id, {}})) {
      if (auto ping = take(PacketHash(at->second))) taken.push_back(std::move(*ping));
    }
    return taken;
  }

  std::optional<conn::TimePoint> next_deadline() const {
    const auto a = needed_.next_deadline();
    const auto b = answering_.next_deadline();
    return a && b ? std::min(*a, *b) : a ? a : b;
  }
  std::optional<PingSent> take_over(conn::TimePoint now) {
    auto over = needed_.take_over(now);
    if (!over) over = answering_.take_over(now);
    if (!over) return std::nullopt;
    by_spot_.erase(spot_of(over->second.node));
    return std::move(over->second);
  }

 private:
  using ByHash = Waiting<PacketHash, PingSent>;
  std::optional<PingSent> take_first(ByHash& pings) {
    auto first = pings.take_over(conn::TimePoint::max());
    if (!first) return std::nullopt;
    by_spot_.erase(spot_of(first->second.node));
    return std::move(first->second);
  }

  conn::Duration lasts_;
  ByHash needed_;
  ByHash answering_;
  std::map<Spot, PacketHash> by_spot_;
};

}  // namespace peerage::pex::v4
