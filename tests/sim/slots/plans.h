// What is tried: the node and the honest peers around it, and an attacker.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "p2p/base/limits.h"

namespace peerage::sim::slots {

struct NodePlan {
  std::size_t slots = 160;
  // Peers that have been there for one to thirty days when the attack begins.
  std::size_t long_lived = 100;
  double restarts = 0.1;  // of a long-lived peer, a day
  double newcomers = 10;  // honest ones, a minute
  // Whose peers a reactor finds useful, all the time.
  enum class Useful : std::uint8_t { all, attackers } useful = Useful::all;
  std::size_t networks = 400;  // of all honest peers
  double hours = 24;           // of the attack
  p2p::FullInbound full_inbound = p2p::FullInbound::evict_one;
};

// Polite: each host connects, stays as long as it may, and comes again nine minutes after it was
// refused or evicted. Busy: `a_second` hosts try each second, if the node lets as many in at
// accept, each from the network that was given least.
enum class Manner : std::uint8_t { polite, busy };

struct AttackPlan {
  std::size_t hosts = 1;
  std::size_t networks = 1;  // /24s, or /48s; at most as many as hosts
  Manner manner = Manner::polite;
  // Whether it is there before the honest peers of long standing: a node that has just started.
  enum class Begins : std::uint8_t { later, first } begins = Begins::later;
  std::size_t a_second = 10;  // of a busy one
};

// "polite", "busy".
const char* text(Manner manner);

inline constexpr std::size_t kMostHosts = 65'536;
inline constexpr std::size_t kMostNetworks = 16'384;

// The price list: 1 to 10 000 hosts in 1 to 4 096 networks.
std::vector<AttackPlan> price_list();

}  // namespace peerage::sim::slots
