// Addresses that the settings name and that a strict address book refuses: a node of a private
// network finds nobody with them, and would say nothing.
//
// Host names are not resolved here, but for "localhost", which is what it says.
// Threads: pure functions.
#pragma once

#include <vector>

#include "cmd/config/finding.h"
#include "cmd/config/settings.h"

namespace peerage::cmd {

// A warning for each setting (p2p.seeds, p2p.persistent_peers, p2p.laddr) that names such; none
// when the book is not strict.
std::vector<Finding> private_addresses(const Settings& settings);

}  // namespace peerage::cmd
