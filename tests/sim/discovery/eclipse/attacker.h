// The attacker: many IDs behind few addresses, that answer everything and tell of one another.
//
//  - It answers each Ping, and pings back, so that everybody who has heard of it can prove it.
//  - It answers each FindNode with those of its IDs that are closest to the target: with ten
//    thousand they are closer to any target than the honest nodes.
//  - It pings the victim all the time, and the honest nodes now and then, from one ID after
//  another.
//
// Threads: none of its own. The world outlives it.
#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "tests/sim/discovery/eclipse/plans.h"
#include "tests/sim/discovery/eclipse/puppet.h"
#include "tests/sim/scenario/internet.h"

namespace peerage::sim::discovery {

class Attacker {
 public:
  Attacker(SimWorld& world, Internet& internet, const AttackPlan& plan, std::string network);

  // From now on it pings these, now and then.
  void introduce(std::vector<Endpoint> honest);
  // From now on it pings this one, all the time.
  void flood(const Endpoint& victim);

  bool owns(const IpAddress& ip) const { return addresses_.contains(ip.to_string()); }
  std::size_t ids() const noexcept { return ids_.size(); }
  // Its IDs that are closest to it, closest first.
  std::vector<const Puppet*> closest(const pex::EnodeId& target, std::size_t most) const;

 private:
  void on_heard(Puppet& self, const Puppet::Heard& heard);
  void answer(Puppet& self, const Puppet::Heard& heard, const pex::v4::FindNode& question);
  void ping_victim();
  void ping_honest();
  Puppet& next_of(std::size_t address);

  SimWorld& world_;
  AttackPlan plan_;
  std::string network_;
  std::unordered_set<std::string> addresses_;
  std::vector<std::vector<std::unique_ptr<Puppet>>> by_address_;
  std::vector<std::size_t> next_;   // by address
  std::vector<const Puppet*> ids_;  // sorted
  Endpoint victim_;
  std::vector<Endpoint> honest_;
};

}  // namespace peerage::sim::discovery
