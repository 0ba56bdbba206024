// Which of several connections to one node stays: there is never more than one that reactors see.
//
// Two cases, told apart by time and direction:
//
//  - Both nodes dialled each other at once. Closing eagerly would let each side close the other's,
//    and none would remain (the Go node does so). So while our own dial to that node is in flight,
//    or while a handshake that may be its dial to us is, or when both have completed within
//    kDecisionTime, neither is shown until the remote closes one or kDecisionTime is over. Then the
//    one dialled by the lower ID stays: both sides come to the same answer by themselves. A Go
//    node closes at once the one that completes second on its side, and we go along with it. (One
//    that is shown already when the other completes stays shown meanwhile.)
//  - A second connection comes while the first is established. The first is probed: if it shows any
//    life, the second goes; if it shows none for kProbeTime, it is replaced.
//
// A pure state machine: it is given what happened and returns what to do. The caller does so and
// reports each connection that is gone with on_gone, also those that it dropped. One that was
// dropped before it was shown is forgotten at once: it has no part in what follows.
//
// Invariant: for an ID at most one link is shown; one is admitted only when the one before it is
// gone; none is dropped twice, or admitted after it was dropped. Threads: none of its own (the
// control shard).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "conn/address/node_id.h"
#include "conn/base/failure.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/direction.h"
#include "p2p/base/link_id.h"

namespace peerage::p2p {

class DuplicateConnections {
 public:
  static constexpr conn::Duration kDecisionTime = std::chrono::seconds(2);
  static constexpr conn::Duration kProbeTime = std::chrono::seconds(10);

  explicit DuplicateConnections(const conn::NodeId& own) : own_(own) {}

  struct Action {
    enum class Kind : std::uint8_t {
      admit,  // show it to the reactors
      drop,   // close it, for `reason`
      probe,  // ask it for a sign of life; report it with on_life
    };
    Kind kind = Kind::admit;
    LinkId link = 0;
    conn::Reason reason = conn::Reason::stopped_locally;
    bool operator==(const Action&) const = default;
  };
  using Actions = std::vector<Action>;

  // A connection to `id` has proved itself. `another`: another one may be about to: our own
  // dial (of an inbound one), or a handshake from the same host (of an outbound one).
  enum class Another : std::uint8_t { none, expected };
  [[nodiscard]] Actions on_proven(const conn::NodeId& id, LinkId link, Direction direction,
                                  Another another, conn::TimePoint now);
  // The other one that was expected does not come any more.
  [[nodiscard]] Actions on_no_other(const conn::NodeId& id);
  // Bytes have arrived on a link that was probed.
  [[nodiscard]] Actions on_life(const conn::NodeId& id, LinkId link);
  // A link is closed; if it was shown, its removal is on its way to the reactors.
  [[nodiscard]] Actions on_gone(const conn::NodeId& id, LinkId link);
  [[nodiscard]] Actions on_time(conn::TimePoint now);
  std::optional<conn::TimePoint> deadline() const;

  // The link that is shown, if any.
  std::optional<LinkId> shown(const conn::NodeId& id) const;
  bool knows(const conn::NodeId& id) const { return nodes_.contains(id); }
  // Outbound links that wait for another from `id`'s host: see on_no_other.
  std::vector<conn::NodeId> waiting_for_other() const;
  std::size_t nodes() const noexcept { return nodes_.size(); }

 private:
  struct Link {
    LinkId id = 0;
    Direction direction = Direction::inbound;
  };
  enum class Wait : std::uint8_t {
    nothing,
    other,    // one is held; another may come
    remote,   // there are two; the remote may close one
    life,     // one is held; the shown one is being probed
    removal,  // the shown one is being removed; one may be held
  };
  struct Node {
    std::optional<Link> shown;
    conn::TimePoint shown_since;
    std::vector<Link> held;  // at most two
    Wait wait = Wait::nothing;
    conn::TimePoint decide_at;
  };
  using Nodes = std::map<conn::NodeId, Node>;

  // Whether its wait ends at decide_at, if nothing ends it before.
  static bool is_timed(const Node& node);
  // The timed ones, and their IDs.
  template <typename Visit>
  void for_each_timed(const Visit& visit) const {
    for (const conn::NodeId& id : timed_) {
      const auto node = nodes_.find(id);
      if (node != nodes_.end() && is_timed(node->second)) visit(id, node->second);
    }
  }
  void note_timed(const conn::NodeId& id);
  static void admit_held(Node& node, conn::TimePoint now, Actions& actions);
  static void drop_held(Node& node, std::vector<Link>::iterator link, conn::Reason why,
                        Actions& actions);
  void decide(const conn::NodeId& id, Node& node, Actions& actions);
  bool stays(const conn::NodeId& id, const Link& link) const;
  void forget_if_empty(Nodes::iterator node);

  conn::NodeId own_;
  Nodes nodes_;
  std::vector<conn::NodeId> timed_;  // and some that were until lately
  conn::TimePoint now_;              // the latest that we were given
};

}  // namespace peerage::p2p
