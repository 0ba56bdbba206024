// `peerage-sim discovery eclipse`: cases as a command. Progress on stderr, figures on stdout; the
// exit code is 1 when what is promised does not hold.
//
// Threads: cases run beside one another, each on a thread of its own.
#pragma once

#include "cmd/cli/command.h"

namespace peerage::sim::discovery {

cmd::Command eclipse_command();

}  // namespace peerage::sim::discovery
