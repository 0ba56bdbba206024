// `peerage-sim SCENARIO`: one subcommand for each scenario. Its exit code is 1 when a check does
// not hold.
#pragma once

#include <vector>

#include "cmd/cli/command.h"

namespace peerage::sim {

std::vector<cmd::Command> scenario_commands();

}  // namespace peerage::sim
