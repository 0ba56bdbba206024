// Many handshakes with one node, a number of them at a time, spread over the shards.
//
// A worker does handshakes, one after another, on one shard; what is left to do is shared by
// all workers. Each handshake has a key of its own, made before the clock starts, and on loopback
// an address of its own. Threads: `run` takes the caller's thread, which is no network thread,
// until all is done.
#pragma once

#include <functional>
#include <vector>

#include "cmd/bench/dial.h"
#include "cmd/bench/node.h"
#include "cmd/bench/report.h"

namespace peerage::cmd {

struct DialResults {
  BenchMoment begin;
  BenchMoment end;
  std::vector<double> us;  // of those that succeeded, from connect to NodeInfo
  FailureCounts failures;
  bool interrupted = false;
};

// Takes a proven connection, on the shard with that number.
using DialTaken = std::function<void(std::size_t shard, p2p::Upgraded)>;

std::vector<conn::NodeKey> fresh_keys(std::size_t count);

// One handshake for each key. A signal ends it early.
DialResults dial_many(conn::Runtime& runtime, const BenchOptions& options,
                      const std::vector<conn::NodeKey>& keys, const Signals& signals,
                      const DialTaken& taken);

}  // namespace peerage::cmd
