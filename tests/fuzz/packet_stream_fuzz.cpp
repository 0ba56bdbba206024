// The receive side of a connection, from stream bytes to messages: however the stream is split, the
// same messages come out and the same error ends it, and no bound is passed on the way.
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "conn/base/varint.h"
#include "conn/comet/message_assembler.h"
#include "conn/comet/packet.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage::conn;
using peerage::fuzz::Input;
using peerage::fuzz::require;

namespace {

constexpr std::size_t kLimit = 3000;
constexpr std::size_t kPayload = 8000;

// A stream of packets as the fuzzer wishes: well-formed ones of chosen kind, channel and size, and
// raw bytes now and then.
Bytes stream_from(Input& input) {
  Bytes stream;
  const auto append = [&stream](ByteView bytes) {
    stream.insert(stream.end(), bytes.begin(), bytes.end());
  };
  while (!input.empty() && stream.size() < 100'000) {
    const std::uint8_t kind = input.byte();
    if (kind < 16) {
      append(input.take(kind));
    } else if (kind < 20) {
      append(kind % 2 == 0 ? ByteView(kPingPacket) : ByteView(kPongPacket));
    } else {
      // Some as those of a network with larger packets.
      const std::size_t size = input.byte() * (kind < 0x80 ? 4u : 37u);
      const ChannelId channel{static_cast<std::uint8_t>(kind % 4 == 0 ? 0x90 : 0x01)};
      const MsgHeader header = encode_msg_header(channel, kind % 8 < 3 ? Eof::yes : Eof::no, size);
      append(header.view());
      append(Bytes(size, kind));
    }
  }
  return stream;
}

struct Outcome {
  std::vector<ChannelMessage> messages;
  std::optional<Reason> failure;
};

Outcome receive(ByteView stream, const std::vector<std::size_t>& pieces) {
  ReassemblyBudget budget;
  const std::vector<ChannelDescriptor> channels = {
      {.id = ChannelId{0x01}, .max_message_bytes = kLimit},
      {.id = ChannelId{0x90}, .max_message_bytes = kLimit}};
  MessageAssembler assembler(channels, {}, budget);
  PacketReader reader({max_packet_body(kPayload), max_packet_body(kPayload)});
  Outcome outcome;
  std::map<std::int32_t, Bytes> begun;  // what a receiver without bounds would hold
  for (std::size_t i = 0; !stream.empty() && !outcome.failure; ++i) {
    const std::size_t size =
        pieces.empty() ? stream.size() : std::min(pieces[i % pieces.size()] + 1, stream.size());
    const auto taken = reader.receive(stream.first(size), [&](ByteView body) -> Result<void> {
      const auto packet = decode_packet(body);
      if (!packet) return tl::unexpected(packet.error());
      if (packet->kind != PacketKind::msg) return {};
      auto message = assembler.receive(packet->channel, packet->data, packet->eof, TimePoint{});
      if (!message) return tl::unexpected(message.error());
      Bytes& expected = begun[packet->channel];
      expected.insert(expected.end(), packet->data.begin(), packet->data.end());
      require(message->has_value() == packet->eof);
      if (*message) {
        require((*message)->bytes == std::exchange(expected, {}));
        require((*message)->bytes.size() <= kLimit);
        outcome.messages.push_back(std::move(**message));
      }
      require(assembler.held_bytes() <= 2 * kLimit);
      return {};
    });
    if (!taken) outcome.failure = taken.error().reason;
    require(reader.held_bytes() <= 10 + max_packet_body(kPayload));
    stream = stream.subspan(size);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  std::vector<std::size_t> pieces;
  for (const std::uint8_t piece : input.take(8)) pieces.push_back(piece * 5u);
  const Bytes stream = stream_from(input);
  const Outcome whole = receive(stream, {});
  const Outcome split = receive(stream, pieces);
  require(whole.failure == split.failure);
  require(whole.messages.size() == split.messages.size());
  for (std::size_t i = 0; i < whole.messages.size(); ++i) {
    require(whole.messages[i].channel == split.messages[i].channel);
    require(whole.messages[i].bytes == split.messages[i].bytes);
#ifdef PEERAGE_PLANTED_BUG
    // As if a message of several packets were lost.
    require(whole.messages[i].bytes.size() <= kMaxPacketData);
#endif
  }
  return 0;
}
