#include "conn/comet/packet.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/base/varint.h"
#include "conn/comet/message_assembler.h"
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
      EXPECT_EQ(decode_packet(ByteView(wire).subspan(1))->kind, PacketKind::ping);
    } else if (each["kind"] == "pong") {
      EXPECT_EQ(wire, Bytes(kPongPacket.begin(), kPongPacket.end()));
      EXPECT_EQ(decode_packet(ByteView(wire).subspan(1))->kind, PacketKind::pong);
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

TEST(Packet, TheLargestBodyIsWhatTheGoNodeReckonsForEachPayload) {
  bool found = false;
  const auto cases = load_vectors("packets")["max_packet_sizes"];
  ASSERT_EQ(cases.size(), 11u);
  for (const auto& each : cases) {
    const std::uint64_t payload = number(each["max_packet_msg_payload_size"]);
    const MsgHeader header = encode_msg_header(ChannelId{1}, Eof::yes, payload);
    // Its body without the length prefix.
    const std::size_t body = header.size + payload - read_varint(header.view()).size;
    EXPECT_EQ(body, number(each["max_packet_msg_size"]));
    EXPECT_EQ(max_packet_body(payload), body);
    EXPECT_EQ(max_packet_on_wire(payload), header.size + payload);
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
Received receive_all(ByteView stream, std::size_t piece, std::size_t first = 0) {
  ReassemblyBudget budget;
  const std::vector<ChannelDescriptor> channels = {
      {.id = ChannelId{0x01}, .max_message_bytes = 4096},
      {.id = ChannelId{0x90}, .max_message_bytes = 4096}};
  MessageAssembler assembler(channels, {}, budget);
  PacketReader reader;
  Received received;
  while (!stream.empty() && received.ok) {
    const std::size_t size = first > 0 ? std::exchange(first, 0) : piece;
    const ByteView part = stream.first(std::min(size, stream.size()));
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

TEST(Packet, WhereverARecordedInputIsCutInTwoTheVerdictIsTheSame) {
  const auto cases = load_vectors("packets")["mconnection_input"];
  ASSERT_EQ(cases.size(), 40u);
  for (const auto& each : cases) {
    const Bytes stream = bytes_of(each["bytes"]);
    const Received whole = receive_all(stream, SIZE_MAX);
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
      const Received halves = receive_all(stream, SIZE_MAX, cut);
      ASSERT_EQ(halves.ok, whole.ok) << each["name"] << " cut at " << cut;
      ASSERT_EQ(halves.messages, whole.messages) << each["name"] << " cut at " << cut;
    }
  }
}

TEST(Packet, NoBodyIsEverOver1034BytesWhateverTheChannelAndTheSize) {
  for (int id = 0; id < 256; ++id) {
    const ChannelId channel{static_cast<std::uint8_t>(id)};
    for (const Eof eof : {Eof::no, Eof::yes}) {
      const std::size_t most = max_packet_data(channel, eof);
      for (std::size_t size = 0; size <= most; ++size) {
        const MsgHeader header = encode_msg_header(channel, eof, size);
        const Varint length = read_varint(header.view());
        ASSERT_EQ(length.value, header.size - length.size + size);
        ASSERT_LE(length.value, kMaxPacket) << id;
        ASSERT_LE(header.size + size, kMaxPacketOnWire) << id;
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

TEST(Packet, TheUsualFormOfAMessageAndAnyOtherDecodeAlike) {
  const std::vector<std::string> messages = {
      "",         "08a001",           "1001",         "1a03010203",       "081a",
      "08a00110", "0820100108a00110", "10011a020000", "08201001",         "08201a0401020304",
      "1a00",     "10001a00",         "1a01ff0820",   "08a00110011a0109", "08ffffffffffffffffff01",
      "1a0508",   "088080808020",     "1002",         "082010011a020102"};
  const auto body_of = [](const Bytes& inner) {
    Bytes body = {0x1a, static_cast<std::uint8_t>(inner.size())};
    body.insert(body.end(), inner.begin(), inner.end());
    return body;
  };
  for (const std::string& hex : messages) {
    SCOPED_TRACE(hex);
    Bytes inner = *from_hex(hex);
    const Bytes usual = body_of(inner);
    inner.insert(inner.begin(), {0x20, 0x05});  // an unknown field
    const Bytes other = body_of(inner);
    const auto one = decode_packet(usual), two = decode_packet(other);
    ASSERT_EQ(one.has_value(), two.has_value());
    if (!one) continue;
    EXPECT_EQ(one->kind, two->kind);
    EXPECT_EQ(one->channel, two->channel);
    EXPECT_EQ(one->eof, two->eof);
    EXPECT_EQ(to_hex(one->data), to_hex(two->data));
  }
}

TEST(Packet, AFieldNumberThatOnlyFits64BitsIsRefused) {
  // (2^32 + 3) << 3 | 2: its low bits say packet_msg.
  EXPECT_FALSE(decode_packet(*from_hex("9a8080808001021001")));
}

TEST(Packet, GroupsNestSixteenDeepAndNoDeeper) {
  const auto nested = [](std::size_t depth) {
    Bytes body(depth, 0x23);
    body.insert(body.end(), depth, 0x24);
    body.insert(body.end(), {0x0a, 0x00});
    return decode_packet(body).has_value();
  };
  EXPECT_TRUE(nested(1));
  EXPECT_TRUE(nested(16));
  EXPECT_FALSE(nested(17));
  EXPECT_FALSE(nested(500));
}

TEST(Packet, ABodyThatIsCutShortIsRefusedWhereverItIsCut) {
  // Every kind of field, known and unknown, in a packet with its member at the end.
  const Bytes body = *from_hex(
      "2005"                // an unknown number
      "290102030405060708"  // eight fixed bytes
      "3501020304"          // four
      "3a02aabb"            // some bytes
      "232a00240a00"        // a group, and a ping before the message
      "1a0c08a00110011a03010203"
      "2007");  // the message, with an unknown field in it
  ASSERT_TRUE(decode_packet(body));
  // Cut here, it is a ping.
  const std::size_t whole_ping = 2 + 9 + 5 + 4 + 6;
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto packet = decode_packet(ByteView(body).first(size));
    EXPECT_EQ(packet.has_value(), size == whole_ping) << size;
    if (!packet) {
      EXPECT_EQ(packet.error().reason, Reason::packet_malformed);
    }
  }
}

TEST(Packet, KnownFieldsOfAnotherTypeAreRefused) {
  const std::vector<std::string> bodies = {"0800",        // ping as a number
                                           "1500000000",  // pong as four fixed bytes
                                           "1b1c",        // a message as a group
                                           "1a020a00",    // channel_id as bytes
                                           "1a021200",    // eof as bytes
                                           "1a021801"};   // data as a number
  for (const std::string& body : bodies) {
    EXPECT_FALSE(decode_packet(bytes_of(body))) << body;
    // Nor does a good member after it make up for it.
    EXPECT_FALSE(decode_packet(bytes_of(body + "0a00"))) << body;
  }
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

TEST(PacketReader, ALargerNetworksPacketIsTakenHoweverItIsCut) {
  for (const std::size_t payload : {std::size_t{1025}, std::size_t{10'240}, std::size_t{102'400}}) {
    const MsgHeader header = encode_msg_header(ChannelId{1}, Eof::yes, payload);
    Bytes stream(header.view().begin(), header.view().end());
    for (std::size_t i = 0; i < payload; ++i) stream.push_back(static_cast<std::uint8_t>(i * 7));
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{1000}, std::size_t{1024}, SIZE_MAX}) {
      PacketReader reader({max_packet_body(payload), max_packet_body(payload)});
      Bytes body;
      const auto keep = [&](ByteView whole) -> Result<void> {
        body.assign(whole.begin(), whole.end());
        return {};
      };
      for (ByteView rest = stream; !rest.empty();) {
        const ByteView part = rest.first(std::min(piece, rest.size()));
        ASSERT_TRUE(reader.receive(part, keep));
        rest = rest.subspan(part.size());
      }
      EXPECT_EQ(body.size(), max_packet_body(payload)) << piece;
      EXPECT_TRUE(std::equal(body.begin(), body.end(),
                             stream.end() - static_cast<std::ptrdiff_t>(body.size())));
      EXPECT_FALSE(reader.partial());
    }
  }
}

TEST(PacketReader, OneThatIsTooLongNamesTheSettingThatTakesIt) {
  const auto detail = [](std::uint64_t length, std::size_t payload, std::size_t useful) {
    Bytes prefix(kMaxVarint);
    prefix.resize(write_varint(prefix.data(), length));
    PacketReader reader({max_packet_body(payload), max_packet_body(useful)});
    const auto taken = reader.receive(prefix, [](ByteView) { return Result<void>{}; });
    EXPECT_FALSE(taken);
    return taken ? std::string() : taken.error().detail;
  };
  EXPECT_EQ(
      detail(10'250, 1024, 2'000'000),
      "announces 10250 bytes of at most 1034; max_packet_msg_payload_size = 10244 would let it "
      "in");
  // It takes that packet and any other of its network, whatever the channel and whether it is the
  // last of its message: what is announced may have been any of these.
  for (const std::size_t payload : {1030u, 10'240u, 16'383u, 16'384u, 102'400u, 1'048'576u}) {
    for (const std::uint8_t id : {std::uint8_t{0}, std::uint8_t{1}}) {
      for (const Eof eof : {Eof::no, Eof::yes}) {
        const MsgHeader header = encode_msg_header(ChannelId{id}, eof, payload);
        const std::string said = detail(read_varint(header.view()).value, 1024, kMaxPacketSetting);
        const std::string before = "max_packet_msg_payload_size = ";
        ASSERT_NE(said.find(before), std::string::npos) << said;
        const auto setting = std::stoul(said.substr(said.find(before) + before.size()));
        EXPECT_GE(setting, payload);
        EXPECT_LE(setting, payload + 4);
      }
    }
  }
  EXPECT_EQ(detail(70'000, 64'000, 64'000),
            "announces 70000 bytes of at most 64012; no channel takes a message that long");
  EXPECT_EQ(detail(~std::uint64_t{0}, 1024, 64'000),
            "announces 18446744073709551615 bytes of at most 1034; no channel takes a message that "
            "long");
}

TEST(PacketReader, WhatItHoldsGrowsWithWhatHasComeAndNotWithWhatIsAnnounced) {
  static constexpr std::size_t kPayload = 1u << 20;
  PacketReader reader({max_packet_body(kPayload), max_packet_body(kPayload)});
  const MsgHeader header = encode_msg_header(ChannelId{1}, Eof::yes, kPayload);
  const auto nothing = [](ByteView) { return Result<void>{}; };
  ASSERT_TRUE(reader.receive(header.view(), nothing));
  std::size_t come = header.size;
  for (; come + 1024 < header.size + kPayload; come += 1024) {
    ASSERT_TRUE(reader.receive(Bytes(1024), nothing));
    ASSERT_GE(reader.held_bytes(), come + 1024);
    ASSERT_LE(reader.held_bytes(), 2 * (come + 1024));
  }
  EXPECT_LE(reader.held_bytes(), kMaxVarint + max_packet_body(kPayload));
  ASSERT_TRUE(reader.receive(Bytes(header.size + kPayload - come), nothing));
  EXPECT_FALSE(reader.partial());
  reader.rest();
  EXPECT_EQ(reader.held_bytes(), 0u);
  // One byte of the next packet does not keep what the last one took.
  ASSERT_TRUE(reader.receive(header.view(), nothing));
  ASSERT_TRUE(reader.receive(Bytes(kPayload), nothing));
  ASSERT_TRUE(reader.receive(header.view().first(1), nothing));
  reader.rest();
  EXPECT_TRUE(reader.partial());
  EXPECT_LE(reader.held_bytes(), 64u << 10);
  reader.drop();
  EXPECT_EQ(reader.held_bytes(), 0u);
}

TEST(PacketReader, TheFirstErrorOfAHandlerEndsTheStreamThere) {
  const Bytes stream = *from_hex("020a00020a00021200020a00");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    PacketReader reader;
    int seen = 0;
    const auto handler = [&](ByteView body) -> Result<void> {
      ++seen;
      if (body[0] == 0x12) return fail(Stage::established, Reason::no_progress);
      return {};
    };
    Result<void> taken = reader.receive(ByteView(stream).first(cut), handler);
    if (taken) taken = reader.receive(ByteView(stream).subspan(cut), handler);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().reason, Reason::no_progress);
    EXPECT_EQ(seen, 3) << cut;
  }
}

TEST(PacketReader, ALengthMayTakeTenBytesAndNotEleven) {
  // Nine bytes of nothing but "more follows", then the end: zero, written long.
  Bytes longest(9, 0x80);
  longest.push_back(0x00);
  const auto receive = [](ByteView stream, std::size_t cut) {
    PacketReader reader;
    std::size_t bodies = 0;
    const auto count = [&bodies](ByteView body) -> Result<void> {
      bodies += body.empty() ? 1 : 100;
      return {};
    };
    Result<void> taken = reader.receive(stream.first(cut), count);
    if (taken) taken = reader.receive(stream.subspan(cut), count);
    return taken ? bodies : std::size_t{0};
  };
  Bytes too_long(10, 0x80);
  too_long.push_back(0x00);
  for (std::size_t cut = 0; cut <= 10; ++cut) {
    EXPECT_EQ(receive(longest, cut), 1u) << cut;
    EXPECT_EQ(receive(too_long, cut), 0u) << cut;
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
