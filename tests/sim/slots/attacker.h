// The attacker: hosts in networks, that want as many of the slots as they can get, for ever.
//
// A busy one spreads its admissions evenly over its networks, which is the best that it can do with
// them: the node gives each network about as much time.
//
// Threads: plain values; everything happens in the events of the timeline.
#pragma once

#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "tests/sim/eclipse/trial_random.h"
#include "tests/sim/slots/node.h"
#include "tests/sim/slots/plans.h"
#include "tests/sim/slots/timeline.h"

namespace peerage::sim::slots {

class Attacker {
 public:
  Attacker(const AttackPlan& plan, Node& node, Timeline& timeline, std::uint64_t seed);
  // Each host connects once, at that time, which is before all others.
  void come_first(conn::TimePoint then);
  void start();

 private:
  struct Network {
    std::deque<std::size_t> idle;  // hosts, the longest idle first
    std::size_t had = 0;           // slots, within an hour
  };
  struct Had {
    conn::TimePoint at;
    std::size_t network = 0;
  };

  conn::IpAddress address(std::size_t host) const;
  std::size_t network_of(std::size_t host) const { return host % plan_.networks; }
  bool connect(std::size_t host, conn::TimePoint now);
  void on_evicted(std::size_t host);
  void come_politely(std::size_t host);
  void tick();
  // From the network that has had the least, of those with a host that may; whether there is one.
  bool come_busily();
  void count(std::size_t network, int by);
  void forget_old();

  AttackPlan plan_;
  Node& node_;
  Timeline& timeline_;
  eclipse::TrialRandom random_;
  std::vector<conn::TimePoint> may_try_;  // each host, from then on
  std::vector<bool> here_;                // each host
  std::vector<Network> networks_;
  std::set<std::pair<std::size_t, std::size_t>> by_had_;  // networks with an idle host
  std::deque<Had> latest_;
};

}  // namespace peerage::sim::slots
