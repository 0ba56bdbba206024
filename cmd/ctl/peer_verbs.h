// peers, peer, dial and visit: who is connected, what is known of a node, and how a dial went.
//
// Threads: the control shard.
#pragma once

#include <vector>

#include "cmd/ctl/named_verb.h"
#include "cmd/ctl/verb_context.h"

namespace peerage::cmd {

std::vector<NamedVerb> peer_verbs(const SharedContext& context);

}  // namespace peerage::cmd
