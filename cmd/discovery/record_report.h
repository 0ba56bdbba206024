// What `peerage discovery enr` shows of each node that was named: what its record or URL says, and
// whether that is signed; or which rule it breaks.
//
// Threads: pure functions.
#pragma once

#include <string>

#include "cmd/discovery/node_argument.h"

namespace peerage::cmd {

// For a terminal.
std::string to_text(const NamedNode& named);
// One object, on one line.
std::string to_json(const NamedNode& named);

}  // namespace peerage::cmd
