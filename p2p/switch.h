// The switch: a node's connections to others. It listens and dials, keeps the set of peers, and
// gives reactors their channels.
//
// It has no policy of its own: p2p/admission/admission decides which nodes may be peers,
// p2p/peer/duplicate_connections which of two connections stays, and p2p/dial/dialer which nodes
// are dialled when; addresses are the business of those that listen to its events
// (p2p/peer/switch_events.h).
//
//   Switch node(runtime, std::move(key), config);
//   node.add_reactor(std::make_shared<MyReactor>());
//   if (auto started = node.start_and_wait(); !started) ...
//
// Threads: everything but add_reactor and on_event (both before the start) is callable from any
// thread, reactor calls and event handlers included, and never waits, but for the two functions
// that say so in their name. Reactors, events: see there. The control shard, where event handlers
// and what is handed over run, is shard 0 of the runtime; peers are spread over all.
//
// Lifetime: the runtime outlives the switch. Destroying the switch stops it and waits, unless that
// happens on a network thread or in a reactor's call: then it is stopped soon after. A runtime that
// is stopped first is as a crash: what reactors have begun is waited for, then nothing is reported.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "conn/address/node_key.h"
#include "conn/runtime/peer_log.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/counters.h"
#include "p2p/base/dial_outlook.h"
#include "p2p/base/draining.h"
#include "p2p/base/switch_config.h"
#include "p2p/peer/peer_list.h"
#include "p2p/peer/reactor.h"
#include "p2p/peer/switch_events.h"

namespace peerage::p2p {

class SwitchCore;
class Upgrader;

// How things stood a moment ago; immutable.
struct SwitchSnapshot {
  PeerList peers;           // shown to reactors
  std::size_t inbound = 0;  // of them, those that take a slot
  std::size_t outbound = 0;
  std::size_t named = 0;       // of them, those that come first; these take no slot of the others
  std::size_t persistent = 0;  // of them, persistent peers
  std::size_t persistent_named = 0;  // persistent peers that there should be, ourselves left out
  std::size_t dialling = 0;
  std::size_t handshakes = 0;     // of strangers, under way
  std::size_t free_outbound = 0;  // slots that the book may fill
  bool draining = false;
  std::size_t inbound_slots = 0;  // that there are; 0 before the start
  std::size_t outbound_slots = 0;
  // What peers that are gone had sent and received, by network; together with that of `peers` it is
  // what the switch has, and no sum ever falls. Not null.
  std::shared_ptr<const NetworkTraffic> gone = std::make_shared<const NetworkTraffic>();
};

// A reactor of the switch, and what is measured where it is called.
struct ReactorFigures {
  std::string name;
  std::vector<ReactorChannel> channels;
  std::shared_ptr<const ReactorStats> stats;
};

struct BroadcastResult {
  std::size_t queued = 0;
  std::size_t refused = 0;  // their queue is full, or they do not have the channel
};

class Switch {
 public:
  // Throws std::invalid_argument for a configuration that makes no sense (no network, an address
  // that cannot be parsed, a moniker that every peer would refuse, deadlines that contradict).
  Switch(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config);
  // The same over another wire than comet's (p2p/connect/upgrader.h). Not for embedders: what it
  // takes is not installed.
  Switch(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config,
         std::shared_ptr<Upgrader> upgrader);
  ~Switch();
  Switch(const Switch&) = delete;
  Switch& operator=(const Switch&) = delete;

  // Both before the start; std::logic_error after it. Throws std::invalid_argument for a channel
  // that another reactor has, more than 16 channels in all, or none.
  void add_reactor(std::shared_ptr<Reactor> reactor);
  void on_event(OnSwitchEvent handler);

  // Starts the reactors, then listens and dials. `done` runs on the control shard, with the reason
  // if it cannot listen or a reactor threw; then everything is stopped again. Once: refused
  // (invalid_argument) if it has been started or stopped before.
  using Started = std::function<void(const conn::Result<void>&)>;
  void start(Started done = {});
  // The same, waiting for it; refused (invalid_argument) where that would be waiting for oneself:
  // in a reactor's call, on a network thread, in virtual time.
  conn::Result<void> start_and_wait();

  // Stops accepting and dialling, lets what is queued leave (kStopTimeout at most), ends every
  // peer, stops the reactors; then `done` runs. Safe at any moment, and to repeat.
  void stop(std::function<void()> done = {});
  // The same, waiting for it. Throws std::logic_error, and stops nothing, where that would be
  // waiting for oneself: in a reactor's call, on a network thread, in virtual time.
  void stop_and_wait();

  const conn::NodeId& id() const;
  // Where it listens; meaningful once started.
  conn::Endpoint listen_endpoint() const;
  conn::NetAddress listen_address() const { return {id(), listen_endpoint()}; }

  // --- peers ---

  // Keep what it returns while you look at it: `for (auto& peer : node.snapshot()->peers)` does
  // not.
  std::shared_ptr<const SwitchSnapshot> snapshot() const;
  std::vector<PeerPtr> peers() const;
  PeerPtr find_peer(const conn::NodeId& id) const;  // null when not connected
  // Queues the message for every peer that has the channel and room; the bytes are shared.
  BroadcastResult broadcast(conn::ChannelId channel, conn::SharedBytes bytes);
  BroadcastResult broadcast(conn::ChannelId channel, conn::Bytes bytes) {
    return broadcast(channel, std::make_shared<const conn::Bytes>(std::move(bytes)));
  }
  // Ends the connection now, for this reason; nothing when there is none.
  void stop_peer(const conn::NodeId& id, conn::Failure why);
  // This one only: a later connection of its node stays.
  void stop_peer(const Peer& peer, conn::Failure why);
  // Lets what is queued leave, then ends the connection.
  void disconnect(const conn::NodeId& id, conn::Duration within = kStopTimeout);
  // The peer is of use (Peer::mark_useful), and so much so that the book is to hear of it: its
  // address becomes a tried one at once.
  void mark_good(const conn::NodeId& id);

  // --- dialling ---

  // Asks for a dial, which begins at once, or with the start; the outcome is reported by an event
  // (also a refusal: DialFailed of stage admission). We dial as a node of `network`, one of those
  // that we serve; empty: the first.
  void dial(const conn::HostAddress& target, DialPurpose purpose = DialPurpose::requested,
            const std::string& network = {});
  // Hands over how it stands with a node, on the control shard, after what was asked for before.
  void dial_outlook(const conn::NodeId& id, std::function<void(const DialOutlook&)> into) const;
  // One more address of a persistent peer: all that are named for an ID are tried in turn. One that
  // is named already is dialled at once. What fails for a minute is logged (p2p/dial/outages.h).
  void add_persistent_peer(const conn::HostAddress& address);
  // All its addresses. It stays connected, as an ordinary peer.
  void remove_persistent_peer(const conn::NodeId& id);
  // One of its addresses; with the last one, the peer. A connection to it stays, also if it was
  // dialled there.
  void remove_persistent_peer(const conn::HostAddress& address);
  // The addresses that an operator has named besides, as those of seeds. A persistent peer is
  // dialled at those of its ID, too; of the others, whoever wants to dials them (dial), and what
  // becomes of that is logged in the same way. Replaces those that were set before. The PEX reactor
  // does it with its seeds.
  void set_seed_addresses(std::vector<conn::HostAddress> seeds);
  // What unconditional_peer_ids and private_peer_ids begin with. A node that is connected is seen
  // otherwise from then on, and stays.
  void add_unconditional_peer(const conn::NodeId& id);
  void remove_unconditional_peer(const conn::NodeId& id);
  void add_private_peer(const conn::NodeId& id);
  void remove_private_peer(const conn::NodeId& id);
  // These nodes come first from now on, and those that were named before do no longer (see
  // SwitchConfig::named_nodes for what that means). Takes effect soon, on the control shard: a
  // connected node has its own slot and cannot be evicted from then on, and its budgets with its
  // next connection; one that is named no more stays, as an ordinary peer. Where a node was proven
  // is known from its first connection under a name on; a connected one's place is known at once.
  // Throws std::invalid_argument for more than kMaxNamedNodes.
  void set_named_nodes(std::set<conn::NodeId> ids);

  // --- draining ---

  // With `yes` nobody new comes in and no dial begins (DialFailed of reason `draining`, for those
  // that are asked for), until `no`. What has begun goes on: handshakes and dials that are under
  // way, peers, with their pings and answers; but none is dialled again that goes meanwhile.
  //
  // The port stays ours: connections are accepted and reset at once, and counted. Who dials us sees
  // at once that it is of no use, nobody waits in a backlog, no other process can take the address,
  // and `no` cannot fail.
  //
  // `done` runs on the control shard, when it is so: true if it was not before.
  void drain(Draining draining, std::function<void(bool changed)> done = {});

  // --- bans ---

  // Ends connections that fall under it. `why` is for the operator. What a person or the embedding
  // program wants banned is the operator's: no stranger's misbehaviour can displace it. Reactors
  // that judge by themselves what peers do say BanOrigin::misbehaviour, or use ban_peer.
  // `done` runs on the control shard; refused: p2p/admission/ban_list.h. `by`: see Ban.
  using Asked = std::function<void(const conn::Result<void>&)>;
  void ban(const BanTarget& target, conn::Duration span, const std::string& why,
           BanOrigin origin = BanOrigin::operator_, Asked done = {}, std::string by = {});
  // For misbehaviour: its host; or itself, where the host is exempt, or that of a persistent or
  // unconditional peer.
  void ban_peer(const Peer& peer, conn::Duration span, const std::string& why, std::string by = {});
  // A persistent peer that was under it is due at once.
  void unban(const BanTarget& target);
  // Those that were in force when the node ran last. Ends connections that fall under them; no
  // event reports the bans, but for those that take the place of several, or make room
  // (BansDropped). The PEX reactor does it with those of its book; this is for hosts that keep them
  // elsewhere.
  void restore_bans(std::vector<Ban> bans);
  // Hands over those in force, on the control shard.
  void list_bans(std::function<void(std::vector<Ban>)> into) const;

  // An operator's wish for a while: connections under it end (PeerReason::disconnected), and until
  // it is over these nodes are neither let in nor dialled (PeerReason::held_off). It is no ban:
  // nothing is known against the node. So no event reports it and nothing keeps it over a restart;
  // a persistent peer is not even tried meanwhile, and dialled again when it is over. Replaces what
  // there is for the same target. Refused as an operator's ban is.
  void hold_off(const BanTarget& target, conn::Duration span, const std::string& why,
                Asked done = {});
  // Before its end. `done` is as that of `drain`.
  void let_back(const BanTarget& target, std::function<void(bool changed)> done = {});
  // As list_bans.
  void list_held_off(std::function<void(std::vector<Ban>)> into) const;

  const Counters& counters() const;
  // In the order in which they were added. Once started.
  std::vector<ReactorFigures> reactors() const;
  // Of answered pings, of all peers there ever were.
  conn::HistogramCounts round_trips() const;
  // Where reactors log what peers cause, within the bounds for the whole node: take it `with_sink`.
  // Any thread.
  const conn::PeerLog& peer_log() const;

 private:
  friend class SwitchCore;
  // For reactors: the same switch, not owning it.
  explicit Switch(SwitchCore& core);

  std::shared_ptr<SwitchCore> core_;
  bool owner_ = true;
};

}  // namespace peerage::p2p
