// One bucket of the table: its entries, and the replacements that wait for one of them to leave.
//
// Invariants, with the table's limits: entries stand in the order of when they were last live,
// those that never were first; replacements newest first. A node is in one of the two, once.
// It is small enough that everything is found by looking through it; an empty one allocates
// nothing.
// Threads: none of its own.
#pragma once

#include <optional>
#include <vector>

#include "conn/base/random.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/table_node.h"

namespace peerage::pex {

struct Bucket {
  std::vector<TableNode> entries;
  std::vector<TableNode> replacements;

  // Null when it is not there.
  TableNode* entry(const EnodeId& id);
  const TableNode* entry(const EnodeId& id) const;
  TableNode* replacement(const EnodeId& id);
  TableNode* any(const EnodeId& id);
  const TableNode* any(const EnodeId& id) const;

  // Entries that came to us unasked.
  std::size_t inbound() const;
  // Whether one that was heard of in this way may become an entry.
  bool has_room(HeardBy how, const DiscoveryLimits& limits) const;

  // Before all others: it has not been live.
  void add_entry(TableNode node);
  // Puts an entry where the order wants it; it is the only one out of place.
  void settle(const TableNode& entry);
  void erase_entry(const TableNode& entry);

  // The one that had to go for it, if any; it may be the newcomer itself.
  std::optional<TableNode> add_replacement(TableNode node, const DiscoveryLimits& limits);
  TableNode take_replacement(const TableNode& replacement);
  // One of those that may become an entry, by lot; null when none may.
  const TableNode* draw_replacement(const DiscoveryLimits& limits,
                                    const conn::RandomBelow& random) const;
};

}  // namespace peerage::pex
