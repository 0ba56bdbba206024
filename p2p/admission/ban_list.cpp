#include "p2p/admission/ban_list.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "p2p/base/limits.h"
#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::Cidr;
using conn::IpAddress;
using conn::NodeId;
using conn::Reason;
using conn::Result;
using conn::Stage;
using conn::TimePoint;

namespace {

// The host that the ban is about, if it is a ban of a host for misbehaviour.
const Cidr* host_in(const Ban& ban) {
  const auto* network = std::get_if<Cidr>(&ban.target);
  const bool host = network != nullptr && ban.origin == BanOrigin::misbehaviour &&
                    *network == conn::host_network(network->base());
  return host ? network : nullptr;
}

}  // namespace

std::size_t BanList::HashIp::operator()(const IpAddress& ip) const noexcept {
  std::uint64_t halves[2];
  std::memcpy(halves, ip.bytes().data(), sizeof halves);
  std::uint64_t mixed = halves[0] ^ (halves[1] * 0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93;
  return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

bool BanList::MakesRoomFirst::operator()(const Entry& a, const Entry& b) const {
  if (conn::makes_room_before(a->ban, b->ban)) return true;
  return !conn::makes_room_before(b->ban, a->ban) && a->number < b->number;
}

bool BanList::LosesFirst::operator()(const Order* a, const Order* b) const {
  if (a->size() != b->size()) return a->size() > b->size();
  return MakesRoomFirst()(*a->begin(), *b->begin());
}

BanList::Group BanList::group_of(const BanTarget& target) {
  const auto* network = std::get_if<Cidr>(&target);
  if (network == nullptr) return std::nullopt;
  return network->base().group(IpAddress::Strict::no);
}

bool BanList::is_exempt(const Cidr& network) const {
  return std::any_of(exempt_.begin(), exempt_.end(),
                     [&network](const Cidr& each) { return each.overlaps(network); });
}

bool BanList::is_spared(const Cidr& neighbourhood) const {
  return is_exempt(neighbourhood) || (has_named_ && has_named_(neighbourhood)) ||
         (has_established_ && has_established_(neighbourhood));
}

BanTarget BanList::target_for(const NodeId& id, const IpAddress& ip) const {
  const Cidr host = conn::host_network(ip);
  if (is_exempt(host) || is_exempt(Cidr(ip)) || (has_named_ && has_named_(host))) return id;
  return host;
}

Result<BanList::Changes> BanList::add(Ban ban, TimePoint now) {
  Changes changes;
  if (ban.until <= now) return changes;
  erase_ended(now);
  if (auto* network = std::get_if<Cidr>(&ban.target);
      network != nullptr && ban.origin == BanOrigin::misbehaviour) {
    // Less than a host is nothing to a stranger.
    const Cidr host = conn::host_network(network->base());
    if (network->bits() > host.bits()) *network = host;
    if (is_exempt(*network)) {
      return conn::fail(Stage::admission, Reason::invalid_argument,
                        network->to_string() + " is exempt: the ID is to be banned");
    }
  }
  const auto known = entry_of(ban.target);
  const bool of_operator = known && (*known)->ban.origin == BanOrigin::operator_;
  if (ban.origin == BanOrigin::operator_) {
    if (!of_operator && order(ban.origin).size() >= conn::kMaxBans) {
      return conn::fail(Stage::admission, PeerReason::ban_list_full,
                        std::to_string(conn::kMaxBans));
    }
  } else if (of_operator) {
    return changes;
  }
  if (known) erase(*known);
  if (ban.origin == BanOrigin::misbehaviour && order(ban.origin).size() >= conn::kMaxBans) {
    const Entry victim = makes_room_for(ban.target);
    changes.dropped.push_back(victim->ban.target);
    erase(victim);
  }
  changes.added = ban;
  insert(std::move(ban));
  if (const Cidr* host = host_in(*changes.added)) join_neighbourhood(Cidr(*host), changes);
  return changes;
}

BanList::Entry BanList::makes_room_for(const BanTarget& newcomer) const {
  // With the newcomer, its own group is larger than others that are as large now.
  const Order& largest = **ranking_.begin();
  const auto own = groups_.find(group_of(newcomer));
  const bool own_is_largest = own != groups_.end() && own->second.size() == largest.size();
  return *(own_is_largest ? own->second : largest).begin();
}

template <typename Change>
void BanList::alter_group(const BanTarget& target, Change&& change) {
  const auto group = groups_.try_emplace(group_of(target)).first;
  Order& bans = group->second;
  if (!bans.empty()) ranking_.erase(&bans);
  change(bans);
  if (bans.empty()) {
    groups_.erase(group);
  } else {
    ranking_.insert(&bans);
  }
}

void BanList::join_neighbourhood(const Cidr& host, Changes& changes) {
  const Cidr network = conn::neighbourhood_network(host.base());
  const auto found = hosts_.find(network.base());
  if (found == hosts_.end() || found->second.size() < kHostsToBanNeighbourhood) return;
  const auto known = entry_of(network);
  if (known && (*known)->ban.origin == BanOrigin::operator_) return;
  if (is_spared(network)) return;
  Ban whole{network, changes.added->until, {}, BanOrigin::misbehaviour};
  whole.by = changes.added->by;
  whole.reason = std::to_string(found->second.size()) +
                 " of its hosts were banned; the last: " + changes.added->reason;
  std::vector<Entry> all(found->second.begin(), found->second.end());
  if (known) all.push_back(*known);
  for (const Entry& each : all) {
    whole.until = std::max(whole.until, each->ban.until);
    // The last host's and that of the neighbourhood itself are in the one that is added.
    const BanTarget& target = each->ban.target;
    if (target != BanTarget(host) && target != BanTarget(network)) {
      changes.dropped.push_back(target);
    }
    erase(each);
  }
  changes.added = whole;
  insert(std::move(whole));
}

void BanList::insert(Ban ban) {
  const Entry entry = bans_.insert(bans_.end(), Kept{std::move(ban), next_number_++});
  order(entry->ban.origin).insert(entry);
  if (entry->ban.origin == BanOrigin::misbehaviour) {
    alter_group(entry->ban.target, [&entry](Order& bans) { bans.insert(entry); });
  }
  if (const auto* id = std::get_if<NodeId>(&entry->ban.target)) {
    by_id_[*id] = entry;
    return;
  }
  const Cidr& network = std::get<Cidr>(entry->ban.target);
  (network.base().is_v4() ? v4_ : v6_)[network.bits()][network.base()] = entry;
  if (host_in(entry->ban) != nullptr) {
    hosts_[conn::neighbourhood_of(network.base())].insert(entry);
  }
}

void BanList::erase(Entry entry) {
  order(entry->ban.origin).erase(entry);
  if (entry->ban.origin == BanOrigin::misbehaviour) {
    alter_group(entry->ban.target, [&entry](Order& bans) { bans.erase(entry); });
  }
  if (const auto* id = std::get_if<NodeId>(&entry->ban.target)) {
    by_id_.erase(*id);
  } else {
    const Cidr& network = std::get<Cidr>(entry->ban.target);
    auto& family = network.base().is_v4() ? v4_ : v6_;
    const auto length = family.find(network.bits());
    length->second.erase(network.base());
    if (length->second.empty()) family.erase(length);
    if (host_in(entry->ban) != nullptr) {
      const auto hosts = hosts_.find(conn::neighbourhood_of(network.base()));
      hosts->second.erase(entry);
      if (hosts->second.empty()) hosts_.erase(hosts);
    }
  }
  bans_.erase(entry);
}

void BanList::erase_ended(TimePoint now) {
  for (Order& each : orders_) {
    while (!each.empty() && (*each.begin())->ban.until <= now) erase(*each.begin());
  }
}

std::optional<BanList::Entry> BanList::entry_of(const BanTarget& target) {
  if (const auto* id = std::get_if<NodeId>(&target)) {
    const auto found = by_id_.find(*id);
    if (found == by_id_.end()) return std::nullopt;
    return found->second;
  }
  const Cidr& network = std::get<Cidr>(target);
  auto& family = network.base().is_v4() ? v4_ : v6_;
  const auto length = family.find(network.bits());
  if (length == family.end()) return std::nullopt;
  const auto found = length->second.find(network.base());
  if (found == length->second.end()) return std::nullopt;
  return found->second;
}

bool BanList::remove(const BanTarget& target) {
  const auto entry = entry_of(target);
  if (entry) erase(*entry);
  return entry.has_value();
}

const Ban* BanList::find(const NodeId& id, TimePoint now) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second->ban.until <= now) return nullptr;
  return &found->second->ban;
}

const Ban* BanList::find(const IpAddress& ip, TimePoint now) const {
  // The host of an address that carries another is the other: a ban of either is for it.
  const IpAddress within = ip.carried();
  for (const IpAddress& each : {within, ip}) {
    for (const auto& [bits, networks] : each.is_v4() ? v4_ : v6_) {
      const auto found = networks.find(each.masked(bits));
      if (found != networks.end() && found->second->ban.until > now) return &found->second->ban;
    }
    if (within == ip) break;
  }
  return nullptr;
}

std::vector<Ban> BanList::all(TimePoint now) const {
  std::vector<Ban> current;
  for (const Kept& kept : bans_) {
    if (kept.ban.until > now) current.push_back(kept.ban);
  }
  return current;
}

}  // namespace peerage::p2p
