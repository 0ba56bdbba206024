#include "conn/comet/message_assembler.h"

#include <algorithm>
#include <string>
#include <utility>

namespace peerage::conn {

MessageAssembler::MessageAssembler(std::span<const ChannelDescriptor> channels,
                                   const ReassemblyConfig& config, ReassemblyBudget& budget)
    : per_peer_bytes_(config.per_peer_bytes),
      partial_timeout_(config.partial_timeout),
      holder_(budget) {
  channels_.reserve(channels.size());
  for (const ChannelDescriptor& channel : channels) {
    channels_.push_back({channel, {}, {}});
    per_peer_bytes_ = std::max(per_peer_bytes_, channel.max_message_bytes + kReassemblySlack);
  }
}

Result<std::optional<ChannelMessage>> MessageAssembler::receive(std::int32_t id, ByteView data,
                                                                bool eof, TimePoint now) {
  Channel* channel = find(id);
  if (channel == nullptr) {
    return fail(Stage::established, Reason::unknown_channel, "channel " + std::to_string(id));
  }
  Bytes& partial = channel->partial;
  if (data.size() > channel->descriptor.max_message_bytes - partial.size()) {
    return fail(Stage::established, Reason::message_too_long,
                "channel " + std::to_string(id) + " takes " +
                    std::to_string(channel->descriptor.max_message_bytes) + " bytes");
  }
  // A message that is whole in one packet never counts as half-received.
  if (eof && partial.empty()) {
    return ChannelMessage{channel->descriptor.id, Bytes(data.begin(), data.end())};
  }
  if (!data.empty()) {
    const Result<void> grown = grow(*channel, data.size());
    if (!grown) return tl::unexpected(grown.error());
    partial.insert(partial.end(), data.begin(), data.end());
    channel->last_gain = now;
  }
  if (!eof) return std::nullopt;

  ChannelMessage message{channel->descriptor.id, std::exchange(partial, {})};
  std::size_t held = packet_;
  for (const Channel& other : channels_) held += other.partial.capacity();
  held_ = held;
  if (!holder_.resize(held_)) return fail(Stage::established, Reason::total_memory_exhausted);
  return message;
}

Result<void> MessageAssembler::grow(Channel& channel, std::size_t size) {
  Bytes& partial = channel.partial;
  const std::size_t needed = partial.size() + size;
  if (needed <= partial.capacity()) return {};
  // Twice as much, but no more than the message may become.
  const std::size_t capacity =
      std::max(needed, std::min(2 * partial.capacity(), channel.descriptor.max_message_bytes));
  const std::size_t held = held_ - partial.capacity() + capacity;
  if (held - packet_ > per_peer_bytes_)
    return fail(Stage::established, Reason::peer_memory_exhausted);
  if (!holder_.resize(held)) return fail(Stage::established, Reason::total_memory_exhausted);
  held_ = held;
  partial.reserve(capacity);
  return {};
}

Result<void> MessageAssembler::hold_packet(std::size_t bytes) {
  if (bytes == packet_) return {};
  held_ = held_ - packet_ + bytes;
  packet_ = bytes;
  if (!holder_.resize(held_)) return fail(Stage::established, Reason::total_memory_exhausted);
  return {};
}

std::optional<TimePoint> MessageAssembler::deadline() const {
  std::optional<TimePoint> earliest;
  for (const Channel& channel : channels_) {
    if (channel.partial.empty()) continue;
    const TimePoint stale = channel.last_gain + partial_timeout_;
    if (!earliest || stale < *earliest) earliest = stale;
  }
  return earliest;
}

Result<void> MessageAssembler::check(TimePoint now) const {
  const auto stale = deadline();
  if (stale && now >= *stale) return fail(Stage::established, Reason::partial_message_stale);
  return {};
}

void MessageAssembler::on_reading_resumed(TimePoint now) {
  for (Channel& channel : channels_) channel.last_gain = now;
}

void MessageAssembler::clear() {
  for (Channel& channel : channels_) channel.partial = Bytes();
  packet_ = 0;
  held_ = 0;
  (void)holder_.resize(0);
}

MessageAssembler::Channel* MessageAssembler::find(std::int32_t id) {
  for (Channel& channel : channels_) {
    if (static_cast<std::int32_t>(channel.descriptor.id) == id) return &channel;
  }
  return nullptr;
}

}  // namespace peerage::conn
