// A scenario under many seeds, each run in a process of its own, a number of them side by side; and
// their results in one report: of each check the worst value, of each figure the largest or the
// sum.
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

// A run that does not end cleanly fails a check of its own. Throws Interrupted, with the runs that
// have ended, when it is interrupted.
Report run_many(const Scenario& scenario, const ScenarioOptions& options, const ManyRuns& many);

}  // namespace peerage::sim
