// One dial, from the name of a host to a proven peer: look up, connect, upgrade. There is no other:
// a switch dials so (p2p/connect/transport.h), and so do the program's own dials without a switch.
//
// The addresses of the name are tried one after another; a literal is its own answer. The failure
// of the last one counts.
//
// Destroying the Pending cancels the dial: its callbacks do not run, and its connection is closed.
// Threads: the shard's; the callbacks run there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "conn/runtime/runtime.h"
#include "p2p/base/attempt_report.h"
#include "p2p/base/limits.h"
#include "p2p/connect/upgrader.h"

namespace peerage::p2p {

struct DialTimeouts {
  conn::Duration resolve = kResolveTimeout;
  conn::Duration dial = std::chrono::seconds(3);  // for each address
  conn::Duration handshake = kHandshakeTimeout;
};

struct DialPlan {
  std::string host;
  std::uint16_t port = 0;
  std::optional<conn::NodeId> expected;  // not set: whoever answers
  std::variant<NodeInfo, Respond> ours;
  std::optional<conn::Duration> patience;  // with Respond, see HandshakePlan

  DialTimeouts timeouts;
  conn::TimePoint deadline = conn::TimePoint::max();  // for all of it
  // Where we dial from when both ends are on loopback, so that nodes of one machine are told apart.
  std::optional<conn::IpAddress> loopback_source;
  // After what the next address of a name is tried. A node wants to reach the right one at any
  // address; who asks what is there wants the first that answers.
  enum class TryNext : std::uint8_t { after_any_failure, after_no_connection };
  TryNext try_next = TryNext::after_any_failure;
};

class DialAttempt {
 public:
  using Done = std::function<void(conn::Result<Upgraded>, const AttemptReport&)>;
  // A stage has been reached; those of each address, when there are several.
  using Progress = UpgradeProgress;

  // Starts at once; `done` runs later, once. The runtime must outlive it.
  [[nodiscard]] static std::unique_ptr<conn::Pending> start(conn::Runtime& runtime,
                                                            conn::Shard& shard,
                                                            std::shared_ptr<Upgrader> upgrader,
                                                            DialPlan plan, Done done,
                                                            Progress progress = {});
};

}  // namespace peerage::p2p
