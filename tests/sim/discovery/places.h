// How many nodes a table could hold: what a network would give it if it were asked for everything.
// What a table really holds is measured against this.
//
// The bound for the whole table (10 of a network) is left out, so that the number is never too
// small; a network of hosts in a hundred networks does not reach it.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <span>

#include "conn/address/ip_address.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/record/enode_id.h"

namespace peerage::sim::discovery {

struct Neighbour {
  pex::EnodeId id;
  conn::IpAddress ip;
};

// Of these nodes, those that have a place in the table of `own` at one time: by bucket, and of one
// /24 (/48) in a bucket as many as the limits say.
std::size_t possible_places(const pex::EnodeId& own, std::span<const Neighbour> nodes,
                            const pex::DiscoveryLimits& limits);

}  // namespace peerage::sim::discovery
