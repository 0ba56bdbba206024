// A probe: one attempt to reach a node, stage by stage, and what was learnt. Runs on any Runtime.
//
//   resolve -> connect -> keys -> identity -> NodeInfo -> one PexRequest
//
// All addresses of a name are tried until one is proven; of those that fail the one that got
// furthest is reported.
//
// A node that answers with its ID and a NodeInfo that we are compatible with is *proven*; what its
// peer exchange says is reported beside that. When something else answers, or nothing does, further
// connections ask in HTTP and in TLS, so that a web server or a TLS port can be named.
//
// Threads: the shard's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/address/node_key.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/node_info.h"

namespace peerage::cmd {

struct ProbeOptions {
  // The network to claim. Without one the remote's is taken, if it names it first.
  std::optional<std::string> network;
  // For one target, all in all; finding out what else answers may take two seconds more.
  conn::Duration timeout = std::chrono::seconds(10);
};

struct ProbeReport {
  conn::HostAddress target;
  // Why the node is not proven; nullopt when it is.
  std::optional<conn::Failure> failure;

  std::optional<conn::Endpoint> endpoint;  // that was dialled last
  // How long each completed stage took.
  std::optional<conn::Duration> resolved;
  std::optional<conn::Duration> connected;
  std::optional<conn::Duration> keys_exchanged;
  std::optional<conn::Duration> authenticated;
  std::optional<conn::Duration> node_info_received;
  std::optional<conn::NodeId> remote_id;
  std::optional<p2p::NodeInfo> info;

  // Peer exchange, when the node is proven: an answer, or why there was none.
  std::optional<conn::Duration> pex_answered;
  std::vector<conn::NetAddress> addresses;
  std::size_t addresses_refused = 0;
  std::optional<conn::Failure> pex_failure;

  bool proven() const { return !failure; }
};

using ProbeDone = std::function<void(ProbeReport)>;

// Starts at once; `done` runs once, later, on the shard. `key` and the runtime must outlive it.
[[nodiscard]] std::unique_ptr<conn::Pending> start_probe(conn::Runtime& runtime, conn::Shard& shard,
                                                         const conn::NodeKey& key,
                                                         conn::HostAddress target,
                                                         const ProbeOptions& options,
                                                         ProbeDone done);

// The report for a terminal, and as one line of JSON.
std::string to_text(const ProbeReport& report);
std::string to_json(const ProbeReport& report);

}  // namespace peerage::cmd
