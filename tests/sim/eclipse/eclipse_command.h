// `peerage-sim eclipse`: the experiment as a command. Progress on stderr, figures on stdout.
//
// Threads: one, and no other in the process.
#pragma once

#include "cmd/cli/command.h"

namespace peerage::sim::eclipse {

// Its `run` throws for what cannot be run.
cmd::Command eclipse_command();

}  // namespace peerage::sim::eclipse
