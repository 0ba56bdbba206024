// One connection to a proven node, from the handshake to its end: the connection, the inbox and the
// queues to the reactors.
//
// It begins held: the connection runs, so that its end is noticed, and messages wait in the inbox,
// but no reactor knows of it. `admit` opens the queues; what waited is delivered. Held or admitted,
// it ends once: the queues hear of it first, then the owner, which keeps it until then.
//
// Threads: created on any; every method on the peer's shard; `Ended` runs there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "conn/base/channel.h"
#include "conn/base/failure.h"
#include "conn/base/limits.h"
#include "conn/base/reassembly_budget.h"
#include "conn/peer_connection.h"
#include "conn/runtime/peer_log.h"
#include "conn/runtime/runtime.h"
#include "p2p/peer/peer.h"
#include "p2p/peer/reactor_channel.h"
#include "p2p/peer/reactor_queue.h"

namespace peerage::p2p {

class InboxBudget;

// The reactors of a switch and their channels; fixed once it has started.
struct ReactorTable {
  std::vector<std::shared_ptr<ReactorEntry>> entries;
  std::vector<ReactorChannel> channels;  // of all reactors
  std::vector<std::size_t> entry_of;     // for each channel, its reactor's place in `entries`
  std::optional<std::size_t> index_of(conn::ChannelId id) const;
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  struct Plan {
    Peer::Description description;
    std::unique_ptr<conn::ProvenStream> stream;
    conn::ConnectionConfig connection;
    std::size_t inbox_bytes = 0;
  };
  // What all links of a switch share.
  struct Common {
    conn::Runtime& runtime;
    std::shared_ptr<const ReactorTable> reactors;
    std::shared_ptr<conn::ReassemblyBudget> reassembly;
    std::shared_ptr<InboxBudget> inbox;
    conn::PeerLog log{nullptr};  // what a reactor does wrong when the link has ended
  };
  using Ended = std::function<void(const conn::Failure&, conn::EndedBy)>;

  static std::shared_ptr<Link> create(const Common& common, conn::Shard& shard, Plan plan,
                                      Ended ended);

  const PeerPtr& peer() const noexcept { return peer_; }  // any thread
  conn::Shard& shard() const noexcept { return shard_; }  // any thread

  void start();
  void admit();
  // Ends it now; messages that wait for reactors are dropped.
  void stop(conn::Failure why);
  // Ends it when what is queued has left, at the latest after `within`.
  void flush_and_stop(conn::Duration within);
  // Calls `answered` when a byte arrives from now on; not, if the link ends before.
  void probe(std::function<void()> answered);

 private:
  Link(const Common& common, conn::Shard& shard, Ended ended);
  void on_message(conn::ChannelMessage message);
  void on_closed(const conn::Failure& why);
  void on_room();

  Common common_;
  conn::Shard& shard_;
  Ended ended_;
  std::shared_ptr<Inbox> inbox_;
  std::shared_ptr<conn::PeerConnection> connection_;
  PeerPtr peer_;
  std::vector<std::shared_ptr<ReactorQueue>> queues_;  // one for each reactor
  enum class State : std::uint8_t { held, admitted, ended } state_ = State::held;
  std::vector<Message> waiting_;  // until admitted
  conn::EndedBy ended_by_ = conn::EndedBy::others;
  std::function<void()> answered_;
  conn::TimePoint probed_at_;
  std::unique_ptr<conn::Timer> probe_timer_;
};

}  // namespace peerage::p2p
