// discovery: who the node is over UDP, and whom it knows there.
//
// The record is the one that others are sent at this moment.
//
// Threads: the control shard.
#pragma once

#include <vector>

#include "cmd/ctl/named_verb.h"
#include "cmd/ctl/verb_context.h"

namespace peerage::cmd {

std::vector<NamedVerb> discovery_verbs(const SharedContext& context);

}  // namespace peerage::cmd
