// One dial, from the name of a host to a proven peer: look up, connect, upgrade. There is no other:
// a switch dials so (p2p/connect/transport.h), and so do the program's own dials without a switch.
//
// The addresses of the name are tried one after another until the node that is meant answers: there
// may be several nodes behind it, ourselves among them. A literal is its own answer.
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
  // When all addresses of a name have failed, which failure is reported: of the one that got least
  // far, for the node that is meant may be the one that is not up, and another dial may reach it;
  // or, to whoever asks what is there, furthest. Of equals the last. That an address led to
  // ourselves is reported when all did.
  enum class Reports : std::uint8_t { least_far, furthest };
  Reports reports = Reports::least_far;
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
