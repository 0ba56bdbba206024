// The switch's inside: bans, and which nodes they spare.
#include <algorithm>
#include <utility>

#include "p2p/switch_core.h"

namespace peerage::p2p {

using conn::NodeId;
using conn::Result;

Result<void> SwitchCore::ban(const BanTarget& target, conn::Duration span, const std::string& why,
                             BanOrigin origin, const std::optional<NodeId>& culprit) {
  const conn::TimePoint now = control_.now();
  const conn::Duration longest = conn::TimePoint::max() - now;  // a ban for ever must not overflow
  const auto changes = admission_.bans().add(
      {target, now + std::min(span, longest), conn::printable(why), origin}, now);
  if (!changes) {
    if (origin == BanOrigin::operator_) log_.cannot_ban(target, changes.error());
    return tl::unexpected(changes.error());
  }
  if (!changes->dropped.empty()) tell(BansDropped{changes->dropped});
  if (!changes->added) return {};
  const Ban& ban = *changes->added;
  counters_.add(Counter::bans);
  if (origin == BanOrigin::operator_) {
    log_.banned_by_operator(ban);
  } else {
    log_.banned(ban, culprit, now);
  }
  end_those_under(ban);
  tell(Banned{ban});
  return {};
}

void SwitchCore::ban_peer(const NodeId& id, const conn::IpAddress& ip, conn::Duration span,
                          const std::string& why) {
  (void)ban(admission_.bans().target_for(id, ip), span, why, BanOrigin::misbehaviour, id);
}

void SwitchCore::restore_bans(const std::vector<Ban>& bans) {
  std::vector<BanTarget> dropped;
  for (const Ban& ban : bans) {
    auto changes = admission_.bans().add(ban, control_.now());
    if (!changes) {
      // An operator's stays where it was kept, for when there is room.
      if (ban.origin == BanOrigin::misbehaviour) dropped.push_back(ban.target);
      continue;
    }
    dropped.insert(dropped.end(), changes->dropped.begin(), changes->dropped.end());
    if (!changes->added) continue;
    // Those of a neighbourhood have become one, which is not kept anywhere yet.
    if (changes->added->target != ban.target) {
      dropped.push_back(ban.target);
      tell(Banned{*changes->added});
    }
    end_those_under(*changes->added);
  }
  if (!dropped.empty()) tell(BansDropped{std::move(dropped)});
}

void SwitchCore::end_those_under(const Ban& ban) {
  if (!peers_) return;
  const auto falls_under = [&ban](const Peer& peer) {
    const auto* id = std::get_if<NodeId>(&ban.target);
    return id != nullptr ? peer.id() == *id
                         : std::get<conn::Cidr>(ban.target).contains(peer.socket().ip);
  };
  peers_->stop_if(falls_under, {conn::Stage::admission, conn::Reason::banned, ban.reason});
}

bool SwitchCore::has_established_in(const conn::Cidr& network) const {
  const conn::TimePoint now = control_.now();
  const BanList& bans = admission_.bans();
  // One that a ban has just been made for may still be here.
  return peers_ && peers_->has_long_lived([&](const Peer& peer) {
    const conn::IpAddress& ip = peer.socket().ip;
    return network.contains(ip) && bans.find(ip, now) == nullptr &&
           bans.find(peer.id(), now) == nullptr;
  });
}

void SwitchCore::unban(const BanTarget& target) {
  if (admission_.bans().remove(target)) tell(Unbanned{target});
}

}  // namespace peerage::p2p
