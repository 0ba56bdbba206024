// status, networks, save, drain and stop: the node as a whole.
//
// `drain` makes the node not ready, and has the switch take nobody new and dial nobody; peers stay.
// `--for` ends it by itself.
//
// Threads: the control shard.
#pragma once

#include <vector>

#include "cmd/ctl/named_verb.h"
#include "cmd/ctl/node_control.h"
#include "cmd/ctl/verb_context.h"

namespace peerage::cmd {

std::vector<NamedVerb> node_verbs(const SharedContext& context,
                                  const NodeControl::Settings& settings);

}  // namespace peerage::cmd
