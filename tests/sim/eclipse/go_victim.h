// A Go node as the victim: its policy as tests/sim/go models it, on a real switch.
//
// Threads: the world's one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "tests/sim/eclipse/victim.h"
#include "tests/sim/go/go_node.h"

namespace peerage::sim::eclipse {

class GoVictim final : public Victim {
 public:
  // `mark_good_after`: how long a peer must have been connected before the consensus reactor marks
  // it good; none: there is no such reactor.
  GoVictim(SimHost& host, std::vector<conn::HostAddress> seeds,
           std::optional<conn::Duration> mark_good_after);

  void start() override { node_.start(); }
  void stop() override { node_.stop(); }
  bool stopped() const override { return node_.stopped(); }
  void make_anew() override;

  conn::NetAddress address() const override { return node_.net_address(); }
  std::vector<Outbound> outbound() const override;
  std::size_t outbound_slots() const override { return kOutboundSlots; }
  std::vector<conn::IpAddress> inbound() const override;
  void for_each_known(const Visit& visit) const override;
  bool knows(const conn::NetAddress& address) const override;
  std::uint64_t dials() const override { return dials_; }

 private:
  static constexpr std::size_t kOutboundSlots = 10;
  void on_event(const p2p::SwitchEvent& event);

  SimHost& host_;
  const std::vector<conn::HostAddress> seeds_;
  go::GoNode node_;
  std::map<p2p::LinkId, Outbound> outbound_;
  std::uint64_t dials_ = 0;
};

}  // namespace peerage::sim::eclipse
