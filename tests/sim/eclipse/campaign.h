// Many trials: cases times seeds, in processes beside one another.
//
// A process runs the warm-up of one world and then plays that world's trials, each in a copy of
// itself. The outcome of a trial depends on its case, its number and the seed alone, not on how
// many run at a time.
//
// Threads: one, and no other in the process.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/eclipse/outcome.h"
#include "tests/sim/eclipse/plans.h"
#include "tests/sim/eclipse/trial.h"

namespace peerage::sim::eclipse {

struct Case {
  std::string policy;
  AttackPlan attack;
  conn::Duration age{0};  // of the victim when the attack begins
};

struct Campaign {
  std::vector<Case> cases;
  std::size_t trials = 20;
  // Trials of a case that share a warm-up; a fresh victim has none, so each of its trials has a
  // world of its own.
  std::size_t trials_of_world = 4;
  std::uint64_t seed = 1;
  std::size_t jobs = 2;
  WorldPlan world;
  Timing timing;

  // After each trial, how many are done and of how many.
  std::function<void(std::size_t done, std::size_t all)> on_progress;
};

// For each case, in order, its outcomes in the order of their numbers; when it is interrupted
// (tests/sim/interrupt.h), the outcomes so far. Throws std::runtime_error when a trial fails.
std::vector<std::vector<Outcome>> run(const Campaign& campaign);

}  // namespace peerage::sim::eclipse
