#include "pex/discovery/bans.h"

#include <algorithm>

#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::BanOrigin;
using conn::Cidr;
using conn::IpAddress;
using conn::TimePoint;

namespace {

bool in_force(const DiscoveryBans::Until& until, TimePoint now) {
  return !until || now < *until;
}

// Never is the last.
bool ends_before(const DiscoveryBans::Until& a, const DiscoveryBans::Until& b) {
  return a && (!b || *a < *b);
}

bool all_private(const Cidr& network) {
  const std::vector<Cidr>& ranges = conn::private_networks();
  return std::any_of(ranges.begin(), ranges.end(), [&network](const Cidr& range) {
    return range.contains(network.base()) && range.base().is_v4() == network.base().is_v4() &&
           range.bits() <= network.bits();
  });
}

template <typename ByLength>
bool any_holds(const ByLength& bans, const IpAddress& ip, TimePoint now) {
  return std::any_of(bans.begin(), bans.end(), [&](const auto& of_length) {
    const auto found = of_length.second.find(ip.masked(of_length.first));
    return found != of_length.second.end() && in_force(found->second, now);
  });
}

}  // namespace

DiscoveryBans::Added DiscoveryBans::ban(const EnodeId& id, Until until, BanOrigin origin,
                                        TimePoint now) {
  if (!in_force(until, now)) return Added::ended;
  if (const auto known = ids_.find(id); known != ids_.end()) {
    const bool weaker = known->second.origin == BanOrigin::operator_ &&
                        origin == BanOrigin::misbehaviour && in_force(known->second.until, now);
    if (weaker) return Added::yes;
    unban(id);
  }
  if (counts_[static_cast<std::size_t>(origin)] >= kMostIds) {
    sweep(now);
    if (!make_room(origin)) return Added::full;
  }
  ids_.emplace(id, IdBan{until, origin});
  ++counts_[static_cast<std::size_t>(origin)];
  return Added::yes;
}

bool DiscoveryBans::make_room(BanOrigin origin) {
  if (counts_[static_cast<std::size_t>(origin)] < kMostIds) return true;
  if (origin == BanOrigin::operator_) return false;
  auto first = ids_.end();
  for (auto at = ids_.begin(); at != ids_.end(); ++at) {
    if (at->second.origin != origin) continue;
    if (first == ids_.end() || ends_before(at->second.until, first->second.until)) first = at;
  }
  unban(EnodeId(first->first));
  return true;
}

DiscoveryBans::Added DiscoveryBans::ban(const Cidr& network, Until until, TimePoint now) {
  if (!in_force(until, now)) return Added::ended;
  if (all_private(network)) return Added::private_network;
  ByBase& of_length = family(network.base())[network.bits()];
  if (!of_length.contains(network.base()) && networks() >= kMostNetworks) return Added::full;
  of_length[network.base()] = until;
  return Added::yes;
}

bool DiscoveryBans::unban(const EnodeId& id) {
  const auto known = ids_.find(id);
  if (known == ids_.end()) return false;
  --counts_[static_cast<std::size_t>(known->second.origin)];
  ids_.erase(known);
  return true;
}

bool DiscoveryBans::unban(const Cidr& network) {
  ByLength& bans = family(network.base());
  const auto of_length = bans.find(network.bits());
  if (of_length == bans.end() || of_length->second.erase(network.base()) == 0) return false;
  if (of_length->second.empty()) bans.erase(of_length);
  return true;
}

bool DiscoveryBans::banned(const EnodeId& id, TimePoint now) const {
  const auto known = ids_.find(id);
  return known != ids_.end() && in_force(known->second.until, now);
}

// As Cidr::contains: who carries an IPv4 address falls under its bans too.
bool DiscoveryBans::banned(const IpAddress& ip, TimePoint now) const {
  if (is_private(ip)) return false;
  const IpAddress within = ip.carried();
  return (within.is_v4() && any_holds(v4_, within, now)) ||
         (!ip.is_v4() && any_holds(v6_, ip, now));
}

void DiscoveryBans::sweep(TimePoint now) {
  std::vector<EnodeId> ended;
  for (const auto& [id, ban] : ids_) {
    if (!in_force(ban.until, now)) ended.push_back(id);
  }
  for (const EnodeId& id : ended) unban(id);
  for (ByLength* const bans : {&v4_, &v6_}) {
    for (auto& of_length : *bans) {
      std::erase_if(of_length.second,
                    [now](const auto& each) { return !in_force(each.second, now); });
    }
    std::erase_if(*bans, [](const auto& of_length) { return of_length.second.empty(); });
  }
}

std::vector<std::pair<EnodeId, DiscoveryBans::Until>> DiscoveryBans::ids() const {
  std::vector<std::pair<EnodeId, Until>> all;
  all.reserve(ids_.size());
  for (const auto& [id, ban] : ids_) all.emplace_back(id, ban.until);
  return all;
}

std::size_t DiscoveryBans::networks() const noexcept {
  std::size_t count = 0;
  for (const ByLength* const bans : {&v4_, &v6_}) {
    for (const auto& of_length : *bans) count += of_length.second.size();
  }
  return count;
}

}  // namespace peerage::pex
