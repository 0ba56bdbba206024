// `peerage addrbook` on the book of a running node: book list|show|sources|stats|check|export,
// which look, and book import|forget, which change it.
//
// What looks reads the file, beside the node that writes it, on a thread of its own; all that the
// node knew at the call has been written before. What changes the book does so in the node's
// memory, on the control shard, a slice at a time so that the shard has others' turns between; it
// is in the file when it is answered.
//
// Bounds: kMostBookReads at a time that wait or read, and kImportSlice entries of an import between
// two turns of others.
//
// Threads: verbs are called on the control shard.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "cmd/ctl/live_settings.h"
#include "cmd/ctl/named_verb.h"
#include "pex/node.h"

namespace peerage::cmd {

inline constexpr std::size_t kMostBookReads = 8;
// A third of a millisecond, in a book of 60 000 addresses.
inline constexpr std::size_t kImportSlice = 128;

// The node outlives them.
std::vector<NamedVerb> book_verbs(pex::Node& node, std::shared_ptr<LiveSettings> settings);

}  // namespace peerage::cmd
