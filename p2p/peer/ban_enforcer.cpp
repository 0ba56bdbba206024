#include "p2p/peer/ban_enforcer.h"

#include <algorithm>
#include <utility>

#include "conn/base/bytes.h"
#include "p2p/base/peer_reason.h"
#include "p2p/peer/peer.h"

namespace peerage::p2p {

using conn::NodeId;
using conn::Result;

BanEnforcer::BanEnforcer(conn::Shard& control, BanList& bans, Peers& peers, Observer& observer)
    : control_(control), bans_(bans), peers_(peers), observer_(observer) {
  bans_.set_has_established(
      [this](const conn::Cidr& network) { return has_established_in(network); });
}

Result<void> BanEnforcer::ban(const BanTarget& target, conn::Duration span, const std::string& why,
                              BanOrigin origin, const std::string& by,
                              const std::optional<NodeId>& culprit) {
  const conn::TimePoint now = control_.now();
  const conn::Duration longest = conn::TimePoint::max() - now;  // a ban for ever must not overflow
  const auto changes =
      bans_.add({target, now + std::min(span, longest), conn::printable(why), origin, by}, now);
  if (!changes) {
    if (origin == BanOrigin::operator_) observer_.on_ban_refused(target, changes.error());
    return tl::unexpected(changes.error());
  }
  if (!changes->dropped.empty()) observer_.on_bans_dropped(changes->dropped);
  if (!changes->added) return {};
  end_those_under(*changes->added);
  observer_.on_banned(*changes->added, culprit);
  return {};
}

void BanEnforcer::ban_peer(const NodeId& id, const conn::IpAddress& ip, conn::Duration span,
                           const std::string& why, const std::string& by) {
  (void)ban(bans_.target_for(id, ip), span, why, BanOrigin::misbehaviour, by, id);
}

bool BanEnforcer::unban(const BanTarget& target) {
  const bool was = bans_.remove(target);
  if (was) observer_.on_unbanned(target);
  return was;
}

void BanEnforcer::restore(const std::vector<Ban>& bans) {
  std::vector<BanTarget> dropped;
  for (const Ban& ban : bans) {
    auto changes = bans_.add(ban, control_.now());
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
      observer_.on_bans_joined(*changes->added);
    }
    end_those_under(*changes->added);
  }
  if (!dropped.empty()) observer_.on_bans_dropped(dropped);
}

void BanEnforcer::end_those_under(const Ban& ban) {
  const auto falls_under = [&ban](const Peer& peer) {
    return conn::covers(ban.target, peer.id(), peer.socket().ip);
  };
  peers_.stop_if(falls_under, {conn::Stage::admission, PeerReason::banned, ban.reason});
}

bool BanEnforcer::has_established_in(const conn::Cidr& network) const {
  const conn::TimePoint now = control_.now();
  // One that a ban has just been made for may still be here.
  return peers_.has_long_lived([&](const Peer& peer) {
    const conn::IpAddress& ip = peer.socket().ip;
    return network.contains(ip) && bans_.find(ip, now) == nullptr &&
           bans_.find(peer.id(), now) == nullptr;
  });
}

}  // namespace peerage::p2p
