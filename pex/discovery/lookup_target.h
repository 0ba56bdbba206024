// What a lookup looks for: a node's ID, and the key that it is the hash of.
//
// discv4 asks for a key and discv5 for distances from an ID, so an ID alone can be looked for by
// discv5 only. A key of a target need not be a point of the curve.
// Threads: plain values.
#pragma once

#include <optional>

#include "pex/discovery/record/enode_id.h"

namespace peerage::pex {

struct LookupTarget {
  EnodeId id;
  std::optional<conn::ByteArray<64>> key;

  static LookupTarget of(const conn::ByteArray<64>& key);
  static LookupTarget of(const EnodeId& id) { return {id, std::nullopt}; }
};

}  // namespace peerage::pex
