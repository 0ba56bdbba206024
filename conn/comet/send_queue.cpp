#include "conn/comet/send_queue.h"

#include <algorithm>
#include <utility>

namespace peerage::conn {
SendQueue::SendQueue(std::span<const ChannelDescriptor> channels, const SendQueueConfig& config)
    : per_peer_bytes_(config.per_peer_bytes),
      reserved_per_channel_(config.reserved_per_channel_bytes) {
  channels_.reserve(channels.size());
  for (const ChannelDescriptor& channel : channels) {
    channels_.emplace_back().descriptor = channel;
    per_peer_bytes_ = std::max(per_peer_bytes_, channel.max_message_bytes);
  }
}

SendQueue::Offer SendQueue::offer(ChannelId id, SharedBytes bytes, Duration patience) {
  std::unique_lock lock(mutex_);
  Channel* channel = find(id);
  if (channel == nullptr) return {SendResult::unknown_channel, false};
  if (bytes == nullptr || bytes->empty()) return {SendResult::empty_message, false};
  const std::size_t size = bytes->size();
  SendResult result = judge(*channel, size);
  if (patience > Duration(0) && may_pass(result)) {
    std::size_t* waiters = nullptr;
    room_.wait_for(lock, patience, [&] {
      if (waiters != nullptr) --*waiters;
      result = judge(*channel, size);
      waiters = result == SendResult::peer_full ? &waiters_for_peer_ : &channel->waiters;
      ++*waiters;
      return !may_pass(result);
    });
    --*waiters;
  }
  if (result != SendResult::queued) {
    if (may_pass(result)) channel->refused.add(1);
    return {result, false};
  }
  channel->messages.add(1);
  channel->bytes.add(size);
  channel->messages_sent.add(1);
  channel->bytes_sent.add(size);
  total_bytes_.add(size);
  const bool was_empty = waiting_.empty();
  waiting_.push_back({static_cast<std::size_t>(channel - channels_.data()), std::move(bytes)});
  return {SendResult::queued, was_empty};
}

SendResult SendQueue::judge(const Channel& channel, std::size_t size) const {
  if (closed_) return SendResult::closed;
  const ChannelDescriptor& limits = channel.descriptor;
  if (size > limits.max_message_bytes) return SendResult::message_too_long;
  // A message longer than the channel's byte bound may still be sent, alone.
  const std::size_t bytes = channel.bytes;
  const bool bytes_fit = bytes == 0 || bytes + size <= limits.send_queue_bytes;
  if (channel.messages >= limits.send_queue_messages || !bytes_fit) {
    return SendResult::channel_full;
  }
  const bool within_reserve = bytes + size <= reserved_per_channel_;
  if (!within_reserve && total_bytes_ + size > per_peer_bytes_) return SendResult::peer_full;
  return SendResult::queued;
}

void SendQueue::drain(std::vector<QueuedMessage>& taken) {
  taken.clear();
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    taken = std::vector<QueuedMessage>();
    waiting_ = std::vector<QueuedMessage>();
  } else {
    taken.swap(waiting_);
  }
}

void SendQueue::release(std::size_t channel_index, std::size_t bytes) noexcept {
  ChannelLoad& released = channels_[channel_index].released;
  released.messages += 1;
  released.bytes += bytes;
  unsettled_ = true;
}

void SendQueue::settle() {
  if (!std::exchange(unsettled_, false)) return;
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    for (Channel& channel : channels_) {
      const ChannelLoad released = std::exchange(channel.released, {});
      channel.messages = channel.messages - released.messages;
      channel.bytes = channel.bytes - released.bytes;
      total_bytes_ = total_bytes_ - released.bytes;
      wake = wake || (channel.waiters > 0 && half_empty(channel));
    }
    wake = wake || waiters_for_peer_ > 0;
  }
  if (wake) room_.notify_all();
}

bool SendQueue::half_empty(const Channel& channel) noexcept {
  return channel.messages <= channel.descriptor.send_queue_messages / 2 &&
         channel.bytes <= channel.descriptor.send_queue_bytes / 2;
}

void SendQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  room_.notify_all();
}

void SendQueue::discard() {
  std::vector<QueuedMessage> dropped;  // freed when the lock is not held
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Channel& channel : channels_) {
    channel.messages = 0;
    channel.bytes = 0;
    channel.released = {};
  }
  unsettled_ = false;
  total_bytes_ = 0;
  dropped.swap(waiting_);
  room_.notify_all();
}

ChannelLoad SendQueue::channel_load(std::size_t channel_index) const noexcept {
  const Channel& channel = channels_[channel_index];
  return {channel.messages, channel.bytes};
}

ChannelSent SendQueue::channel_sent(std::size_t channel_index) const noexcept {
  const Channel& channel = channels_[channel_index];
  return {channel.messages_sent, channel.bytes_sent, channel.refused};
}

SendQueue::Channel* SendQueue::find(ChannelId id) {
  for (Channel& channel : channels_) {
    if (channel.descriptor.id == id) return &channel;
  }
  return nullptr;
}

}  // namespace peerage::conn
