// Pings nodes over UDP, one after another, from a server of its own.
//
// Threads: the caller's, which waits.
#pragma once

#include <vector>

#include "cmd/base/process.h"
#include "cmd/discovery/node_argument.h"
#include "cmd/discovery/ping.h"
#include "conn/address/net_address.h"

namespace peerage::cmd {

struct PingOptions {
  std::size_t count = 1;
  conn::Duration patience = std::chrono::seconds(5);  // for one answer
};

// A node of discovery by its record or URL; or, by where it listens, one whose key is not known
// before it answers.
using PingTarget = std::variant<NamedNode, conn::HostAddress>;

// In the order of the targets; a signal leaves out what was not pinged by then. A failure: there is
// no socket to be had.
conn::Result<std::vector<PingReport>> ping_nodes(const std::vector<PingTarget>& targets,
                                                 const PingOptions& options,
                                                 const Signals& signals);

}  // namespace peerage::cmd
