// Lookup targets at a chosen distance from a node, so that its table can be gone through bucket by
// bucket.
//
// discv4 asks by a key, and what counts is the key's hash; so keys are drawn once, and for each
// question one is taken whose hash lies right. One in 2^n lies at log distance 256 - n; so all of
// the far buckets, in which nearly all nodes are, are reached, and the nearest are not.
//
// Threads: immutable once made.
#pragma once

#include <functional>
#include <vector>

#include "cmd/discovery/inquiry.h"

namespace peerage::cmd {

class TargetPool {
 public:
  static constexpr std::size_t kTargets = 4096;
  // `random` fills what it is given.
  explicit TargetPool(const std::function<void(conn::MutableBytes)>& random,
                      std::size_t targets = kTargets);

  // One at this log distance from `node`, if there is any: the same one for the same node, and
  // others for others, so that all of them together are asked for every place.
  std::optional<pex::LookupTarget> at(const pex::EnodeId& node, unsigned log_distance) const;

 private:
  std::vector<pex::LookupTarget> targets_;  // by ID
};

}  // namespace peerage::cmd
