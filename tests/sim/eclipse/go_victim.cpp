#include "tests/sim/eclipse/go_victim.h"

#include <algorithm>
#include <utility>

#include "tests/sim/eclipse/gossip_reactor.h"
#include "tests/sim/eclipse/puppet.h"

namespace peerage::sim::eclipse {
namespace {

constexpr std::uint32_t kVictimKey = 0xffff'0001;

go::GoNode::Plan plan_of(const std::vector<conn::HostAddress>& seeds,
                         std::optional<conn::Duration> mark_good_after) {
  go::GoNode::Plan plan;
  plan.node.liveness.ping_interval = kPingInterval;
  plan.networks = {kNetwork};
  plan.seeds = seeds;
  plan.mark_good_after = mark_good_after;
  plan.reactor = std::make_shared<GossipReactor>();
  return plan;
}

}  // namespace

GoVictim::GoVictim(SimHost& host, std::vector<conn::HostAddress> seeds,
                   std::optional<conn::Duration> mark_good_after)
    : host_(host),
      seeds_(std::move(seeds)),
      node_(host, kVictimKey, plan_of(seeds_, mark_good_after)) {
  node_.on_event = [this](const p2p::SwitchEvent& event) { on_event(event); };
}

void GoVictim::make_anew() {
  outbound_.clear();
  node_.make_anew(go::GoNode::Book::kept);
}

void GoVictim::on_event(const p2p::SwitchEvent& event) {
  if (std::holds_alternative<p2p::Dialled>(event)) ++dials_;
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    const p2p::Peer& peer = *connected->peer;
    const bool is_seed = std::any_of(seeds_.begin(), seeds_.end(),
                                     [&](const auto& seed) { return seed.id == peer.id(); });
    if (peer.direction() != p2p::Direction::outbound || is_seed) return;
    outbound_[peer.link()] = {{peer.id(), peer.socket()}, host_.shard(0).now()};
    if (on_change) on_change();
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    if (outbound_.erase(gone->peer->link()) > 0 && on_change) on_change();
  }
}

std::vector<Victim::Outbound> GoVictim::outbound() const {
  std::vector<Outbound> peers;
  for (const auto& [link, peer] : outbound_) peers.push_back(peer);
  return peers;
}

std::vector<conn::IpAddress> GoVictim::inbound() const {
  std::vector<conn::IpAddress> peers;
  const auto all = node_.get_switch().peers();
  for (const p2p::PeerPtr& peer : all) {
    if (peer->direction() == p2p::Direction::inbound) peers.push_back(peer->socket().ip);
  }
  return peers;
}

void GoVictim::for_each_known(const Visit& visit) const {
  node_.book().for_each([&visit](const go::GoBook::Row& row) {
    visit(row.address,
          row.kind == go::GoBook::Kind::old ? addrbook::Kind::tried : addrbook::Kind::new_);
  });
}

bool GoVictim::knows(const conn::NetAddress& address) const {
  return node_.book().has(address.id);
}

}  // namespace peerage::sim::eclipse
