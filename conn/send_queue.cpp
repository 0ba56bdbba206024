#include "conn/send_queue.h"

#include <algorithm>
#include <utility>

namespace peerage::conn {

SendQueue::SendQueue(std::span<const ChannelDescriptor> channels, const SendQueueConfig& config)
    : per_peer_bytes_(config.per_peer_bytes),
      reserved_per_channel_(config.reserved_per_channel_bytes) {
  channels_.reserve(channels.size());
  for (const ChannelDescriptor& channel : channels) {
    channels_.push_back({channel, {}});
    per_peer_bytes_ = std::max(per_peer_bytes_, channel.max_message_bytes);
  }
}

SendQueue::Offer SendQueue::offer(ChannelId id, SharedBytes bytes) {
  const std::lock_guard lock(mutex_);
  if (closed_) return {SendResult::closed, false};
  Channel* channel = find(id);
  if (channel == nullptr) return {SendResult::unknown_channel, false};
  if (bytes == nullptr || bytes->empty()) return {SendResult::empty_message, false};
  const std::size_t size = bytes->size();
  const ChannelDescriptor& limits = channel->descriptor;
  if (size > limits.max_message_bytes) return {SendResult::message_too_long, false};

  // A message longer than the channel's byte bound may still be sent, alone.
  const bool bytes_fit =
      channel->load.bytes == 0 || channel->load.bytes + size <= limits.send_queue_bytes;
  if (channel->load.messages >= limits.send_queue_messages || !bytes_fit) {
    return {SendResult::channel_full, false};
  }
  const bool within_reserve = channel->load.bytes + size <= reserved_per_channel_;
  if (!within_reserve && total_bytes_ + size > per_peer_bytes_) {
    return {SendResult::peer_full, false};
  }
  channel->load.messages += 1;
  channel->load.bytes += size;
  total_bytes_ += size;
  const bool was_empty = waiting_.empty();
  waiting_.push_back({static_cast<std::size_t>(channel - channels_.data()), std::move(bytes)});
  return {SendResult::queued, was_empty};
}

std::vector<QueuedMessage> SendQueue::drain() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void SendQueue::release(std::size_t channel_index, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  channels_[channel_index].load.messages -= 1;
  channels_[channel_index].load.bytes -= bytes;
  total_bytes_ -= bytes;
}

void SendQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void SendQueue::discard() {
  std::vector<QueuedMessage> dropped;  // freed when the lock is not held
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Channel& channel : channels_) channel.load = {};
  total_bytes_ = 0;
  dropped.swap(waiting_);
}

std::size_t SendQueue::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return total_bytes_;
}

SendQueue::ChannelLoad SendQueue::channel_load(std::size_t channel_index) const {
  const std::lock_guard lock(mutex_);
  return channels_[channel_index].load;
}

SendQueue::Channel* SendQueue::find(ChannelId id) {
  for (Channel& channel : channels_) {
    if (channel.descriptor.id == id) return &channel;
  }
  return nullptr;
}

}  // namespace peerage::conn
