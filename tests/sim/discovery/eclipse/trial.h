// One trial: a victim among honest nodes, all of them real servers, and an attacker; for hours,
// with what the attacker holds of the victim at some moments.
//
// Threads: a pure function; several may run at the same time, in processes of their own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/sim/discovery/eclipse/plans.h"

namespace peerage::sim::discovery {

// The attacker's shares, 0 to 1.
struct Holding {
  double hours = 0;         // since the attack began
  double table = 0;         // of the live entries
  double lookups = 0;       // of the results of lookups for random targets
  double candidates = 0;    // of the hosts that were handed over for dialling until then
  double records = 0;       // of the records that named our network until then, handed over or not
  std::size_t entries = 0;  // live ones, in all
  std::size_t handed = 0;   // hosts, in all
};

struct Outcome {
  std::vector<Holding> holdings;
};

// `progress`: the part that is done, and what it is at.
Outcome play(const EclipsePlan& plan,
             const std::function<void(double done, const std::string& now)>& progress = {});

}  // namespace peerage::sim::discovery
