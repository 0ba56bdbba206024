// `peerage-sim drain`: the month as a command. Progress on stderr, figures on stdout; the exit code
// is 1 when what is promised does not hold.
//
// Threads: one.
#pragma once

#include "cmd/cli/command.h"

namespace peerage::sim::drain {

cmd::Command drain_command();

}  // namespace peerage::sim::drain
