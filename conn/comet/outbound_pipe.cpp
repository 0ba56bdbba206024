#include "conn/comet/outbound_pipe.h"

#include <algorithm>
#include <utility>

namespace peerage::conn {
namespace {

std::uint64_t slice_of(std::uint64_t rate, std::size_t packet) {
  const auto slices = static_cast<std::uint64_t>(Duration(1s) / kRateSlice);
  return std::max<std::uint64_t>(rate / slices, packet);
}

// A batch has room for the longest packet, behind a pong and a ping.
static_assert(kPongPacket.size() + kPingPacket.size() + max_packet_on_wire(kMaxPacketDataSent) <=
              kMaxFramesPerWrite * kFrameData);

}  // namespace

OutboundPipe::OutboundPipe(FrameSealer sealer, std::span<const ChannelDescriptor> channels,
                           const ConnectionConfig& config, Liveness& liveness, TimePoint now)
    : payload_(std::clamp(config.packets.max_sent, kMinPacketSetting, kMaxPacketDataSent)),
      packet_on_wire_(max_packet_on_wire(payload_)),
      queue_(channels, config.send_queue),
      scheduler_(channels, payload_),
      sealer_(std::move(sealer)),
      liveness_(liveness),
      slice_(slice_of(config.send_rate, packet_on_wire_)),
      tokens_(config.send_rate, rate_burst(config.send_rate, packet_on_wire_), now),
      sent_(now) {}

Result<ByteView> OutboundPipe::next(MutableBytes buffer, TimePoint now) {
  if (!sealed_.empty()) return given_ = sealed_;
  // What was accepted while we wrote may be more urgent than what waits.
  queue_.drain(drained_);
  for (QueuedMessage& message : drained_) {
    scheduler_.add(message.channel_index, std::move(message.bytes));
  }
  const MutableBytes frames = form(buffer.first(kMaxFramesPerWrite * kFrameSealed), now);
  if (frames.empty()) {
    liveness_.on_write_idle();
    return ByteView();
  }
  if (const Result<void> sealed = sealer_.seal(frames); !sealed) {
    return tl::unexpected(sealed.error());
  }
  return given_ = frames;
}

// Lays what is due now into frames: control packets, then messages while there is room and rate.
MutableBytes OutboundPipe::form(MutableBytes slots, TimePoint now) {
  FrameWriter writer(slots);
  if (liveness_.take_pong()) writer.append(kPongPacket);
  if (liveness_.take_ping()) writer.append(kPingPacket);
  send_again_at_.reset();
  while (writer.room() >= packet_on_wire_) {
    if (!scheduler_.empty() && tokens_.available(now) < packet_on_wire_) {
      send_again_at_ = tokens_.when_available(slice_, now);
      rate_wait_.begin(now);
      break;
    }
    rate_wait_.end(now);
    const auto packet = scheduler_.next();
    if (!packet) break;
    writer.append(packet->header.view());
    writer.append(packet->data);
    tokens_.take(packet->wire_size(), now);
    if (packet->completed) queue_.release(packet->channel_index, *packet->completed);
  }
  queue_.settle();
  return writer.finish();
}

void OutboundPipe::on_written(std::size_t count, TimePoint now) {
  if (count == 0) {
    liveness_.on_write_blocked(now);
    send_again_at_.reset();  // now it is the socket that we wait for
    rate_wait_.end(now);
  } else {
    sent_.add(count, now);
    liveness_.on_write_progress(now);
  }
  keep(std::exchange(given_, {}).subspan(count));
}

void OutboundPipe::keep(ByteView rest) {
  if (rest.empty()) {
    sealed_ = Bytes();
  } else if (sealed_.empty()) {
    sealed_.assign(rest.begin(), rest.end());
  } else {  // it is the end of what we have
    sealed_.erase(sealed_.begin(), sealed_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }
  frame_bytes_ = sealed_.capacity();
}

void OutboundPipe::discard() {
  queue_.discard();
  drained_ = std::vector<QueuedMessage>();
  scheduler_.clear();
  wipe(sealed_);
  given_ = {};
  keep({});
}

}  // namespace peerage::conn
