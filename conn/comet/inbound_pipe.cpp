#include "conn/comet/inbound_pipe.h"

#include <algorithm>
#include <utility>

namespace peerage::conn {
namespace {

// What we read at, for a remote that sends at `rate`.
std::uint64_t reading_rate(std::uint64_t rate) {
  return rate + rate / kReceiveSlack;
}

// Whatever the setting, no packet is longer than the longest message could be in one: what a remote
// may make us hold before we see its channel.
PacketLimits packet_limits(std::span<const ChannelDescriptor> channels, std::size_t setting) {
  std::size_t longest = kMaxPacketData;
  for (const ChannelDescriptor& each : channels) {
    longest = std::max(longest, std::min(each.max_message_bytes, kMaxPacketSetting));
  }
  const std::size_t payload = std::clamp(setting, kMaxPacketData, longest);
  return {max_packet_body(payload), max_packet_body(longest)};
}

}  // namespace

InboundPipe::InboundPipe(FrameOpener opener, Bytes early_data,
                         std::span<const ChannelDescriptor> channels,
                         const ConnectionConfig& config, ReassemblyBudget& budget,
                         Liveness& liveness, TimePoint now)
    : opener_(std::move(opener)),
      packets_(packet_limits(channels, config.packets.max_received)),
      assembler_(channels, config.reassembly, budget),
      liveness_(liveness),
      early_data_(std::move(early_data)),
      tokens_(reading_rate(config.receive_rate), rate_burst(config.receive_rate, kMaxRead), now),
      received_(now),
      last_received_(now) {}

MutableBytes InboundPipe::room(MutableBytes buffer) const {
  std::copy(partial_frame_.begin(), partial_frame_.end(), buffer.begin());
  return buffer.subspan(partial_frame_.size());
}

Result<void> InboundPipe::receive(MutableBytes buffer, std::size_t count, TimePoint now,
                                  const OnMessage& on_message) {
  now_ = now;
  received_.add(count, now);
  last_received_ = now;
  if (ignored_) return {};
  const std::size_t total = partial_frame_.size() + count;
  const std::size_t whole = total / kFrameSealed * kFrameSealed;
  charge_ = 0;
  const Result<void> received = receive_frames(buffer.first(whole), on_message);
  tokens_.take_debt(charge_, now);
  if (discarded_) packets_.drop();
  if (!received || discarded_) return received;
  packets_.rest();
  keep(buffer.subspan(whole, total - whole));
  return count_packet();
}

Result<void> InboundPipe::receive_early(TimePoint now, const OnMessage& on_message) {
  now_ = now;
  const Bytes early = std::exchange(early_data_, {});
  if (ignored_) return {};
  const Result<void> received = receive_stream(early, on_message);
  if (discarded_) packets_.drop();
  if (!received || discarded_) return received;
  packets_.rest();
  return count_packet();
}

Result<void> InboundPipe::count_packet() {
  const std::size_t held = packets_.held_bytes();
  return assembler_.hold_packet(held < kUncountedPacket ? 0 : held);
}

Result<void> InboundPipe::receive_frames(MutableBytes frames, const OnMessage& on_message) {
  for (; !frames.empty() && !ignored_; frames = frames.subspan(kFrameSealed)) {
    const Result<ByteView> stream = opener_.open(frames.first(kFrameSealed));
    if (!stream) return tl::unexpected(stream.error());
    charge_ += std::max(stream->size(), kMinFrameCharge);
    const Result<void> received =
        stream->empty() ? liveness_.on_idle_packet() : receive_stream(*stream, on_message);
    if (!received) return received;
  }
  return {};
}

Result<void> InboundPipe::receive_stream(ByteView stream, const OnMessage& on_message) {
  return packets_.receive(stream, [this, &on_message](ByteView body) -> Result<void> {
    if (ignored_) return {};  // since the message before this one
    return receive_packet(body, on_message);
  });
}

Result<void> InboundPipe::receive_packet(ByteView body, const OnMessage& on_message) {
  const Result<Packet> packet = decode_packet(body);
  if (!packet) return tl::unexpected(packet.error());
  if (packet->kind == PacketKind::ping) return liveness_.on_ping(now_);
  if (packet->kind == PacketKind::pong) return liveness_.on_pong(now_);

  auto message = assembler_.receive(packet->channel, packet->data, packet->eof, now_);
  if (!message) return tl::unexpected(message.error());
  if (packet->data.empty() && !packet->eof) return liveness_.on_idle_packet();
  liveness_.on_progress();
  if (*message && on_message) {
    (*message)->received_at = now_;
    on_message(std::move(**message));
  }
  return {};
}

void InboundPipe::keep(ByteView partial_frame) {
  if (partial_frame.empty()) {
    partial_frame_ = Bytes();
  } else {
    partial_frame_.assign(partial_frame.begin(), partial_frame.end());
  }
  frame_bytes_ = partial_frame_.capacity();
}

bool InboundPipe::may_read(TimePoint now) {
  if (tokens_.available(now) > 0) return true;
  read_again_at_ = tokens_.when_available(1, now);
  rate_wait_.begin(now);
  return false;
}

void InboundPipe::discard() {
  ignored_ = true;
  discarded_ = true;
  packets_.drop();
  assembler_.clear();
  keep({});
}

}  // namespace peerage::conn
