// `peerage-sim eclipse`: the experiment as a command. Progress on stderr, figures on stdout.
//
// Threads: one, and no other in the process.
#pragma once

#include <CLI/CLI.hpp>

namespace peerage::sim::eclipse {

// Adds the subcommand; it runs when it is parsed. Throws CLI::Error for what cannot be run.
void add_eclipse_command(CLI::App& app);

}  // namespace peerage::sim::eclipse
