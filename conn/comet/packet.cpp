#include "conn/comet/packet.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "conn/base/proto_fields.h"
#include "conn/base/varint.h"

namespace peerage::conn {
namespace {

tl::unexpected<Failure> malformed(std::string detail) {
  return fail(Stage::established, Reason::packet_malformed, std::move(detail));
}

Result<void> decode_empty(ByteView body) {
  ProtoFields fields(body);
  while (!fields.at_end()) {
    const auto tag = fields.tag();
    if (!tag) return tl::unexpected(tag.error());
    const auto skipped = fields.skip(*tag);
    if (!skipped) return skipped;
  }
  return {};
}

Result<Packet> decode_msg(ByteView body) {
  Packet packet{.kind = PacketKind::msg, .channel = 0, .eof = false, .data = {}};
  ProtoFields fields(body);
  while (!fields.at_end()) {
    const auto tag = fields.tag();
    if (!tag) return tl::unexpected(tag.error());
    if (tag->field >= 1 && tag->field <= 3 &&
        tag->wire_type != (tag->field == 3 ? ProtoFields::kBytes : ProtoFields::kVarint)) {
      return malformed("wrong wire type in packet_msg");
    }
    if (tag->field == 1 || tag->field == 2) {
      const auto value = fields.varint();
      if (!value) return tl::unexpected(value.error());
      if (tag->field == 1) packet.channel = static_cast<std::int32_t>(*value);
      if (tag->field == 2) packet.eof = *value != 0;
    } else if (tag->field == 3) {
      const auto data = fields.bytes();
      if (!data) return tl::unexpected(data.error());
      packet.data = *data;
    } else {
      const auto skipped = fields.skip(*tag);
      if (!skipped) return tl::unexpected(skipped.error());
    }
  }
  return packet;
}

constexpr std::uint8_t kMsgTag = 3 << 3 | ProtoFields::kBytes;
constexpr std::uint8_t kChannelTag = 1 << 3 | ProtoFields::kVarint;
constexpr std::uint8_t kEofTag = 2 << 3 | ProtoFields::kVarint;
constexpr std::uint8_t kDataTag = 3 << 3 | ProtoFields::kBytes;

// The Msg packet as every node writes it: each field at most once, in order, in its shortest form.
// Anything else is not wrong, but for the general decoder, which takes five times as long
// (spec/performance.md).
std::optional<Packet> decode_usual_msg(ByteView body) noexcept {
  const auto next_is = [&body](std::uint8_t byte) {
    if (body.empty() || body.front() != byte) return false;
    body = body.subspan(1);
    return true;
  };
  const auto varint = [&body]() -> std::optional<std::uint64_t> {
    const Varint read = read_varint(body);
    if (read.status != VarintStatus::ok) return std::nullopt;
    body = body.subspan(read.size);
    return read.value;
  };
  const auto length_of_rest = [&] {
    const auto length = varint();
    return length == body.size();
  };
  if (!next_is(kMsgTag) || !length_of_rest()) return std::nullopt;
  Packet packet{.kind = PacketKind::msg, .channel = 0, .eof = false, .data = {}};
  if (next_is(kChannelTag)) {
    const auto channel = varint();
    if (!channel) return std::nullopt;
    packet.channel = static_cast<std::int32_t>(*channel);
  }
  if (next_is(kEofTag)) {
    const auto eof = varint();
    if (!eof) return std::nullopt;
    packet.eof = *eof != 0;
  }
  if (next_is(kDataTag)) {
    if (!length_of_rest()) return std::nullopt;
    packet.data = std::exchange(body, {});
  }
  if (!body.empty()) return std::nullopt;
  return packet;
}

}  // namespace

Result<Packet> decode_packet(ByteView body) {
  if (const auto usual = decode_usual_msg(body)) return *usual;
  std::optional<Packet> packet;
  ProtoFields fields(body);
  while (!fields.at_end()) {
    const auto tag = fields.tag();
    if (!tag) return tl::unexpected(tag.error());
    if (tag->field > 3) {
      const auto skipped = fields.skip(*tag);
      if (!skipped) return tl::unexpected(skipped.error());
      continue;
    }
    if (tag->wire_type != ProtoFields::kBytes)
      return malformed("wrong wire type for a kind of packet");
    const auto content = fields.bytes();
    if (!content) return tl::unexpected(content.error());
    if (tag->field == 3) {
      const auto msg = decode_msg(*content);
      if (!msg) return msg;
      packet = *msg;
    } else {
      const auto empty = decode_empty(*content);
      if (!empty) return tl::unexpected(empty.error());
      packet = Packet{.kind = tag->field == 1 ? PacketKind::ping : PacketKind::pong,
                      .channel = 0,
                      .eof = false,
                      .data = {}};
    }
  }
  if (!packet) return malformed("neither ping nor pong nor message");
  return *packet;
}

MsgHeader encode_msg_header(ChannelId channel, Eof eof, std::size_t data_size) noexcept {
  const auto id = static_cast<std::uint8_t>(channel);
  // proto3: a field that has its default value is not written.
  const std::size_t channel_size = id == 0 ? 0 : 1 + varint_size(id);
  const std::size_t eof_size = eof == Eof::yes ? 2 : 0;
  const std::size_t data_head = data_size == 0 ? 0 : 1 + varint_size(data_size);
  const std::size_t inner = channel_size + eof_size + data_head + data_size;
  const std::size_t outer = 1 + varint_size(inner) + inner;

  MsgHeader header;
  const auto put = [&header](std::uint64_t value) {
    header.size += write_varint(header.bytes.data() + header.size, value);
  };
  put(outer);
  put(3 << 3 | ProtoFields::kBytes);
  put(inner);
  if (channel_size > 0) {
    put(1 << 3 | ProtoFields::kVarint);
    put(id);
  }
  if (eof_size > 0) {
    put(2 << 3 | ProtoFields::kVarint);
    put(1);
  }
  if (data_head > 0) {
    put(3 << 3 | ProtoFields::kBytes);
    put(data_size);
  }
  return header;
}

Result<PacketReader::Extent> PacketReader::measure(ByteView bytes) const {
  const Varint length = read_varint(bytes);
  if (length.status == VarintStatus::overflow) return malformed("bad length prefix");
  if (length.status == VarintStatus::incomplete) return Extent{};
  if (length.value > limits_.body) return too_long(length.value);
  return Extent{length.size, length.size + static_cast<std::size_t>(length.value)};
}

tl::unexpected<Failure> PacketReader::too_long(std::uint64_t announced) const {
  std::string detail = "announces " + std::to_string(announced) + " bytes of at most " +
                       std::to_string(limits_.body);
  if (announced <= limits_.useful) {
    // As much data as a body of this length can carry, so that others of its network fit, too. No
    // header is longer than 24 bytes, nor shorter than that of channel 0 without eof.
    const auto shortest = [](std::uint64_t data) {
      const std::uint64_t inner = 1 + varint_size(data) + data;
      return 1 + varint_size(inner) + inner;
    };
    std::uint64_t setting = announced - std::min<std::uint64_t>(announced, 24);
    while (setting < kMaxPacketSetting && shortest(setting + 1) <= announced) ++setting;
    detail += "; max_packet_msg_payload_size = " + std::to_string(setting) + " would let it in";
  } else {
    detail += "; no channel takes a message that long";
  }
  return fail(Stage::established, Reason::packet_too_long, std::move(detail));
}

}  // namespace peerage::conn
