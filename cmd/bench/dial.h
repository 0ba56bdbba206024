// One handshake with a node, without a switch: connect, SecretConnection, NodeInfo, by the dial
// that a switch makes (p2p/connect/dial_attempt.h).
//
// Threads: start_bench_dial and what it returns belong to the shard; the rest waits, off the
// shards.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "cmd/bench/bench.h"
#include "conn/address/node_key.h"
#include "conn/runtime/runtime.h"
#include "p2p/connect/dial_attempt.h"

namespace peerage::cmd {

struct BenchDial {
  BenchTarget target;
  std::optional<conn::IpAddress> from;  // one of our addresses; not set: the system chooses
  const conn::NodeKey* key = nullptr;   // outlives the dial
  std::string network;
  conn::ChannelId channel{};
};

// `done` runs once, on the shard; destroying the Pending before that cancels.
using BenchDialDone = std::function<void(conn::Result<p2p::Upgraded>)>;
std::unique_ptr<conn::Pending> start_bench_dial(conn::Runtime& runtime, conn::Shard& shard,
                                                const BenchDial& dial, BenchDialDone done);

// The loopback address for the `index`-th connection to `to`: a different one for each of the first
// 64 000, so that neither the ports of one address nor limits for one address are in the way.
// Nothing when `to` is not on loopback.
std::optional<conn::IpAddress> loopback_source(const conn::IpAddress& to, std::size_t index);

// The node that answers at the target, found out by a handshake with a new identity.
conn::Result<conn::NodeId> who_answers(conn::Runtime& runtime, const BenchOptions& options);

}  // namespace peerage::cmd
