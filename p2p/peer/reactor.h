// A reactor: the part of an application that talks to its likes on other nodes over channels.
//
// It declares channels and is called, for every peer, in this order:
//
//   init_peer -> (receive*) -> add_peer -> receive* -> remove_peer
//
// What it can rely on, whatever goes wrong in between:
//  - For each peer exactly one init_peer and exactly one remove_peer; receive and add_peer only
//    between them; add_peer at most once (a peer that goes at once may never be added).
//  - Of one node at most one peer exists at a time: remove_peer has returned before init_peer is
//    called for a later connection of that node.
//  - Messages of one peer and channel come in the order in which they were sent. What arrived
//    before the end is still delivered, unless we ended it, or the switch stops.
//  - Nothing is called before start has returned or after stop was called. The stop waits for the
//    call that is under way, and for remove_peer of every peer.
//
// Delivery. By default all calls of a reactor come one after another from an executor of its own:
// it may block, and no other reactor's calls wait for it. Its peers' messages pile up meanwhile in
// bounded inboxes (p2p/peer/inbox.h), and its channels say what follows from a full one. By default
// we stop reading from that peer, all its channels: then the peer's messages to other reactors
// wait, too. A channel with bulk beside urgent ones should say FullInbox::drop_newest, so that
// transactions delay no votes. A reactor that says Delivery::in_line is called on the peer's
// network thread: calls for one peer still come one after another, those for different peers at
// the same time. It must not block. Different reactors know nothing of each other's progress with
// a peer.
//
// An exception that leaves a call ends that peer, and nothing else: reactor_failed, whose detail
// names the reactor, the call, and what was thrown. One in start fails the switch's start, with the
// same; one in stop, or in remove_peer, is logged.
//
// Which peers are worth their slots only reactors know: one that calls `peer->mark_useful()` for
// what was valid and current keeps such peers when strangers want their slots. A reactor that never
// says so counts for nothing there; peer exchange never does.
//
// Lifetime: the switch shares the reactor until it has stopped. A Peer may be kept for longer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conn/base/failure.h"
#include "conn/runtime/runtime.h"
#include "p2p/peer/message.h"
#include "p2p/peer/reactor_channel.h"

namespace peerage::p2p {

class Peer;
using PeerPtr = std::shared_ptr<Peer>;
class Switch;

enum class Delivery : std::uint8_t {
  executor,  // the reactor's own serial executor
  in_line,   // on the peer's network thread; must not block
};

// What a reactor is given at its start; valid until its stop has returned.
class ReactorContext {
 public:
  virtual ~ReactorContext() = default;
  // The switch that it belongs to. Callable from any thread.
  virtual Switch& get_switch() = 0;
  // The monotonic time. Any thread.
  virtual conn::TimePoint now() const = 0;
  // Runs `task` as one more of the reactor's calls: on its executor (in_line: on the control
  // shard). Any thread. Dropped once the switch stops. Must not throw.
  virtual void post(conn::Task task) = 0;
  // The same, after `delay`; destroying what is returned cancels it, on any thread. A reactor may
  // keep it for as long as the runtime lives.
  [[nodiscard]] virtual std::shared_ptr<void> after(conn::Duration delay, conn::Task task) = 0;
};

class Reactor {
 public:
  virtual ~Reactor() = default;

  // For logs and failures: "mempool".
  virtual std::string name() const = 0;
  // Asked once. At least one; no two reactors may have the same ID.
  virtual std::vector<ReactorChannel> channels() const = 0;
  virtual Delivery delivery() const { return Delivery::executor; }

  virtual void start(ReactorContext&) {}
  virtual void stop() {}

  // Prepare for the peer's messages. The peer can be sent to.
  virtual void init_peer(const PeerPtr&) {}
  // The peer takes part now.
  virtual void add_peer(const PeerPtr&) {}
  // The message is yours: see p2p/peer/message.h.
  virtual void receive(const PeerPtr& peer, Message message) = 0;
  // The peer is gone, with the reason. Sending to it does nothing.
  virtual void remove_peer(const PeerPtr&, const conn::Failure&) {}
};

}  // namespace peerage::p2p
