#include "p2p/admission/ban_list.h"

#include <cstring>
#include <utility>

namespace peerage::p2p {

std::string to_string(const BanTarget& target) {
  if (const auto* id = std::get_if<conn::NodeId>(&target)) return id->to_string();
  return std::get<conn::Cidr>(target).to_string();
}

std::size_t BanList::HashIp::operator()(const conn::IpAddress& ip) const noexcept {
  std::uint64_t halves[2];
  std::memcpy(halves, ip.bytes().data(), sizeof halves);
  std::uint64_t mixed = halves[0] ^ (halves[1] * 0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93;
  return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

void BanList::add(Ban ban, conn::TimePoint now) {
  if (ban.until <= now) return;
  remove(ban.target);
  // What has ended makes room before the oldest in force does, which may be an operator's.
  while (!by_end_.empty() && by_end_.begin()->first <= now) remove(by_end_.begin()->second);
  if (bans_.size() >= kMaxBans) remove(bans_.front().target);
  const Entry entry = bans_.insert(bans_.end(), std::move(ban));
  by_end_.emplace(entry->until, entry->target);
  if (const auto* id = std::get_if<conn::NodeId>(&entry->target)) {
    by_id_[*id] = entry;
  } else {
    const conn::Cidr& network = std::get<conn::Cidr>(entry->target);
    (network.base().is_v4() ? v4_ : v6_)[network.bits()][network.base()] = entry;
  }
}

bool BanList::remove(BanTarget target) {
  Entry entry;
  if (const auto* id = std::get_if<conn::NodeId>(&target)) {
    const auto found = by_id_.find(*id);
    if (found == by_id_.end()) return false;
    entry = found->second;
    by_id_.erase(found);
  } else {
    const conn::Cidr& network = std::get<conn::Cidr>(target);
    auto& family = network.base().is_v4() ? v4_ : v6_;
    const auto length = family.find(network.bits());
    if (length == family.end()) return false;
    const auto found = length->second.find(network.base());
    if (found == length->second.end()) return false;
    entry = found->second;
    length->second.erase(found);
    if (length->second.empty()) family.erase(length);
  }
  by_end_.erase({entry->until, target});
  bans_.erase(entry);
  return true;
}

const Ban* BanList::find(const conn::NodeId& id, conn::TimePoint now) const {
  const auto found = by_id_.find(id);
  return found != by_id_.end() && found->second->until > now ? &*found->second : nullptr;
}

const Ban* BanList::find(const conn::IpAddress& ip, conn::TimePoint now) const {
  for (const auto& [bits, networks] : ip.is_v4() ? v4_ : v6_) {
    const auto found = networks.find(ip.masked(bits));
    if (found != networks.end() && found->second->until > now) return &*found->second;
  }
  return nullptr;
}

std::vector<Ban> BanList::all(conn::TimePoint now) const {
  std::vector<Ban> current;
  for (const Ban& ban : bans_) {
    if (ban.until > now) current.push_back(ban);
  }
  return current;
}

}  // namespace peerage::p2p
