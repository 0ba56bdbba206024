// What the settings mean to a node: the one translation of a Config into a pex::NodeConfig. A start
// has it, and so have those who change the book of a node that does not run, and who tell what is
// in force.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <optional>

#include "cmd/config/config.h"
#include "pex/node.h"

namespace peerage::cmd {

// A seed if the settings say so, or the command: `only`.
pex::Role role_of(const Config& config, std::optional<pex::Role> only = std::nullopt);

// Connections that a node of this configuration (pex::settled) may have at the same time.
std::size_t connections_of(const pex::NodeConfig& node);

// All but the networks and the book's file, which the config names and does not have (see
// cmd/config/settings.h), and the logs.
pex::NodeConfig node_config(const Config& config, pex::Role role);

}  // namespace peerage::cmd
