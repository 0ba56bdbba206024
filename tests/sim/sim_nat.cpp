#include "tests/sim/sim_nat.h"

#include <algorithm>

namespace peerage::sim {

SimHost* SimNat::host_of(const IpAddress& inside) const {
  const auto found = hosts_.find(inside);
  return found == hosts_.end() ? nullptr : found->second;
}

Endpoint SimNat::outwards(const Endpoint& inside, const Endpoint& peer, TimePoint now) {
  const auto [found, is_new] = mappings_.try_emplace(inside);
  Mapping& mapping = found->second;
  if (is_new || !lives(mapping.used, now)) {
    if (!is_new) by_port_.erase(mapping.port);
    mapping.port = take_port(inside, now);
    mapping.contacts.clear();
  }
  mapping.used = now;
  if (plan_.filter != NatPlan::Filter::endpoint_independent) remember(mapping, peer, now);
  return {plan_.outside, mapping.port};
}

tl::expected<Endpoint, SimNat::Refusal> SimNat::inwards(const Endpoint& peer, std::uint16_t port,
                                                        TimePoint now) const {
  const auto inside = by_port_.find(port);
  if (inside == by_port_.end()) return tl::unexpected(Refusal::unmapped);
  const Mapping& mapping = mappings_.at(inside->second);
  if (!lives(mapping.used, now)) return tl::unexpected(Refusal::unmapped);
  if (!may_enter(mapping, peer, now)) return tl::unexpected(Refusal::filtered);
  return inside->second;
}

bool SimNat::may_enter(const Mapping& mapping, const Endpoint& peer, TimePoint now) const {
  switch (plan_.filter) {
    case NatPlan::Filter::endpoint_independent:
      return true;
    case NatPlan::Filter::address_dependent:
      for (auto each = mapping.contacts.lower_bound({peer.ip, 0});
           each != mapping.contacts.end() && each->first.ip == peer.ip; ++each) {
        if (lives(each->second, now)) return true;
      }
      return false;
    case NatPlan::Filter::address_and_port_dependent:
      break;
  }
  const auto contact = mapping.contacts.find(peer);
  return contact != mapping.contacts.end() && lives(contact->second, now);
}

void SimNat::remember(Mapping& mapping, const Endpoint& peer, TimePoint now) const {
  mapping.contacts[peer] = now;
  if (mapping.contacts.size() < mapping.sweep_at) return;
  std::erase_if(mapping.contacts,
                [this, now](const auto& contact) { return !lives(contact.second, now); });
  mapping.sweep_at = std::max<std::size_t>(2 * mapping.contacts.size(), 64);
}

// One in use is passed over; what nobody has used for long is forgotten on the way.
std::uint16_t SimNat::take_port(const Endpoint& inside, TimePoint now) {
  while (true) {
    const std::uint16_t port = next_port_;
    next_port_ = port == 0xffff ? kFirstPort : static_cast<std::uint16_t>(port + 1);
    const auto [held, is_free] = by_port_.try_emplace(port, inside);
    if (is_free) return port;
    const auto mapping = mappings_.find(held->second);
    if (lives(mapping->second.used, now)) continue;
    mappings_.erase(mapping);
    held->second = inside;
    return port;
  }
}

}  // namespace peerage::sim
