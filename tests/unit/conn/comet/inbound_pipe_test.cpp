#include "conn/comet/inbound_pipe.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/peers.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint kStart{1h};
constexpr ChannelId kChannel{0x20}, kOther{0x21};

// The pipe of one node, and the sealer of the other.
struct InboundPipeTest : testing::Test {
  ConnectionConfig config;
  ReassemblyBudget budget;
  std::vector<ChannelDescriptor> channels = {{.id = kChannel}, {.id = kOther}};
  Liveness liveness{LivenessConfig{}, kStart};
  test::Sessions sessions = test::make_sessions(test::key_from(1), test::key_from(2));
  std::optional<InboundPipe> pipe;
  Bytes buffer = Bytes(kMaxRead);
  TimePoint now = kStart;
  std::vector<Bytes> messages;
  InboundPipe::OnMessage on_message = [this](ChannelMessage message) {
    messages.push_back(std::move(message.bytes));
  };

  void make(Bytes early = {}) {
    pipe.emplace(std::move(sessions.first.opener), std::move(early), channels, config, budget,
                 liveness, kStart);
  }
  static Bytes packet(ByteView data, Eof eof = Eof::yes, ChannelId channel = kChannel) {
    const MsgHeader header = encode_msg_header(channel, eof, data.size());
    Bytes bytes(header.view().begin(), header.view().end());
    bytes.insert(bytes.end(), data.begin(), data.end());
    return bytes;
  }
  static Bytes joined(const std::vector<Bytes>& parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }
  // The stream in frames, sealed.
  Bytes sealed(ByteView stream) {
    Bytes frames((stream.size() + kFrameData - 1) / kFrameData * kFrameSealed);
    FrameWriter writer(frames);
    writer.append(stream);
    EXPECT_TRUE(sessions.second.sealer.seal(writer.finish()));
    return frames;
  }
  // As a shell does: reads at most `step` bytes at a time.
  Result<void> feed(ByteView bytes, std::size_t step = kMaxRead) {
    while (!bytes.empty()) {
      const MutableBytes room = pipe->room(buffer);
      const std::size_t count = std::min({step, room.size(), bytes.size()});
      std::copy_n(bytes.begin(), count, room.begin());
      if (auto received = pipe->receive(buffer, count, now, on_message); !received) return received;
      bytes = bytes.subspan(count);
    }
    return {};
  }
};

TEST_F(InboundPipeTest, MessagesComeWholeHoweverTheirBytesAreCut) {
  make();
  const std::vector<std::size_t> steps = {1, 7, 1043, 1044, 1045, 3000, kMaxRead};
  for (const std::size_t step : steps) {
    messages.clear();
    const std::vector<Bytes> sent = {Bytes(1, 1), Bytes(1000, 2), Bytes(1024, 3), Bytes(17, 4)};
    Bytes stream;
    for (const Bytes& message : sent) stream = joined({stream, packet(message)});
    ASSERT_TRUE(feed(sealed(stream), step));
    EXPECT_EQ(messages, sent) << step << " bytes a read";
    EXPECT_EQ(pipe->frame_bytes(), 0u);
  }
}

TEST_F(InboundPipeTest, PacketsOfManyFramesAreTakenHoweverTheirBytesAreCut) {
  config.packets.max_received = 102'400;
  make();
  for (const std::size_t step :
       {std::size_t{1043}, std::size_t{1044}, std::size_t{5000}, kMaxRead}) {
    messages.clear();
    std::vector<Bytes> sent;
    Bytes stream;
    for (const std::size_t size : {std::size_t{1025}, std::size_t{10'240}, std::size_t{102'400}}) {
      sent.emplace_back(size, static_cast<std::uint8_t>(sent.size()));
      stream = joined({stream, packet(sent.back()), Bytes(kPingPacket.begin(), kPingPacket.end())});
    }
    ASSERT_TRUE(feed(sealed(stream), step));
    EXPECT_EQ(messages, sent) << step << " bytes a read";
    EXPECT_EQ(pipe->reassembly_bytes(), 0u);
    EXPECT_TRUE(liveness.take_pong());
  }
}

TEST_F(InboundPipeTest, WithoutASettingAPacketMayHave64Kib) {
  make();
  ASSERT_TRUE(feed(sealed(packet(Bytes(64u << 10, 1)))));
  EXPECT_EQ(messages.size(), 1u);
  const auto over = feed(sealed(packet(Bytes((64u << 10) + 1, 1))));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().reason, Reason::packet_too_long);
  EXPECT_NE(over.error().detail.find("max_packet_msg_payload_size = 65541"), std::string::npos)
      << over.error().detail;
}

TEST_F(InboundPipeTest, ASettingBelow1024StillTakesWhatEveryNodeMaySend) {
  config.packets.max_received = 100;
  make();
  ASSERT_TRUE(feed(sealed(packet(Bytes(1024, 1)))));
  EXPECT_FALSE(feed(sealed(packet(Bytes(1025, 1)))));
}

TEST_F(InboundPipeTest, NoPacketIsTakenThatIsLongerThanAnyMessageOfItsChannels) {
  config.packets.max_received = kMaxPacketSetting;
  channels = {{.id = kChannel, .max_message_bytes = 500},
              {.id = kOther, .max_message_bytes = 64'000}};
  make();
  ASSERT_TRUE(feed(sealed(packet(Bytes(64'000, 1), Eof::yes, kOther))));
  const auto over = feed(sealed(Bytes(packet(Bytes(64'001), Eof::yes, kOther))));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().reason, Reason::packet_too_long);
  EXPECT_EQ(pipe->reassembly_bytes(), 0u) << "refused before a byte of it is kept";
}

TEST_F(InboundPipeTest, WhatIsHeldOfAPacketCountsAndGoesWithIt) {
  config.packets.max_received = 1u << 20;
  make();
  const Bytes frames = sealed(packet(Bytes(400'000, 1)));
  ASSERT_TRUE(feed(ByteView(frames).first(200 * kFrameSealed)));
  EXPECT_GE(pipe->reassembly_bytes(), 200 * kFrameData);
  EXPECT_LE(pipe->reassembly_bytes(), 2 * 200 * kFrameData);
  EXPECT_GE(budget.held_bytes(), 200 * kFrameData);
  ASSERT_TRUE(feed(ByteView(frames).subspan(200 * kFrameSealed)));
  EXPECT_EQ(messages.size(), 1u);
  EXPECT_EQ(pipe->reassembly_bytes(), 0u);
  EXPECT_EQ(budget.held_bytes(), 0u);

  const Bytes more = sealed(packet(Bytes(400'000, 1)));
  ASSERT_TRUE(feed(ByteView(more).first(200 * kFrameSealed)));
  pipe->discard();
  EXPECT_EQ(pipe->reassembly_bytes(), 0u);
  EXPECT_EQ(budget.held_bytes(), 0u);
}

TEST_F(InboundPipeTest, AHandlerMayDiscardInTheMiddleOfManyPackets) {
  make();
  on_message = [this](ChannelMessage message) {
    messages.push_back(std::move(message.bytes));
    pipe->discard();
  };
  const Bytes large = packet(Bytes(20'000, 1));
  ASSERT_TRUE(feed(sealed(joined({large, large, Bytes(large.begin(), large.begin() + 9'000)}))));
  EXPECT_EQ(messages.size(), 1u);
  EXPECT_EQ(pipe->reassembly_bytes(), 0u);
}

TEST_F(InboundPipeTest, PacketsOfManyPeersAreHeldWithinTheBudgetOfAll) {
  config.packets.max_received = 1u << 20;
  ReassemblyBudget small(256u << 10);
  InboundPipe greedy(std::move(sessions.first.opener), {}, channels, config, small, liveness,
                     kStart);
  const Bytes frames = sealed(packet(Bytes(1'000'000, 1)));
  Result<void> received;
  std::size_t read = 0;
  while (received && read < frames.size()) {
    const MutableBytes room = greedy.room(buffer);
    const std::size_t count = std::min(room.size(), frames.size() - read);
    std::copy_n(frames.begin() + static_cast<std::ptrdiff_t>(read), count, room.begin());
    read += count;
    received = greedy.receive(buffer, count, now, on_message);
  }
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().reason, Reason::total_memory_exhausted);
  EXPECT_LE(read, (256u << 10) + 2 * kMaxRead);
}

TEST_F(InboundPipeTest, ItHoldsAPartOfOneFrameAndNothingAtItsEnd) {
  make();
  const Bytes frame = sealed(packet(Bytes(500, 1)));
  ASSERT_TRUE(feed(ByteView(frame).first(400)));
  EXPECT_GE(pipe->frame_bytes(), 400u);
  EXPECT_LE(pipe->frame_bytes(), kFrameSealed);
  EXPECT_EQ(pipe->room(buffer).size(), kMaxRead - 400) << "what is kept stands in front";
  ASSERT_TRUE(feed(ByteView(frame).subspan(400)));
  EXPECT_EQ(messages.size(), 1u);
  EXPECT_EQ(pipe->frame_bytes(), 0u);
  EXPECT_EQ(pipe->room(buffer).size(), kMaxRead);
  EXPECT_EQ(pipe->received_bytes(), kFrameSealed);
}

TEST_F(InboundPipeTest, FragmentsAreHeldUntilTheirMessageIsWholeOrStale) {
  make();
  ASSERT_TRUE(feed(sealed(packet(Bytes(100, 1), Eof::no))));
  EXPECT_TRUE(messages.empty());
  EXPECT_GE(pipe->reassembly_bytes(), 100u);
  ASSERT_EQ(pipe->deadline(), kStart + 60s);
  EXPECT_TRUE(pipe->check(kStart + 60s - 1ns));
  EXPECT_EQ(pipe->check(kStart + 60s).error().reason, Reason::partial_message_stale);
  pipe->on_reading_resumed(kStart + 60s);
  EXPECT_TRUE(pipe->check(kStart + 60s)) << "we have not read meanwhile";
  ASSERT_TRUE(feed(sealed(packet(Bytes(100, 2)))));
  EXPECT_EQ(messages, (std::vector<Bytes>{joined({Bytes(100, 1), Bytes(100, 2)})}));
  EXPECT_EQ(pipe->reassembly_bytes(), 0u);
  EXPECT_EQ(pipe->deadline(), std::nullopt);
}

TEST_F(InboundPipeTest, PingsAndPongsAreToldToLiveness) {
  make();
  ASSERT_TRUE(feed(sealed(kPingPacket)));
  EXPECT_TRUE(liveness.take_pong());
  liveness.ping_now(now);
  ASSERT_TRUE(liveness.take_ping());
  now += 30ms;
  ASSERT_TRUE(feed(sealed(kPongPacket)));
  EXPECT_EQ(liveness.round_trip(), 30ms);
  EXPECT_EQ(pipe->last_received(), now);
}

TEST_F(InboundPipeTest, APacketThatMovesSomethingEndsARowOfIdleOnes) {
  make();
  const auto idle = [&](std::uint32_t count) {
    Bytes stream;
    for (std::uint32_t i = 0; i < count; ++i) stream = joined({stream, packet({}, Eof::no)});
    return feed(sealed(stream));
  };
  const std::uint32_t most = LivenessConfig{}.max_idle_packets;
  ASSERT_TRUE(idle(most));
  ASSERT_TRUE(feed(sealed(packet(Bytes(1)))));
  ASSERT_TRUE(idle(most));
  const auto one_more = idle(1);
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().reason, Reason::no_progress);
}

TEST_F(InboundPipeTest, AForgedFrameEndsTheStreamAfterWhatCameBefore) {
  make();
  const Bytes good = sealed(packet(Bytes(3, 1)));
  Bytes forged = sealed(packet(Bytes(3, 2)));
  forged[100] ^= 1;
  const auto received = feed(joined({good, forged}));
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().reason, Reason::frame_forged);
  EXPECT_EQ(messages, std::vector<Bytes>{Bytes(3, 1)});
}

TEST_F(InboundPipeTest, EarlyDataComesFirstAndGoesOnInTheFirstFrame) {
  const Bytes second = packet(Bytes(50, 2));
  make(joined({packet(Bytes(5, 1)), Bytes(second.begin(), second.begin() + 20)}));
  ASSERT_TRUE(pipe->receive_early(now, on_message));
  EXPECT_EQ(messages, std::vector<Bytes>{Bytes(5, 1)});
  ASSERT_TRUE(feed(sealed(ByteView(second).subspan(20))));
  EXPECT_EQ(messages, (std::vector<Bytes>{Bytes(5, 1), Bytes(50, 2)}));
  EXPECT_EQ(pipe->received_bytes(), kFrameSealed) << "they came with the handshake";
}

TEST_F(InboundPipeTest, AMessageMayEndTheLooking) {
  make();
  on_message = [&](ChannelMessage message) {
    messages.push_back(std::move(message.bytes));
    pipe->ignore_rest();
  };
  // The second follows in the same frame, the third in another.
  ASSERT_TRUE(feed(joined(
      {sealed(joined({packet(Bytes(1, 1)), packet(Bytes(1, 2))})), sealed(packet(Bytes(1, 3)))})));
  Bytes forged = sealed(packet(Bytes(1, 4)));
  forged[0] ^= 1;
  ASSERT_TRUE(feed(forged)) << "it is not looked at";
  EXPECT_EQ(messages, std::vector<Bytes>{Bytes(1, 1)});
  ASSERT_TRUE(feed(ByteView(forged).first(500)));
  EXPECT_EQ(pipe->received_bytes(), 3 * kFrameSealed + 500);
  EXPECT_EQ(pipe->frame_bytes(), 0u);
}

TEST_F(InboundPipeTest, WhatIsDiscardedFromAMessageHoldsNothing) {
  make();
  on_message = [&](ChannelMessage message) {
    messages.push_back(std::move(message.bytes));
    pipe->discard();
  };
  ASSERT_TRUE(feed(sealed(packet(Bytes(100, 1), Eof::no))));
  EXPECT_GT(pipe->reassembly_bytes(), 0u);
  const Bytes more =
      joined({sealed(packet(Bytes(1, 2), Eof::yes, kOther)), sealed(packet(Bytes(1, 3)))});
  ASSERT_TRUE(feed(ByteView(more).first(kFrameSealed + 500)));
  EXPECT_EQ(messages.size(), 1u);
  EXPECT_EQ(pipe->reassembly_bytes(), 0u);
  EXPECT_EQ(pipe->frame_bytes(), 0u) << "also of the frame whose beginning came with it";
  EXPECT_EQ(pipe->deadline(), std::nullopt);
}

TEST_F(InboundPipeTest, ReadingWaitsUntilWhatCameIsPaidFor) {
  config.receive_rate = 100'000;  // 102 000 with the slack; a burst is one read
  make();
  const Bytes full = packet(Bytes(1008, 1));  // with its header, a frame's data
  ASSERT_EQ(full.size(), 1020u);
  const auto read = [&] {  // 32 frames
    Bytes frames;
    for (int i = 0; i < 32; ++i) frames = joined({frames, sealed(full)});
    return feed(frames);
  };
  for (int reads = 0; reads < 2; ++reads) {
    ASSERT_TRUE(read());
    EXPECT_TRUE(pipe->may_read(now));
    EXPECT_EQ(pipe->read_again_at(), std::nullopt);
  }
  ASSERT_TRUE(read());
  EXPECT_FALSE(pipe->may_read(now));
  const auto again = pipe->read_again_at();
  ASSERT_TRUE(again);
  const std::uint64_t debt = 3 * 32 * 1020 - kMaxRead;
  const auto paid = std::chrono::nanoseconds((debt + 1) * 1'000'000'000 / 102'000);
  EXPECT_LE(*again - (now + paid), 1us);
  EXPECT_GE(*again, now + paid);
  EXPECT_EQ(pipe->rate_wait(), 0s) << "it lasts";
  pipe->read_again(*again);
  EXPECT_EQ(pipe->read_again_at(), std::nullopt);
  EXPECT_EQ(pipe->rate_wait(), *again - now);
  EXPECT_TRUE(pipe->may_read(*again));
}

TEST_F(InboundPipeTest, AFrameCountsForSixtyFourBytesHoweverLittleItCarries) {
  config.receive_rate = 1000;
  make();
  const std::size_t burst = kMaxRead / kMinFrameCharge;
  for (std::size_t i = 0; i + 1 < burst; ++i) ASSERT_TRUE(feed(sealed(packet(Bytes(1)))));
  EXPECT_TRUE(pipe->may_read(now));
  ASSERT_TRUE(feed(sealed(packet(Bytes(1)))));
  EXPECT_FALSE(pipe->may_read(now));
}

}  // namespace
}  // namespace peerage::conn
