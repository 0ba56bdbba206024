// `peerage-sim slots`: the price list as a command. Progress on stderr, figures on stdout; the exit
// code is 1 when what is promised does not hold.
//
// Threads: as many as --jobs says, each with trials of its own.
#pragma once

#include "cmd/cli/command.h"

namespace peerage::sim::slots {

cmd::Command slots_command();

}  // namespace peerage::sim::slots
