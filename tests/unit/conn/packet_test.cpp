#include "conn/packet.h"

#include <random>
#include <set>

#include <gtest/gtest.h>

#include "conn/message_assembler.h"
#include "conn/varint.h"
#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

using test::bytes_of;
using test::load_vectors;

std::uint64_t number(const nlohmann::json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<std::uint64_t>();
}

Bytes whole_packet(const MsgHeader& header, ByteView data) {
  Bytes bytes(header.view().begin(), header.view().end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

TEST(Packet, EncodesAsRecorded) {
  const auto cases = load_vectors("packets")["encodings"];
  ASSERT_EQ(cases.size(), 56u);
  for (const auto& each : cases) {
    const Bytes wire = bytes_of(each["delimited"]);
    if (each["kind"] == "ping") {
      EXPECT_EQ(wire, Bytes(kPingPacket.begin(), kPingPacket.end()));
    } else if (each["kind"] == "pong") {
      EXPECT_EQ(wire, Bytes(kPongPacket.begin(), kPongPacket.end()));
    } else {
      const auto id = static_cast<std::uint8_t>(number(each["channel_id"]));
      const bool eof = each["eof"];
      const Bytes data = bytes_of(each["data"]);
      SCOPED_TRACE(std::to_string(id) + " " + std::to_string(data.size()));
      EXPECT_EQ(whole_packet(
                    encode_msg_header(ChannelId{id}, eof ? Eof::yes : Eof::no, data.size()), data),
                wire);
      const Varint length = read_varint(wire);
      const auto decoded = decode_packet(ByteView(wire).subspan(length.size));
      ASSERT_TRUE(decoded);
      EXPECT_EQ(decoded->kind, PacketKind::msg);
      EXPECT_EQ(decoded->channel, id);
      EXPECT_EQ(decoded->eof, eof);
      EXPECT_EQ(Bytes(decoded->data.begin(), decoded->data.end()), data);
    }
  }
}

TEST(Packet, TheLargestBodyIsWhatTheGoNodeReckonsForAPayloadOf1024) {
  bool found = false;
  const auto cases = load_vectors("packets")["max_packet_sizes"];
  ASSERT_EQ(cases.size(), 11u);
  for (const auto& each : cases) {
    const std::uint64_t payload = number(each["max_packet_msg_payload_size"]);
    const MsgHeader header = encode_msg_header(ChannelId{1}, Eof::yes, payload);
    // Its body without the length prefix.
    const std::size_t body = header.size + payload - read_varint(header.view()).size;
    EXPECT_EQ(body, number(each["max_packet_msg_size"]));
    found = found || payload == kMaxPacketData;
    if (payload == kMaxPacketData) {
      EXPECT_EQ(body, kMaxPacket);
    }
  }
  EXPECT_TRUE(found);
}

// What a receiver with the recorded configuration makes of raw bytes.
struct Received {
  bool ok = true;
  std::vector<std::pair<int, Bytes>> messages;
};
Received receive_all(ByteView stream, std::size_t piece) {
  ReassemblyBudget budget;
  const std::vector<ChannelDescriptor> channels = {
      {.id = ChannelId{0x01}, .max_message_bytes = 4096},
      {.id = ChannelId{0x90}, .max_message_bytes = 4096}};
  MessageAssembler assembler(channels, {}, budget);
  PacketReader reader;
  Received received;
  while (!stream.empty() && received.ok) {
    const ByteView part = stream.first(std::min(piece, stream.size()));
    const auto taken = reader.receive(part, [&](ByteView body) -> Result<void> {
      const auto packet = decode_packet(body);
      if (!packet) return tl::unexpected(packet.error());
      if (packet->kind != PacketKind::msg) return {};
      auto message = assembler.receive(packet->channel, packet->data, packet->eof, TimePoint{});
      if (!message) return tl::unexpected(message.error());
      if (*message) {
        received.messages.emplace_back(static_cast<int>((*message)->channel), (*message)->bytes);
      }
      return {};
    });
    received.ok = taken.has_value();
    stream = stream.subspan(part.size());
  }
  // Bytes missing at the end are an error once the stream ends.
  if (reader.partial()) received.ok = false;
  return received;
}

TEST(Packet, RawInputsHaveTheSameVerdictAsInTheRealNode) {
  const auto cases = load_vectors("packets")["mconnection_input"];
  ASSERT_EQ(cases.size(), 40u);
  for (const auto& each : cases) {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{100}}) {
      SCOPED_TRACE(each["name"].get<std::string>() + " in pieces of " + std::to_string(piece));
      const Received ours = receive_all(bytes_of(each["bytes"]), piece);
      EXPECT_EQ(ours.ok, each["ok"]);
      std::vector<std::pair<int, Bytes>> expected;
      if (each["received"].is_array()) {
        for (const auto& message : each["received"]) {
          expected.emplace_back(static_cast<int>(number(message["channel"])),
                                bytes_of(message["data"]));
          EXPECT_EQ(expected.back().second.size(), number(message["len"]));
        }
      }
      EXPECT_EQ(ours.messages, expected);
    }
  }
}

TEST(Packet, NoBodyIsEverOver1034BytesWhateverTheChannel) {
  for (int id = 0; id < 256; ++id) {
    const ChannelId channel{static_cast<std::uint8_t>(id)};
    for (const Eof eof : {Eof::no, Eof::yes}) {
      const std::size_t most = max_packet_data(channel, eof);
      for (const std::size_t size :
           {std::size_t{0}, std::size_t{1}, std::size_t{127}, std::size_t{128}, most - 1, most}) {
        const MsgHeader header = encode_msg_header(channel, eof, size);
        const Varint length = read_varint(header.view());
        EXPECT_EQ(length.value, header.size - length.size + size);
        EXPECT_LE(length.value, kMaxPacket) << id;
      }
    }
    EXPECT_EQ(max_packet_data(channel, Eof::no), 1024u);
    EXPECT_EQ(max_packet_data(channel, Eof::yes), id < 0x80 ? 1024u : 1023u);
  }
}

TEST(Packet, AChannelOutsideAByteIsReportedAsItIs) {
  // channel_id = 257, then -1.
  EXPECT_EQ(decode_packet(*from_hex("1a03088102"))->channel, 257);
  EXPECT_EQ(decode_packet(*from_hex("1a0b08ffffffffffffffffff01"))->channel, -1);
}

TEST(Packet, AFieldNumberThatOnlyFits64BitsIsRefused) {
  // (2^32 + 3) << 3 | 2: its low bits say packet_msg.
  EXPECT_FALSE(decode_packet(*from_hex("9a8080808001021001")));
}

TEST(Packet, GroupsNestedTooDeepAreRefused) {
  Bytes nested(1000, 0x23);
  EXPECT_FALSE(decode_packet(nested));
}

TEST(PacketReader, ALengthOver1034IsRefusedBeforeAByteOfTheBody) {
  const auto verdict = [](std::uint64_t length) {
    Bytes prefix(kMaxVarint);
    prefix.resize(write_varint(prefix.data(), length));
    PacketReader reader;
    return reader.receive(prefix, [](ByteView) { return Result<void>{}; });
  };
  EXPECT_TRUE(verdict(kMaxPacket));
  for (const std::uint64_t length :
       {std::uint64_t{kMaxPacket + 1}, std::uint64_t{1} << 31, ~std::uint64_t{0}}) {
    const auto taken = verdict(length);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().reason, Reason::packet_too_long);
  }
}

TEST(PacketReader, AnySplitOfAStreamGivesTheSameBodies) {
  Bytes stream;
  std::vector<Bytes> bodies;
  for (const std::size_t size : {0u, 1u, 127u, 128u, 1034u, 3u, 1000u}) {
    bodies.emplace_back(size, static_cast<std::uint8_t>(size));
    const Bytes packet = delimited(bodies.back());
    stream.insert(stream.end(), packet.begin(), packet.end());
  }
  for (std::size_t piece = 1; piece < 1100; ++piece) {
    PacketReader reader;
    std::vector<Bytes> seen;
    for (ByteView rest = stream; !rest.empty(); rest = rest.subspan(std::min(piece, rest.size()))) {
      ASSERT_TRUE(reader.receive(rest.first(std::min(piece, rest.size())), [&](ByteView body) {
        seen.emplace_back(body.begin(), body.end());
        return Result<void>{};
      }));
    }
    ASSERT_EQ(seen, bodies) << piece;
    EXPECT_FALSE(reader.partial());
  }
}

}  // namespace
}  // namespace peerage::conn
