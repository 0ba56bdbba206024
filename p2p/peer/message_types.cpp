#include "p2p/peer/message_types.h"

#include <algorithm>

namespace peerage::p2p {

std::unique_ptr<MessageTypeCounts> MessageTypeCounts::for_channels(
    const std::vector<ReactorChannel>& channels) {
  const bool any = std::any_of(channels.begin(), channels.end(), [](const ReactorChannel& each) {
    return !each.message_types.empty();
  });
  return any ? std::make_unique<MessageTypeCounts>(channels) : nullptr;
}

MessageTypeCounts::MessageTypeCounts(const std::vector<ReactorChannel>& channels)
    : channels_(channels.size()) {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    channels_[i].id = channels[i].id;
    channels_[i].type_of = channels[i].type_of;
    channels_[i].types = std::vector<Cells>(channels[i].message_types.size());
  }
}

MessageTypeCounts::Cells* MessageTypeCounts::find(Channel& channel,
                                                  conn::ByteView message) noexcept {
  if (channel.types.empty()) return nullptr;
  const std::size_t type = channel.type_of == nullptr ? 0 : channel.type_of(message);
  return type < channel.types.size() ? &channel.types[type] : nullptr;
}

void MessageTypeCounts::on_sent(conn::ChannelId id, conn::ByteView message) noexcept {
  for (Channel& channel : channels_) {
    if (channel.id != id) continue;
    if (Cells* cells = find(channel, message)) {
      cells->sent.fetch_add(message.size(), std::memory_order_relaxed);
    }
    return;
  }
}

void MessageTypeCounts::on_received(std::size_t channel_index, conn::ByteView message) noexcept {
  if (Cells* cells = find(channels_[channel_index], message)) {
    cells->received.fetch_add(message.size(), std::memory_order_relaxed);
  }
}

std::vector<ChannelTraffic::Type> MessageTypeCounts::read(std::size_t channel_index) const {
  std::vector<ChannelTraffic::Type> read;
  for (const Cells& each : channels_[channel_index].types) {
    read.push_back(
        {each.sent.load(std::memory_order_relaxed), each.received.load(std::memory_order_relaxed)});
  }
  return read;
}

}  // namespace peerage::p2p
