// ban, unban, bans and disconnect: who is kept out, for how long, and why.
//
// A ban is in the book, and so survives a restart. `disconnect --for` keeps out as a ban does, for
// this run alone, and counts against nobody. `unban` ends both.
//
// Threads: the control shard.
#pragma once

#include <vector>

#include "cmd/ctl/named_verb.h"
#include "cmd/ctl/verb_context.h"

namespace peerage::cmd {

std::vector<NamedVerb> ban_verbs(const SharedContext& context);

}  // namespace peerage::cmd
