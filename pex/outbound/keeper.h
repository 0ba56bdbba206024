// The driver of a node: keeps its outbound set full as OutboundPolicy plans, unless the switch
// drains. It gives the policy
// the situation, and has the switch and the exchange carry out the plan.
//
// Outbound peers are asked for addresses when they connect, if the book has not enough; a peer that
// was dialled only to see whether it is alive is disconnected.
//
// Threads: the control shard.
#pragma once

#include <set>

#include "pex/limits/seed_list.h"
#include "pex/outbound/policy.h"
#include "pex/role/role_driver.h"

namespace peerage::pex {

class OutboundKeeper final : public RoleDriver {
 public:
  OutboundKeeper(Context context, const OutboundLimits& limits, conn::TimePoint now);

  conn::TimePoint on_time(conn::TimePoint now) override;
  void on_event(const p2p::SwitchEvent& event, conn::TimePoint now) override;
  void on_list(const p2p::PeerPtr& peer, std::size_t added, conn::TimePoint now) override;
  void on_asked(const p2p::PeerPtr&) override {}
  void set_seeds(const std::vector<conn::HostAddress>& seeds) override { seeds_.set(seeds); }

 private:
  static constexpr std::size_t kMaxRefused = 256;

  OutboundPolicy::Situation situation(conn::TimePoint now) const;
  // Outbound peers, and nodes that are being dialled to become one.
  std::vector<OutboundPolicy::Situation::Outbound> outbound(conn::TimePoint now) const;
  void ask_first_seeds(const OutboundPolicy::Situation& state, conn::TimePoint now);
  // Whether a seed could be asked.
  bool ask_seed(conn::TimePoint now, SeedList::Of which);
  void ask_waiting_seeds(conn::TimePoint now);
  void ask_a_peer(conn::TimePoint now);
  void on_connected(const p2p::Connected& event, conn::TimePoint now);
  void on_dial_failed(const p2p::DialFailed& event, conn::TimePoint now);

  Context context_;
  OutboundPolicy policy_;
  SeedList seeds_;
  std::set<conn::NodeId> unasked_seeds_;  // connected, but could not be asked then
  const std::size_t first_seeds_wanted_;
  std::size_t first_seeds_ = 0;  // asked
  const conn::Duration second_look_;
  bool looked_again_ = false;
  // Nodes that the switch would not dial, and when to ask it again.
  conn::RecentMap<conn::NodeId, conn::TimePoint> refused_{kMaxRefused};
};

}  // namespace peerage::pex
