#include "p2p/admission/admission.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::IpAddress;
using conn::NodeId;
using conn::Result;
using conn::Stage;
using conn::TimePoint;

namespace {

tl::unexpected<conn::Failure> kept_out(PeerReason why, const Ban& by) {
  return conn::fail(Stage::admission, why, by.reason);
}

ProbeLimits unless_unlimited(ProbeLimits limits, const ConnectionRateConfig& rate) {
  if (rate.interval <= conn::Duration(0)) limits.per_second = 0;
  return limits;
}

}  // namespace

// Without a connection rate there is nothing that probes could take from others.
Admission::HostRates::HostRates(const ConnectionRateConfig& rate, ProbeLimits limits)
    : connections(rate),
      probes(unless_unlimited(limits, rate)),
      looks(unless_unlimited(limits, rate)) {}

Admission::Admission(const AdmissionConfig& config, conn::RandomBelow random, TimePoint now)
    : config_(config),
      bans_(config.exempt),
      rates_(config.rate, {}),
      high_rates_(config.exempt_rate, kHighProbeLimits),
      half_open_(config.half_open, std::move(random)),
      handshakes_(config.handshake_rate, kHandshakeBurst, now),
      recent_(config.exempt) {}

Result<Admission::Handshake> Admission::on_arrival(const IpAddress& ip, TimePoint now) {
  if (auto allowed = check_bans(ip, now); !allowed) return tl::unexpected(allowed.error());
  if (config_.full_inbound == FullInbound::refuse &&
      slots_taken(Direction::inbound) + half_open_.size() >= config_.max_inbound) {
    return conn::fail(Stage::admission, PeerReason::no_free_slot);
  }
  using Host = HalfOpenPool::Host;
  const Host host = host_at(ip);
  if (is_full() && host == Host::stranger && slot_pause_.holds(ip, now)) {
    return conn::fail(Stage::admission, PeerReason::no_free_slot,
                      "a node of this host was sent away shortly before");
  }
  HostRates& rates = rates_of(ip, host);
  if (auto taken = rates.connections.take(ip, now); !taken) return tl::unexpected(taken.error());
  if (!rates.probes.has_any(ip, now)) {
    rates.connections.give_back(ip, now);
    return conn::fail(Stage::admission, PeerReason::probe_rate_exceeded, ip.to_string());
  }
  const Paid paid = places_are_scarce() ? Paid::for_good : Paid::for_now;
  auto entered = half_open_.enter(ip, now, host);
  if (!entered) {
    // Its host or neighbourhood has its share of places: probes that came at once, perhaps, and
    // took no more than these.
    if (paid == Paid::for_now) rates.connections.give_back(ip, now);
    return tl::unexpected(entered.error());
  }
  return Handshake{entered->ticket, entered->displaced, host, paid};
}

Result<void> Admission::on_spent_probe(const IpAddress& ip, TimePoint now) {
  if (auto allowed = check_bans(ip, now); !allowed) return tl::unexpected(allowed.error());
  if (!rates_of(ip, host_at(ip)).probes.pay(ip, {}, now)) {
    return conn::fail(Stage::admission, PeerReason::probe_rate_exceeded, ip.to_string());
  }
  return {};
}

std::optional<Admission::Handshake> Admission::let_show_itself(const IpAddress& ip, TimePoint now) {
  const HalfOpenPool::Host host = host_at(ip);
  HostRates& rates = rates_of(ip, host);
  const bool may = !places_are_scarce() && !half_open_.has_any_from(ip) &&
                   rates.probes.has_any(ip, now) && rates.looks.has_any(ip, now);
  if (!may) return std::nullopt;
  const auto entered = half_open_.enter(ip, now, host);
  if (!entered) return std::nullopt;
  return Handshake{entered->ticket, entered->displaced, host, Paid::nothing};
}

void Admission::on_brought_nothing(const IpAddress& ip, const Handshake& handshake,
                                   conn::Duration stayed, TimePoint now) {
  HostRates& rates = rates_of(ip, handshake.host);
  const bool paid_for = rates.probes.pay(ip, stayed, now);
  if (paid_for && handshake.paid == Paid::for_now) rates.connections.give_back(ip, now);
}

void Admission::on_was_no_probe(const IpAddress& ip, const Handshake& handshake,
                                conn::Duration stayed, TimePoint now) {
  if (handshake.paid == Paid::nothing) rates_of(ip, handshake.host).looks.pay(ip, stayed, now);
}

HalfOpenPool::Host Admission::host_at(const IpAddress& ip) const {
  using Host = HalfOpenPool::Host;
  return privileged_at_.contains(ip) ? Host::of_named_node : Host::stranger;
}

Admission::HostRates& Admission::rates_of(const IpAddress& ip, HalfOpenPool::Host host) {
  const bool high = host == HalfOpenPool::Host::of_named_node || any_contains(config_.exempt, ip);
  return high ? high_rates_ : rates_;
}

void Admission::on_failed_authentication(const IpAddress& ip, TimePoint now) {
  // Its host, an IPv6 /64, may hold others that are not exempt.
  if (!any_contains(config_.exempt, ip)) rates_.connections.on_failed_authentication(ip, now);
}

Result<Admission::Admitted> Admission::on_proven(
    const Newcomer& newcomer, LinkId link,
    const std::function<std::vector<EvictionCandidate>()>& candidates, TimePoint now) {
  if (auto allowed = check_bans(newcomer.id, newcomer.ip, now); !allowed) {
    return tl::unexpected(allowed.error());
  }
  if (newcomer.standing == Standing::privileged) privileged_at_.add(newcomer.id, newcomer.ip);
  Admitted admitted;
  const auto known = slots_.find(newcomer.id);
  if (known != slots_.end()) {
    Slot& slot = known->second;
    if (newcomer.standing == Standing::privileged) {
      alter(slot, [&slot] {
        slot.peer.standing = Standing::privileged;
        slot.evicting = false;
      });
    }
    if (slot.evicting) return conn::fail(Stage::admission, PeerReason::no_free_slot, "evicted");
    slot.links.push_back({link, newcomer.direction, newcomer.ip});
    return admitted;
  }
  if (newcomer.standing == Standing::ordinary) {
    if (host_is_full(newcomer.id, newcomer.ip, newcomer.direction)) {
      return conn::fail(Stage::admission, PeerReason::too_many_from_address,
                        newcomer.ip.to_string());
    }
    if (newcomer.direction == Direction::inbound && is_full()) {
      if (config_.full_inbound == FullInbound::evict_one) {
        admitted.evict = evict_one(candidates(), newcomer.ip, now);
      }
      if (admitted.evict.empty()) {
        slot_pause_.on_refused(newcomer.ip, now);
        return conn::fail(Stage::admission, PeerReason::no_free_slot);
      }
    }
  }
  Slot& slot = slots_[newcomer.id] = {newcomer, {{link, newcomer.direction, newcomer.ip}}, false};
  by_host_.emplace(host_of(newcomer.ip), &slot);
  if (takes_slot(slot)) {
    ++taken(newcomer.direction);
    if (newcomer.direction == Direction::inbound) recent_.note(newcomer.ip, now);
  }
  return admitted;
}

void Admission::on_gone(const NodeId& id, LinkId link) {
  const auto slot = slots_.find(id);
  if (slot == slots_.end()) return;
  auto& links = slot->second.links;
  std::erase_if(links, [link](const Slot::Held& held) { return held.id == link; });
  if (links.empty()) {
    if (takes_slot(slot->second)) --taken(slot->second.peer.direction);
    forget_host(slot->second);
    slots_.erase(slot);
  } else {
    if (host_of(links.front().ip) != host_of(slot->second.peer.ip)) {
      forget_host(slot->second);
      by_host_.emplace(host_of(links.front().ip), &slot->second);
    }
    slot->second.peer.ip = links.front().ip;
    // The one of two that stays may be the other way round; unless that would be one too many, it
    // takes a slot of that kind.
    const Direction left = links.front().direction;
    if (left == Direction::outbound || slots_taken(Direction::inbound) < config_.max_inbound) {
      alter(slot->second, [&] { slot->second.peer.direction = left; });
    }
  }
}

void Admission::forget_host(const Slot& slot) {
  const auto [from, to] = by_host_.equal_range(host_of(slot.peer.ip));
  by_host_.erase(std::find_if(from, to, [&](const auto& entry) { return entry.second == &slot; }));
}

void Admission::set_standing(const NodeId& id, Standing standing) {
  if (standing == Standing::ordinary) privileged_at_.remove(id);
  const auto slot = slots_.find(id);
  if (slot == slots_.end()) return;
  if (standing == Standing::privileged) privileged_at_.add(id, slot->second.peer.ip);
  alter(slot->second, [&] { slot->second.peer.standing = standing; });
}

Result<void> Admission::may_dial(const NodeId& id, const std::optional<IpAddress>& ip,
                                 Standing standing, TimePoint now) const {
  if (auto allowed = check_bans(id, ip, now); !allowed) return allowed;
  if (standing == Standing::ordinary && ip && host_is_full(id, *ip, Direction::outbound)) {
    return conn::fail(Stage::admission, PeerReason::too_many_from_address, ip->to_string());
  }
  return {};
}

bool Admission::takes_slot(const Slot& slot) noexcept {
  return slot.peer.standing == Standing::ordinary && !slot.evicting;
}

template <typename Change>
void Admission::alter(Slot& slot, Change&& change) {
  if (takes_slot(slot)) --taken(slot.peer.direction);
  change();
  if (takes_slot(slot)) ++taken(slot.peer.direction);
}

Result<void> Admission::check_bans(const IpAddress& ip, TimePoint now) const {
  if (const Ban* ban = bans_.find(ip, now)) return kept_out(PeerReason::banned, *ban);
  if (const Ban* wish = held_off_.find(ip, now)) return kept_out(PeerReason::held_off, *wish);
  return {};
}

Result<void> Admission::check_bans(const NodeId& id, const std::optional<IpAddress>& ip,
                                   TimePoint now) const {
  if (const Ban* ban = bans_.find(id, now)) return kept_out(PeerReason::banned, *ban);
  if (const Ban* wish = held_off_.find(id, now)) return kept_out(PeerReason::held_off, *wish);
  return ip ? check_bans(*ip, now) : Result<void>{};
}

std::vector<LinkId> Admission::evict_one(std::vector<EvictionCandidate> candidates,
                                         const IpAddress& newcomer, TimePoint now) {
  std::unordered_map<LinkId, Slot*> inbound;
  inbound.reserve(slots_.size());
  for (auto& [id, slot] : slots_) {
    if (!takes_slot(slot) || slot.peer.direction != Direction::inbound) continue;
    for (const Slot::Held& held : slot.links) inbound[held.id] = &slot;
  }
  std::erase_if(candidates, [&](const auto& peer) { return !inbound.contains(peer.link); });
  const auto chosen =
      choose_eviction(std::move(candidates), newcomer, config_.max_inbound, recent_, now);
  if (!chosen) return {};
  Slot& slot = *inbound.at(*chosen);
  // Of an exempt host with many nodes one goes often, and the others are to come in.
  if (any_contains(config_.exempt, slot.peer.ip)) {
    slot_pause_.on_refused(slot.peer.ip, now);
  } else {
    slot_pause_.on_evicted(slot.peer.ip, now);
  }
  alter(slot, [&slot] { slot.evicting = true; });
  std::vector<LinkId> links;
  for (const Slot::Held& held : slot.links) links.push_back(held.id);
  return links;
}

bool Admission::host_is_full(const NodeId& id, const IpAddress& ip, Direction direction) const {
  const bool inbound_only = config_.per_ip_limit == PerIpLimit::inbound_peers;
  if (config_.max_per_ip == 0 || any_contains(config_.exempt, ip)) return false;
  if (inbound_only && direction == Direction::outbound) return false;
  const auto [from, to] = by_host_.equal_range(host_of(ip));
  const auto others = std::count_if(from, to, [&](const auto& entry) {
    const Slot& slot = *entry.second;
    return slot.peer.id != id && takes_slot(slot) &&
           (!inbound_only || slot.peer.direction == Direction::inbound);
  });
  return static_cast<std::size_t>(others) >= config_.max_per_ip;
}

}  // namespace peerage::p2p
