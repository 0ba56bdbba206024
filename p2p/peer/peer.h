// A peer: a node that has proved its ID, is compatible, and has a place here.
//
// Everything is callable from any thread, reactor calls and event handlers included; nothing waits
// for a network thread, and a peer that is gone answers every send with `closed`. Keep the pointer
// as long as you like; it keeps no memory of messages alive. The runtime must outlive it.
#pragma once

#include <any>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/address/node_id.h"
#include "conn/base/bytes.h"
#include "conn/base/channel.h"
#include "conn/peer_connection.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/direction.h"
#include "p2p/base/limits.h"
#include "p2p/base/link_id.h"
#include "p2p/base/node_info.h"
#include "p2p/base/traffic.h"
#include "p2p/peer/reactor_stats.h"

namespace peerage::p2p {

class Inbox;
class MessageTypeCounts;

struct PeerStatus {
  conn::ConnectionStatus connection;  // bytes, queues, rates, round trip, ages
  std::size_t inbox_bytes = 0;        // received, and not released by reactors
  std::uint64_t inbox_dropped = 0;    // messages that a full inbox has cost
};

class Peer : public std::enable_shared_from_this<Peer> {
 public:
  struct Description {
    LinkId link = 0;
    conn::PublicKey key;  // as proved in the handshake
    Direction direction = Direction::inbound;
    conn::Endpoint socket;                     // the remote end as we see it
    std::optional<conn::HostAddress> dialled;  // what we dialled, for outbound peers
    NodeInfo info;                             // as the peer sent it; print it escaped only
    std::string network;                       // the one we share
  };
  Peer(Description description, conn::Runtime& runtime, conn::Shard& shard,
       std::shared_ptr<conn::PeerConnection> connection, std::shared_ptr<Inbox> inbox);
  ~Peer();

  const conn::NodeId& id() const noexcept { return id_; }
  // As it proved in the handshake; the ID is that of this key.
  const conn::PublicKey& public_key() const noexcept { return description_.key; }
  Direction direction() const noexcept { return description_.direction; }
  // Where the socket's other end is: what limits and groups go by. The peer's own claim is in
  // info().listen_addr.
  const conn::Endpoint& socket() const noexcept { return description_.socket; }
  const std::optional<conn::HostAddress>& dialled() const noexcept { return description_.dialled; }
  const NodeInfo& info() const noexcept { return description_.info; }
  const std::string& network() const noexcept { return description_.network; }
  // Names this connection, of all there ever were.
  LinkId link() const noexcept { return description_.link; }

  // As configured now; these change when the lists do.
  bool persistent() const noexcept { return persistent_; }
  bool unconditional() const noexcept { return unconditional_; }
  bool is_private() const noexcept { return private_; }
  // Whether it comes first (SwitchConfig::named_nodes); persistent and unconditional ones do.
  bool named() const noexcept { return named_; }

  // Queues a message, or says why not. A channel that the peer does not have is unknown_channel.
  // Off the network threads it waits up to `patience` for room in a full queue, while the runtime
  // runs; on one it never does.
  conn::SendResult send(conn::ChannelId channel, conn::SharedBytes bytes,
                        conn::Duration patience = kSendPatience);
  conn::SendResult send(conn::ChannelId channel, conn::Bytes bytes) {
    return send(channel, std::make_shared<const conn::Bytes>(std::move(bytes)));
  }
  // Queues a message if there is room now.
  conn::SendResult try_send(conn::ChannelId channel, conn::SharedBytes bytes) {
    return send(channel, std::move(bytes), conn::Duration(0));
  }
  conn::SendResult try_send(conn::ChannelId channel, conn::Bytes bytes) {
    return try_send(channel, std::make_shared<const conn::Bytes>(std::move(bytes)));
  }
  bool is_open() const noexcept;

  PeerStatus status() const;
  // What has passed since it connected; `connection` is of its status.
  Traffic traffic(const conn::ConnectionStatus& connection) const;
  Traffic traffic() const { return traffic(status().connection); }
  // For each reactor, in the order in which they were added to the switch.
  std::vector<ReactorTime> reactor_times() const;
  // Of the last answered ping.
  std::optional<conn::Duration> round_trip() const;

  // What reactors keep with a peer, by name; gone with it.
  void set(const std::string& key, std::any value);
  // A copy of what was set; empty when nothing of that name and type is there.
  template <typename T>
  std::optional<T> get(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    const T* value = found == values_.end() ? nullptr : std::any_cast<T>(&found->second);
    return value == nullptr ? std::nullopt : std::optional<T>(*value);
  }

  // To be called by a reactor for what is worth a slot: a message that was valid and current, an
  // answer that was asked for. It counts also when another peer sent the same before; otherwise the
  // fastest peer would take the protection of all others. A message by itself is no use, for any
  // stranger sends some. Peers that are of use have a share of the inbound slots to themselves
  // (p2p/admission/eviction.h).
  void mark_useful() noexcept;
  // When that, or Switch::mark_good, was last called.
  std::optional<conn::TimePoint> last_useful() const noexcept;
  // When a reactor's `receive` last returned from a message of the peer without throwing.
  std::optional<conn::TimePoint> last_message() const noexcept;

 private:
  friend class Link;
  friend class ReactorQueue;
  friend class PeerRegistry;
  // And says when that is.
  conn::TimePoint note_message() noexcept;
  // Of its shard, in the runtime.
  std::size_t shard_index() const;

  const Description description_;
  const conn::NodeId id_;
  conn::Runtime& runtime_;
  conn::Shard& shard_;
  const std::shared_ptr<conn::PeerConnection> connection_;
  const std::shared_ptr<Inbox> inbox_;
  std::unique_ptr<MessageTypeCounts> types_;    // set by the link; null: types are not told apart
  std::vector<ReactorTimeCell> reactor_times_;  // sized by the link
  std::atomic<bool> persistent_ = false;
  std::atomic<bool> unconditional_ = false;
  std::atomic<bool> private_ = false;
  std::atomic<bool> named_ = false;
  std::atomic<conn::TimePoint> last_useful_{conn::TimePoint::min()};
  std::atomic<conn::TimePoint> last_message_{conn::TimePoint::min()};
  mutable std::mutex mutex_;
  std::map<std::string, std::any> values_;  // guarded by mutex_
};

using PeerPtr = std::shared_ptr<Peer>;

}  // namespace peerage::p2p
