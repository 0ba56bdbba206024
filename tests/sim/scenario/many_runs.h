// A scenario under many seeds, each run in a process of its own, as many side by side as wished;
// and what they found in one report: of each check the worst value, of each figure the largest or
// the sum.
//
// Threads: forks; call it while there is no other thread.
#pragma once

#include <cstddef>

#include "tests/sim/scenario/scenario.h"

namespace peerage::sim {

struct ManyRuns {
  std::size_t seeds = 1;  // from the options' seed on
  std::size_t jobs = 1;
};

// One that does not end in order fails a check of its own. Throws Interrupted, with what has ended,
// when it is broken off.
Report run_many(const Scenario& scenario, const ScenarioOptions& options, const ManyRuns& many);

}  // namespace peerage::sim
