// How often we look around: as seldom as we may when we have the peers that we want, and often when
// we have none.
//
// Between the two it eases in and out (cubic), so that a node that lacks a few peers is not much
// noisier than one that lacks none. A node that wants no peers has all that it wants.
//
// Source: reth crates/net/discv4; 0/0 once made a node of another implementation spin.
// Threads: a pure function.
#pragma once

#include <cstddef>

#include "pex/discovery/limits.h"

namespace peerage::pex {

// From lookup_interval_low to lookup_interval_high.
conn::Duration lookup_interval(const DiscoveryLimits& limits, std::size_t outbound_peers,
                               std::size_t wanted);

}  // namespace peerage::pex
