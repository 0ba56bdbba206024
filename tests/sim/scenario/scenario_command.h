// `peerage-sim SCENARIO`: one subcommand for each scenario.
#pragma once

#include <CLI/CLI.hpp>

namespace peerage::sim {

// A chosen subcommand runs when `app` parses, and sets `exit_code` to 1 when a check does not hold.
void add_scenario_commands(CLI::App& app, int& exit_code);

}  // namespace peerage::sim
