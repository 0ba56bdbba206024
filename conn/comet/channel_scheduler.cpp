#include "conn/comet/channel_scheduler.h"

#include <algorithm>
#include <utility>

namespace peerage::conn {

ChannelScheduler::ChannelScheduler(std::span<const ChannelDescriptor> channels, std::size_t payload)
    : payload_(payload) {
  channels_.reserve(channels.size());
  for (const ChannelDescriptor& channel : channels) {
    Channel& added = channels_.emplace_back();
    added.id = channel.id;
    added.priority = std::max<std::uint64_t>(channel.priority, 1);
  }
}

void ChannelScheduler::add(std::size_t channel_index, SharedBytes message) {
  Channel& channel = channels_[channel_index];
  if (channel.messages.empty()) {
    const VirtualTime credit = cost(max_packet_on_wire(payload_), channel.priority);
    channel.start = std::max(now_, channel.account - std::min(channel.account, credit));
  }
  channel.messages.push_back(std::move(message));
  ++waiting_;
}

std::optional<ChannelScheduler::OutgoingPacket> ChannelScheduler::next() {
  if (empty()) {
    lent_.reset();
    return std::nullopt;
  }
  const std::size_t index = choose();
  Channel& channel = channels_[index];
  const Bytes& message = *channel.messages.front();

  const std::size_t remaining = message.size() - channel.offset;
  const bool last = remaining <= max_packet_data(channel.id, Eof::yes, payload_);
  const std::size_t size =
      last ? remaining : std::min(remaining - 1, max_packet_data(channel.id, Eof::no, payload_));
  OutgoingPacket packet;
  packet.header = encode_msg_header(channel.id, last ? Eof::yes : Eof::no, size);
  packet.data = ByteView(message).subspan(channel.offset, size);
  packet.channel_index = index;

  now_ = channel.start;
  channel.account = std::max(channel.account, now_) + cost(packet.wire_size(), channel.priority);
  channel.start = channel.account;
  if (last) {
    packet.completed = message.size();
    channel.offset = 0;
    lent_ = std::move(channel.messages.front());
    channel.messages.pop_front();
    --waiting_;
  } else {
    channel.offset += size;
  }
  return packet;
}

void ChannelScheduler::clear() noexcept {
  for (Channel& channel : channels_) {
    channel.messages.clear();
    channel.offset = 0;
  }
  waiting_ = 0;
  lent_.reset();
}

std::size_t ChannelScheduler::choose() const noexcept {
  std::size_t best = channels_.size();
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].messages.empty()) continue;
    if (best == channels_.size() || channels_[i].start < channels_[best].start ||
        (channels_[i].start == channels_[best].start &&
         channels_[i].priority > channels_[best].priority)) {
      best = i;
    }
  }
  return best;
}

}  // namespace peerage::conn
