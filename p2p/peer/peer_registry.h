// The set of peers: every link from the moment a node has proved itself until its end.
//
// It carries out what Admission's second gate and DuplicateConnections decide: which node gets a
// slot, which is evicted for it, which of two connections of a node is shown. A link is stopped on
// its shard and is forgotten only when it has reported its end; until then it counts.
//
// Invariants: for an ID at most one link is shown; every link that Admission counts is in `links_`,
// and the reverse. Threads: the control shard; snapshot() on any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "p2p/admission/admission.h"
#include "p2p/base/peer_marks.h"
#include "p2p/connect/transport.h"
#include "p2p/peer/ban_enforcer.h"
#include "p2p/peer/duplicate_connections.h"
#include "p2p/peer/link.h"
#include "p2p/peer/peer_list.h"
#include "p2p/peer/switch_events.h"

namespace peerage::p2p {

class PeerRegistry final : public BanEnforcer::Peers {
 public:
  class Observer {
   public:
    virtual void on_connected(const Connected& event) = 0;
    virtual void on_gone(const Gone& event) = 0;
    // It proved itself and was never shown: refused, or gone before.
    virtual void on_not_admitted(const Proven::Summary& node, DialPurpose purpose,
                                 const AttemptReport& report, const conn::Failure& why) = 0;
    // A link is gone, and what follows from it for others is done.
    virtual void on_settled() = 0;

   protected:
    ~Observer() = default;
  };
  struct Settings {
    conn::ConnectionConfig connection;
    std::size_t inbox_bytes = 0;
  };

  // `named`: what links of nodes share that come first when they are proven.
  PeerRegistry(const conn::NodeId& own, const Link::Common& common, const Link::Common& named,
               Admission& admission, const Settings& settings, Observer& observer);

  // Nodes that come first need no slot of the others. `another`: see DuplicateConnections.
  void on_proven(Proven node, DialPurpose purpose, const AttemptReport& report, const Marks& marks,
                 DuplicateConnections::Another another);
  // The configuration of a node has changed.
  void mark(const conn::NodeId& id, const Marks& marks);
  // Our own dial to `id` has failed.
  void on_dial_failed(const conn::NodeId& id);
  // A handshake of this address is over.
  void on_handshake_left(const conn::IpAddress& ip);

  // Ends the shown link, and any that is held, for this reason.
  void stop(const conn::NodeId& id, const conn::Failure& why);
  void disconnect(const conn::NodeId& id, conn::Duration within);
  // Ends this link and no other of its node.
  void stop(LinkId link, const conn::Failure& why) { stop_link(link, why); }
  // Ends every link; held ones at once.
  void disconnect_all(conn::Duration within);
  void stop_if(const Condition& condition, const conn::Failure& why) override;
  // When it is empty, and no node comes any more: then it may go on any thread.
  void close();

  PeerPtr find(const conn::NodeId& id) const;
  const PeerList& peers() const noexcept { return peers_; }  // those shown to reactors
  bool empty() const noexcept { return links_.empty(); }
  // What links that have ended had sent and received, by their network; immutable.
  const std::shared_ptr<const NetworkTraffic>& gone_traffic() const noexcept { return gone_; }
  // Whether a peer has been shown for kLongLived, is not being stopped, and meets this condition.
  bool has_long_lived(const Condition& condition) const override;

 private:
  struct Entry {
    std::shared_ptr<Link> link;
    DialPurpose purpose = DialPurpose::requested;
    AttemptReport report;
    std::optional<conn::TimePoint> shown_since;
    bool stopping = false;
    conn::TimePoint proven_at{};
  };
  static void set_marks(Peer& peer, const Marks& marks);
  void apply(const DuplicateConnections::Actions& actions);
  void admit(LinkId id);
  void stop_link(LinkId id, const conn::Failure& why);
  void probe(LinkId id);
  void keep_traffic(const Peer& peer);
  void on_ended(LinkId id, const conn::Failure& why, conn::EndedBy ended_by);
  void arm();
  std::vector<EvictionCandidate> eviction_candidates() const;

  Link::Common common_;
  Link::Common named_;
  conn::Shard& control_;
  Admission& admission_;
  Settings settings_;
  Observer& observer_;
  DuplicateConnections duplicates_;
  LinkId next_link_ = 1;
  std::map<LinkId, Entry> links_;
  PeerList peers_;
  std::shared_ptr<const NetworkTraffic> gone_ = std::make_shared<const NetworkTraffic>();
  std::unique_ptr<conn::Timer> timer_;  // for the duplicates
  // Links report their end by way of this; it goes when we do.
  std::shared_ptr<PeerRegistry*> self_;
};

}  // namespace peerage::p2p
