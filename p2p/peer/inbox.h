// The receive side's accounts: how many bytes of one peer's messages wait for reactors or are held
// by them, and what follows when it is too much.
//
// Each channel says what should happen (FullInbox):
//  - back_pressure: nothing is lost. All such channels of a peer share per_peer_bytes; beyond them
//    we stop reading from that peer, and go on when half is free. That is the whole connection:
//    what the peer has to say on its other channels waits as well.
//  - drop_newest: a message that exceeds the channel's own bound is dropped and counted; the
//    connection never waits for this channel.
//  - disconnect: such a message costs the peer its connection.
//
// All peers together have a budget too; beyond it we stop reading from those that hold more than a
// fair share, so that a few cannot hold up the rest.
//
// Invariant: what is held never exceeds the bounds by more than what one read delivers
// (conn::kScratchBytes, or one message that it completes).
// Threads: charge() on the peer's shard; the rest on any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "conn/base/relaxed.h"
#include "p2p/base/limits.h"
#include "p2p/base/traffic.h"
#include "p2p/peer/message.h"
#include "p2p/peer/reactor_channel.h"

namespace peerage::p2p {

class Inbox;

// What all peers of a switch hold together.
class InboxBudget {
 public:
  explicit InboxBudget(std::size_t limit) : limit_(limit) {}
  std::size_t held_bytes() const noexcept { return held_; }

 private:
  friend class Inbox;
  bool exceeded() const noexcept { return held_ > limit_; }
  void add(std::size_t bytes) noexcept { held_ += bytes; }
  void subtract(std::size_t bytes) noexcept;
  void wait(std::weak_ptr<Inbox> inbox);

  const std::size_t limit_;
  std::atomic<std::size_t> held_ = 0;
  std::atomic<bool> somebody_waits_ = false;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Inbox>> waiting_;  // guarded by mutex_
};

class Inbox : public std::enable_shared_from_this<Inbox> {
 public:
  // `on_room` is called, on any thread, when reading may go on after `pause` was answered; possibly
  // before charge() has returned that, so it must take effect later (post it to the shard).
  Inbox(const std::vector<ReactorChannel>& channels, std::size_t per_peer_bytes,
        std::shared_ptr<InboxBudget> total, std::function<void()> on_room);

  enum class Verdict : std::uint8_t {
    deliver,
    deliver_and_pause,  // and stop reading until on_room
    drop,
    disconnect,
  };
  // A message of `size` bytes has come on the channel of this index. When it is to be delivered,
  // `lease` holds its room.
  Verdict charge(std::size_t channel, std::size_t size, Lease& lease);

  std::size_t held_bytes() const noexcept { return held_; }
  std::uint64_t dropped() const noexcept;
  // Adds what this channel has received.
  void add_received(std::size_t channel, ChannelTraffic& to) const noexcept;

 private:
  friend class Lease;
  friend class InboxBudget;
  struct Channel {
    FullInbox policy = FullInbox::back_pressure;
    std::size_t limit = 0;
    std::atomic<std::size_t> held = 0;
    // Written by charge() alone.
    conn::Relaxed<std::uint64_t> messages;
    conn::Relaxed<std::uint64_t> bytes;
    conn::Relaxed<std::uint64_t> dropped;
    conn::Relaxed<std::uint64_t> paused;
  };
  void release(std::size_t channel, std::size_t bytes) noexcept;
  bool must_pause() const noexcept;
  bool over_fair_share() const noexcept;
  void wait_for_total();
  void go_on_if_room();

  const std::size_t per_peer_bytes_;
  const std::shared_ptr<InboxBudget> total_;
  const std::function<void()> on_room_;
  std::vector<Channel> channels_;
  std::atomic<std::size_t> held_ = 0;          // of all channels
  std::atomic<std::size_t> held_waiting_ = 0;  // of those with back-pressure
  std::atomic<bool> paused_ = false;           // the call that clears it calls on_room
  std::atomic<bool> total_tells_ = false;      // we are among those that wait for the total
};

}  // namespace peerage::p2p
