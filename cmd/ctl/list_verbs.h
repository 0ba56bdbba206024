// The verbs that change who is what to a running node: add, remove, set, seeds list|add|remove.
//
// What is in force follows cmd/ctl/operator_lists.h. A verb is about one node: of an address that
// is named, or of an ID, of which four digits are enough if one node alone that is connected or in
// a list has them.
//
//  - `add` puts an address into the lists that its options name. Without --persistent it is dialled
//    once, and the book hears of it; with it, it is dialled for ever.
//  - `remove` takes all that is said of the ID out of the three lists of peers; seeds have verbs of
//    their own. The connection stays, unless --disconnect is given.
//  - `set ID --persistent true` needs an address: where we have dialled it, where it stands as a
//    seed, or where the book knows it.
//
// With --save it is so after a restart, too; that is on the disk before it is in force.
//
// Threads: verbs are called on the control shard; what may block is done apart.
#pragma once

#include <memory>
#include <vector>

#include "cmd/ctl/live_settings.h"
#include "cmd/ctl/named_verb.h"
#include "pex/node.h"

namespace peerage::cmd {

// The node outlives them.
std::vector<NamedVerb> list_verbs(pex::Node& node, std::shared_ptr<LiveSettings> settings);

}  // namespace peerage::cmd
