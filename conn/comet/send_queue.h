// The bounded way into a connection, for every thread: messages are counted in against the limits
// of their channel and of the peer, or refused at once. A call waits for room only when asked to.
//
// Bytes and messages are counted from the moment they are accepted until their last packet has been
// formed (`release`, and `settle` once for many). A refusal is an answer, not an event: the caller
// decides whether to try later. Empty messages are refused: the Go node's queue loses count over
// one.
//
// Invariant: the bytes held for a channel never exceed its send_queue_bytes, but for one longer
// message that is alone there; those held for the peer never exceed per_peer_bytes plus
// reserved_per_channel_bytes for each channel.
// Threads: `offer`, `queued_bytes`, `channel_load`, `channel_sent` on any, the last three without
// waiting; the rest on the connection's shard.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "conn/base/channel.h"
#include "conn/base/limits.h"
#include "conn/base/relaxed.h"
#include "conn/peer_connection.h"

namespace peerage::conn {

struct QueuedMessage {
  std::size_t channel_index = 0;  // into the descriptors
  SharedBytes bytes;
};

class SendQueue {
 public:
  SendQueue(std::span<const ChannelDescriptor> channels, const SendQueueConfig& config);

  // `wake` is set when the queue was empty before: the shard must be woken once.
  struct Offer {
    SendResult result = SendResult::closed;
    bool wake = false;
  };
  // With `patience`, it waits up to that long for room. A thread that waits for a channel is woken
  // when half of it is free, and at the end: the message could leave no sooner, and one wake-up for
  // each that leaves costs more than sending it.
  Offer offer(ChannelId channel, SharedBytes bytes, Duration patience = Duration(0));

  // Puts everything accepted since the last call into `taken`, in order. What `taken` held is
  // dropped, and its memory serves for what comes next; where nothing has come, neither keeps any.
  void drain(std::vector<QueuedMessage>& taken);
  // A message left: its room is free again when settle() is called.
  void release(std::size_t channel_index, std::size_t bytes) noexcept;
  void settle();
  // Nothing is accepted from now on; what is queued stays until drained.
  void close();
  // Closes, and drops what is accepted and not released; nothing is to be released after that.
  void discard();

  std::size_t queued_bytes() const noexcept { return total_bytes_; }
  ChannelLoad channel_load(std::size_t channel_index) const noexcept;
  ChannelSent channel_sent(std::size_t channel_index) const noexcept;

 private:
  struct Channel {
    ChannelDescriptor descriptor;
    Relaxed<std::size_t> messages;  // that wait
    Relaxed<std::size_t> bytes;     // of them
    std::size_t waiters = 0;
    ChannelLoad released;  // and not settled; the shard's alone
    Relaxed<std::uint64_t> messages_sent;
    Relaxed<std::uint64_t> bytes_sent;
    Relaxed<std::uint64_t> refused;
  };
  Channel* find(ChannelId id);
  static bool half_empty(const Channel& channel) noexcept;
  SendResult judge(const Channel& channel, std::size_t size) const;

  std::mutex mutex_;  // guards everything below, but for what is the shard's alone; held for a few
                      // instructions. What is Relaxed is written under it, and read without.
  std::vector<Channel> channels_;
  std::size_t per_peer_bytes_;
  std::size_t reserved_per_channel_;
  Relaxed<std::size_t> total_bytes_;
  bool closed_ = false;
  std::condition_variable room_;
  std::size_t waiters_for_peer_ = 0;  // for room under per_peer_bytes
  std::vector<QueuedMessage> waiting_;
  bool unsettled_ = false;  // the shard's alone
};

}  // namespace peerage::conn
