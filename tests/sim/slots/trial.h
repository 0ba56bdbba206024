// One cell of the price list: a node and an attacker, from an hour before the attack to its end.
//
// Threads: a pure function; several may run at the same time.
#pragma once

#include <cstdint>

#include "tests/sim/slots/plans.h"

namespace peerage::sim::slots {

// What the node promises to newcomers holds for attackers with less than half of the networks, and
// what it promises to peers of long standing for all.
inline constexpr double kPromisedShare = 0.5;
inline constexpr double kMostWait = 120;  // seconds, of 95 % of the newcomers
inline constexpr double kMostLost = 1;    // per cent a day
inline constexpr double kGivenUp = 600;   // seconds after which a newcomer tries no more

struct Outcome {
  double share = 0;     // the attacker's, of the networks that an attempt came from in an hour
  double wait_p50 = 0;  // seconds until a newcomer has a slot that it keeps for ten
  double wait_p95 = 0;  // kGivenUp: more
  double stay_p50 = 0;  // seconds that one admitted keeps it
  double lost = 0;      // per cent a day of the honest peers older than a day
  double day_old = 0;   // of them there were, on the average
  double held = 0;      // per cent of the slots that the attacker holds, on the average
  std::size_t newcomers = 0;

  bool wait_promised() const { return share < kPromisedShare; }
  bool holds() const { return lost <= kMostLost && (!wait_promised() || wait_p95 <= kMostWait); }
};

Outcome play(const NodePlan& node, const AttackPlan& attack, std::uint64_t seed);

}  // namespace peerage::sim::slots
