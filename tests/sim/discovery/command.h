// `peerage-sim discovery`: the scenarios as commands. Progress on stderr, figures on stdout; the
// exit code is 1 when a check does not hold.
//
// Threads: one.
#pragma once

#include "cmd/cli/command.h"

namespace peerage::sim::discovery {

cmd::Command discovery_command();

}  // namespace peerage::sim::discovery
