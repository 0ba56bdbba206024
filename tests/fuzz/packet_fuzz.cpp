// The packet codec against the generated protobuf code. Where they differ, it must be for one of
// the reasons that spec/wire.md states:
//
//  - a second packet_msg replaces the first here (as in the Go node); protobuf for C++ merges them,
//    so the last one is given to it alone;
//  - a known field with another wire type, a number or varint that does not fit, deep groups, and a
//    packet that is of no kind are refused here; protobuf for C++ takes them for unknown fields;
//  - the end of a group need not name its group here, nor a tag be short (as in the Go node).
#include <optional>
#include <string>

#include "conn.pb.h"
#include "conn/base/proto_fields.h"
#include "conn/base/varint.h"
#include "conn/comet/packet.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage::conn;
using peerage::fuzz::require;

namespace {

struct Shape {
  std::uint64_t member = 0;          // the number of the last one: it counts
  std::optional<ByteView> last_msg;  // content of the last packet_msg: it replaces those before it
  bool groups = false;               // anywhere
  bool long_tag = false;             // over five bytes
};

// Walks what decode_packet has accepted.
void survey(ByteView bytes, bool top, Shape& shape) {
  int depth = 0;  // of groups: what is inside one is no member
  while (!bytes.empty()) {
    const Varint tag = read_varint(bytes);
    shape.long_tag = shape.long_tag || tag.size > 5 || tag.value > 0xffffffff;
    bytes = bytes.subspan(tag.size);
    const Varint value = read_varint(bytes);
    const std::uint64_t field = tag.value >> 3;
    switch (tag.value & 7) {
      case 0:
        bytes = bytes.subspan(value.size);
        break;
      case 1:
        bytes = bytes.subspan(8);
        break;
      case 5:
        bytes = bytes.subspan(4);
        break;
      case 2: {
        const ByteView content = bytes.subspan(value.size, value.value);
        if (top && depth == 0 && field <= 3) {
          shape.member = field;
          if (field == 3) shape.last_msg = content;
          survey(content, false, shape);
        }
        bytes = bytes.subspan(value.size + value.value);
        break;
      }
      case 3:
        shape.groups = true;
        ++depth;
        break;
      default:
        --depth;
        break;
    }
  }
}

bool stated_strictness(const std::string& detail) {
  for (const char* known : {"wrong wire type", "illegal field number", "bad varint",
                            "groups nested too deep", "neither ping nor pong"}) {
    if (detail.find(known) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView body(data, std::min(size, kMaxPacket));
  const auto ours = decode_packet(body);
  peerage::proto::Packet theirs;
  const bool parsed = theirs.ParseFromArray(body.data(), static_cast<int>(body.size()));

  if (!ours) {
    require(ours.error().reason == Reason::packet_malformed);
    require(!parsed || stated_strictness(ours.error().detail));
    return 0;
  }
  Shape shape;
  survey(body, true, shape);
  require(shape.member == (ours->kind == PacketKind::ping   ? 1u
                           : ours->kind == PacketKind::pong ? 2u
                                                            : 3u));
  if (parsed) {
    require(static_cast<std::uint64_t>(theirs.sum_case()) == shape.member);
  } else {
    require(shape.groups || shape.long_tag);
  }
  if (ours->kind != PacketKind::msg) return 0;
  // The Go node's rule, by protobuf's own decoder: the last packet_msg, as if it stood alone.
  peerage::proto::PacketMsg msg;
  if (!msg.ParseFromArray(shape.last_msg->data(), static_cast<int>(shape.last_msg->size()))) {
    require(shape.groups || shape.long_tag);
    return 0;
  }
#ifdef PEERAGE_PLANTED_BUG
  // As if some channels were decoded wrongly.
  require(msg.channel_id() < 0x30 || msg.channel_id() > 0x3f);
#endif
  require(msg.channel_id() == ours->channel);
  require(msg.eof() == ours->eof);
  require(msg.data() == as_text(ours->data));
  // Encoding what was decoded gives what protobuf would write.
  if (ours->channel < 0 || ours->channel > 255) return 0;
  const MsgHeader header = encode_msg_header(ChannelId{static_cast<std::uint8_t>(ours->channel)},
                                             ours->eof ? Eof::yes : Eof::no, ours->data.size());
  Bytes encoded(header.view().begin(), header.view().end());
  encoded.insert(encoded.end(), ours->data.begin(), ours->data.end());
  peerage::proto::Packet clean;
  clean.mutable_packet_msg()->set_channel_id(msg.channel_id());
  clean.mutable_packet_msg()->set_eof(msg.eof());
  clean.mutable_packet_msg()->set_data(msg.data());
  require(encoded == delimited(as_bytes(clean.SerializeAsString())));
  return 0;
}
