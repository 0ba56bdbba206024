// From an address, or an accepted connection, to a proven node: resolve, connect, upgrade.
//
// It has no policy: the caller decides which nodes to accept or dial, and how many. The work
// (Upgrade, DialAttempt) happens on the shard that is named; the caller is on the control shard,
// and so are all callbacks.
//
// Destroying a Pending cancels the attempt: its callbacks do not run, and its connection is
// closed. Threads: the control shard (0) of the runtime.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conn/runtime/runtime.h"
#include "p2p/base/attempt_report.h"
#include "p2p/base/direction.h"
#include "p2p/connect/dial_attempt.h"
#include "p2p/connect/upgrader.h"

namespace peerage::p2p {

// What we say of ourselves, and on which networks. Shared with the network threads, so never
// changed: a new one takes its place.
struct Introduction {
  NodeInfo info;                      // with the network of dials that name none
  std::vector<std::string> networks;  // those we serve; info.network is one of them

  // The NodeInfo for a node of that network. If we do not serve it, ours is sent all the same, so
  // that the other side knows why we close.
  NodeInfo for_network(const std::string& network) const;
};

// A node that has proved itself. The stream lives on `shard`; it is closed there if this is
// dropped.
struct Proven {
  std::shared_ptr<Upgraded> upgraded;
  std::size_t shard = 0;
  Direction direction = Direction::inbound;
  conn::Endpoint remote;
  std::optional<conn::HostAddress> dialled;

  const conn::NodeId& id() const noexcept { return upgraded->stream->remote_id(); }

  // What remains to be said when it is gone.
  struct Summary {
    conn::NodeId id;
    Direction direction = Direction::inbound;
    conn::Endpoint remote;
    std::optional<conn::HostAddress> dialled;
    std::string network;  // that we share
  };
  Summary summary() const { return {id(), direction, remote, dialled, upgraded->ours.network}; }
};

class Transport {
 public:
  using Done = std::function<void(conn::Result<Proven>, const AttemptReport&)>;
  using Progress = std::function<void(conn::Stage)>;

  using Timeouts = DialTimeouts;

  // The runtime must outlive all attempts; the upgrader, which other shards use until they hear of
  // the end, is shared with them. `own`: where we listen; between loopback addresses that is also
  // where we dial from, so that nodes of one machine are told apart.
  Transport(conn::Runtime& runtime, std::shared_ptr<Upgrader> upgrader, const Timeouts& timeouts,
            const conn::IpAddress& own);

  // Upgrades an accepted connection; `deadline` is for all of it.
  std::unique_ptr<conn::Pending> accept(std::unique_ptr<conn::Arrival> arrival, std::size_t shard,
                                        std::shared_ptr<const Introduction> introduction,
                                        conn::TimePoint deadline, Progress progress, Done done);

  // For an accepted connection that is to be refused unless it brings nothing: see
  // p2p/connect/first_bytes.h for what becomes of it.
  std::unique_ptr<conn::Pending> hear_out(std::unique_ptr<conn::Arrival> arrival, std::size_t shard,
                                          conn::Failure refusal, conn::TimePoint deadline,
                                          Done done);

  // Dials `target` as a node of `network`; empty: of the first that we serve.
  std::unique_ptr<conn::Pending> dial(const conn::HostAddress& target, std::size_t shard,
                                      std::shared_ptr<const Introduction> introduction,
                                      const std::string& network, Done done,
                                      Progress progress = {});

 private:
  conn::Runtime& runtime_;
  const std::shared_ptr<Upgrader> upgrader_;
  Timeouts timeouts_;
  conn::IpAddress own_;
};

}  // namespace peerage::p2p
