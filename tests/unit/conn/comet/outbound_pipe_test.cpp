#include "conn/comet/outbound_pipe.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/peers.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint kStart{1h};
constexpr ChannelId kLow{0x20}, kHigh{0x21};

// The pipe of one node, and the opener of the other.
struct OutboundPipeTest : testing::Test {
  ConnectionConfig config;
  std::vector<ChannelDescriptor> channels = {{.id = kLow, .priority = 1},
                                             {.id = kHigh, .priority = 10}};
  Liveness liveness{LivenessConfig{}, kStart};
  test::Sessions sessions = test::make_sessions(test::key_from(1), test::key_from(2));
  std::optional<OutboundPipe> pipe;
  Bytes buffer = Bytes(kMaxFramesPerWrite * kFrameSealed);
  TimePoint now = kStart;
  PacketReader reader;
  Bytes wire;  // taken, and not opened

  OutboundPipeTest() { config.send_rate = 0; }
  void make() {
    pipe.emplace(std::move(sessions.first.sealer), channels, config, liveness, kStart);
  }
  SendResult offer(ChannelId channel, Bytes bytes) {
    return pipe->offer(channel, std::make_shared<const Bytes>(std::move(bytes)), Duration(0))
        .result;
  }
  // One write of a socket that takes at most `most` bytes. How many there were.
  std::size_t write(std::size_t most = SIZE_MAX) {
    const ByteView due = pipe->next(buffer, now).value();
    if (due.empty()) return 0;
    const ByteView taken = due.first(std::min(most, due.size()));
    wire.insert(wire.end(), taken.begin(), taken.end());
    pipe->on_written(taken.size(), now);
    return due.size();
  }
  struct Seen {
    PacketKind kind;
    int channel;
    Bytes data;
    bool operator==(const Seen&) const = default;
  };
  // What the other node makes of the wire.
  std::vector<Seen> open() {
    std::vector<Seen> packets;
    EXPECT_EQ(wire.size() % kFrameSealed, 0u);
    for (std::size_t at = 0; at < wire.size(); at += kFrameSealed) {
      const auto stream = sessions.second.opener.open(MutableBytes(wire).subspan(at, kFrameSealed));
      EXPECT_TRUE(stream);
      if (!stream) break;
      EXPECT_TRUE(reader.receive(*stream, [&](ByteView body) -> Result<void> {
        const Packet packet = decode_packet(body).value();
        packets.push_back(
            {packet.kind, packet.channel, Bytes(packet.data.begin(), packet.data.end())});
        return {};
      }));
    }
    wire.clear();
    return packets;
  }
  static Seen seen(ChannelId channel, Bytes data) {
    return {PacketKind::msg, static_cast<int>(channel), std::move(data)};
  }
};

TEST_F(OutboundPipeTest, AMessageLeavesAtOnceAndNothingIsHeldAfterIt) {
  make();
  EXPECT_EQ(write(), 0u);
  EXPECT_TRUE(pipe->offer(kLow, std::make_shared<const Bytes>(3, 1), Duration(0)).wake);
  EXPECT_EQ(pipe->queued_bytes(), 3u);
  EXPECT_EQ(write(), kFrameSealed);
  EXPECT_EQ(open(), std::vector{seen(kLow, Bytes(3, 1))});
  EXPECT_EQ(pipe->queued_bytes(), 0u);
  EXPECT_EQ(pipe->frame_bytes(), 0u);
  EXPECT_EQ(pipe->sent_bytes(), kFrameSealed);
  EXPECT_EQ(write(), 0u);
  EXPECT_TRUE(pipe->all_formed());
}

TEST_F(OutboundPipeTest, PacketsHave1024BytesUnlessTheNetworkTakesMore) {
  for (const auto& [setting, expected] :
       {std::pair<std::size_t, std::vector<std::size_t>>{1024, {1024, 1024, 452}},
        {1500, {1500, 1000}},
        {10'240, {2500}},
        {500, {500, 500, 500, 500, 500}}}) {
    config.packets.max_sent = setting;
    sessions = test::make_sessions(test::key_from(1), test::key_from(2));
    reader = PacketReader({max_packet_body(kMaxPacketSetting), 0});
    make();
    ASSERT_EQ(offer(kLow, Bytes(2500, 7)), SendResult::queued);
    while (write() > 0) continue;
    std::vector<std::size_t> sizes;
    for (const Seen& each : open()) sizes.push_back(each.data.size());
    EXPECT_EQ(sizes, expected) << setting;
  }
}

TEST_F(OutboundPipeTest, NoPacketIsLongerThanABatchSoPingsAndOthersWaitForNoMore) {
  config.packets.max_sent = kMaxPacketSetting;
  reader = PacketReader({max_packet_body(kMaxPacketSetting), 0});
  make();
  ASSERT_EQ(offer(kLow, Bytes(100'000, 7)), SendResult::queued);
  EXPECT_GT(write(), 0u);
  ASSERT_EQ(offer(kHigh, Bytes(10, 1)), SendResult::queued);
  ASSERT_TRUE(liveness.on_ping(now));
  while (write() > 0) continue;
  const auto packets = open();
  ASSERT_EQ(packets.size(), 6u);
  EXPECT_EQ(packets[0].data.size(), kMaxPacketDataSent);
  EXPECT_EQ(packets[1].kind, PacketKind::pong);
  EXPECT_EQ(packets[2], seen(kHigh, Bytes(10, 1)));
  EXPECT_EQ(packets[5].data.size(), 100'000 - 3 * kMaxPacketDataSent);
  EXPECT_EQ(pipe->frame_bytes(), 0u);
}

TEST_F(OutboundPipeTest, LargePacketsKeepTheRate) {
  config.send_rate = 100'000;
  config.packets.max_sent = 10'240;
  config.send_queue.per_peer_bytes = 1u << 20;
  channels[0].max_message_bytes = 1u << 20;
  reader = PacketReader({max_packet_body(kMaxPacketSetting), 0});
  make();
  ASSERT_EQ(offer(kLow, Bytes(300'000, 7)), SendResult::queued);
  while (!pipe->all_formed() || pipe->in_batch() || pipe->queued_bytes() > 0) {
    while (write() > 0) continue;
    if (!pipe->send_again_at()) break;
    ASSERT_GT(*pipe->send_again_at(), now);
    now = *pipe->send_again_at();
  }
  const auto span = std::chrono::duration<double>(now - kStart).count();
  EXPECT_GT(span, 2.7) << "300 kB at 100 kB/s, but for what is saved up";
  EXPECT_LT(span, 3.1);
  std::size_t sent = 0;
  for (const Seen& each : open()) sent += each.data.size();
  EXPECT_EQ(sent, 300'000u);
}

TEST_F(OutboundPipeTest, WhatTheSocketLeavesIsGivenAgainByteForByte) {
  make();
  for (const std::size_t most : {std::size_t{1}, std::size_t{100}, std::size_t{1045}}) {
    ASSERT_EQ(offer(kLow, Bytes(3000, 7)), SendResult::queued);
    std::size_t held = write(most);
    while (pipe->in_batch()) {
      EXPECT_GT(pipe->frame_bytes(), 0u);
      const std::size_t left = write(most);
      EXPECT_EQ(left, held - most);
      held = left;
    }
    const auto packets = open();
    ASSERT_EQ(packets.size(), 3u);
    EXPECT_EQ(packets[2].data.size(), 3000u - 2 * 1024);
    EXPECT_EQ(pipe->frame_bytes(), 0u);
  }
}

TEST_F(OutboundPipeTest, ASocketThatTakesNothingIsOfferedTheSame) {
  make();
  offer(kLow, Bytes(10, 1));
  const ByteView due = pipe->next(buffer, now).value();
  const Bytes first(due.begin(), due.end());
  pipe->on_written(0, now);
  std::fill(buffer.begin(), buffer.end(), std::uint8_t{0});  // it is everybody's again
  EXPECT_TRUE(pipe->in_batch());
  const ByteView again = pipe->next(buffer, now + 59s).value();
  EXPECT_EQ(Bytes(again.begin(), again.end()), first);
  pipe->on_written(0, now + 59s);
  EXPECT_EQ(liveness.check(now + 60s).error().reason, Reason::write_stalled);
}

TEST_F(OutboundPipeTest, WhenNothingWaitsNoSocketIsStalled) {
  make();
  offer(kLow, Bytes(10, 1));
  write(0);
  write();
  EXPECT_EQ(write(), 0u);
  EXPECT_TRUE(liveness.check(now + 61s));
}

TEST_F(OutboundPipeTest, ABatchIsBoundedAndUrgentMessagesOvertakeAllButIt) {
  make();
  offer(kLow, Bytes(500'000, 1));
  EXPECT_EQ(write(0), kMaxFramesPerWrite * kFrameSealed);
  offer(kHigh, Bytes(200, 2));
  EXPECT_EQ(write(), kMaxFramesPerWrite * kFrameSealed) << "what is sealed cannot be overtaken";
  const auto before = open();
  EXPECT_TRUE(std::none_of(before.begin(), before.end(), [](const Seen& packet) {
    return packet.channel == static_cast<int>(kHigh);
  }));
  write();
  const auto after = open();
  ASSERT_FALSE(after.empty());
  // The first of them lay across the end of the batch.
  const auto urgent = std::find(after.begin(), after.end(), seen(kHigh, Bytes(200, 2)));
  EXPECT_LE(urgent - after.begin(), 1);
}

TEST_F(OutboundPipeTest, PongsAndPingsGoAheadOfMessages) {
  make();
  offer(kHigh, Bytes(1, 1));
  ASSERT_TRUE(liveness.on_ping(now));
  liveness.ping_now(now);
  write();
  EXPECT_EQ(open(),
            (std::vector<Seen>{
                {PacketKind::pong, 0, {}}, {PacketKind::ping, 0, {}}, seen(kHigh, Bytes(1, 1))}));
}

TEST_F(OutboundPipeTest, ARateThatIsUsedUpSaysWhenToGoOnAndHoldsNoPongBack) {
  config.send_rate = 100'000;  // a burst of 10 000
  make();
  offer(kLow, Bytes(30'000, 1));
  write();
  EXPECT_EQ(open().size(), 9u) << "of 1034 bytes";
  const auto again = pipe->send_again_at();
  ASSERT_TRUE(again);
  EXPECT_GT(*again, now);
  EXPECT_EQ(write(), 0u);
  ASSERT_TRUE(liveness.on_ping(now));
  EXPECT_EQ(write(), kFrameSealed);
  EXPECT_EQ(open(), (std::vector<Seen>{{PacketKind::pong, 0, {}}}));
  now = *again - 1us;
  EXPECT_EQ(write(), 0u);
  EXPECT_EQ(pipe->rate_wait(), 0s) << "it lasts";
  now = *again;
  EXPECT_GT(write(), 0u);
  EXPECT_EQ(pipe->rate_wait(), *again - kStart);
}

TEST_F(OutboundPipeTest, WhileTheSocketIsFullItIsNotTheRateThatWeWaitFor) {
  config.send_rate = 100'000;
  make();
  offer(kLow, Bytes(30'000, 1));
  write(0);
  EXPECT_EQ(pipe->send_again_at(), std::nullopt);
  now += 1s;
  write();
  EXPECT_EQ(pipe->rate_wait(), 0s);
}

TEST_F(OutboundPipeTest, AClosedPipeSendsWhatIsQueuedAndTakesNoMore) {
  make();
  offer(kLow, Bytes(40, 1));
  pipe->close();
  EXPECT_EQ(offer(kLow, Bytes(1)), SendResult::closed);
  write();
  EXPECT_EQ(open(), std::vector{seen(kLow, Bytes(40, 1))});
  EXPECT_EQ(write(), 0u);
  EXPECT_TRUE(pipe->all_formed());
}

TEST_F(OutboundPipeTest, ADiscardedPipeHoldsNothingAndSendsNothing) {
  make();
  offer(kLow, Bytes(500'000, 1));
  write(100);
  offer(kHigh, Bytes(10, 2));
  pipe->discard();
  EXPECT_EQ(pipe->queued_bytes(), 0u);
  EXPECT_EQ(pipe->frame_bytes(), 0u);
  EXPECT_EQ(pipe->channel_load(0).bytes, 0u);
  EXPECT_EQ(write(), 0u);
  EXPECT_EQ(offer(kLow, Bytes(1)), SendResult::closed);
}

TEST_F(OutboundPipeTest, WithoutANonceNothingLeaves) {
  sessions.first.sealer =
      FrameSealer(test::ephemeral_from(9), std::numeric_limits<std::uint64_t>::max());
  make();
  offer(kLow, Bytes(2000, 1));
  const auto due = pipe->next(buffer, now);
  ASSERT_FALSE(due);
  EXPECT_EQ(due.error().reason, Reason::nonces_exhausted);
}

}  // namespace
}  // namespace peerage::conn
