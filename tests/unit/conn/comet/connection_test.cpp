#include "conn/comet/connection.h"

#include <gtest/gtest.h>

#include "tests/support/connection_fixture.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
using sim::LinkPlan;
using test::Observed;
using test::ScriptedPeer;

using test::kBig;
using test::kHigh;
using test::kLow;
using test::numbered;

struct ConnectionTest : test::ConnectionFixture {};

TEST_F(ConnectionTest, MessagesOfEverySizeArriveWholeHoweverTheBytesDo) {
  const std::vector<std::size_t> sizes = {1, 2, 1023, 1024, 1025, 2047, 2048, 2049, 5000, 100'000};
  for (const auto split :
       {LinkPlan::Split::whole, LinkPlan::Split::random, LinkPlan::Split::byte_by_byte}) {
    set_plan([split](LinkPlan& plan) { plan.split = split; });
    us = {};
    them = {};
    link();
    for (const std::size_t size : sizes) {
      EXPECT_EQ(us.connection->send(kLow, numbered(size)), SendResult::queued);
      EXPECT_EQ(them.connection->send(kBig, numbered(size)), SendResult::queued);
    }
    world.run_for(5s);
    ASSERT_EQ(them.messages.size(), sizes.size());
    ASSERT_EQ(us.messages.size(), sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      EXPECT_EQ(them.messages[i].bytes, numbered(sizes[i]));
      EXPECT_EQ(them.messages[i].channel, kLow);
      EXPECT_EQ(us.messages[i].bytes, numbered(sizes[i]));
    }
    EXPECT_FALSE(us.closed || them.closed);
    us.connection->close();
    world.run_for(1s);
  }
}

TEST_F(ConnectionTest, WithLargePacketsMessagesOfEverySizeArriveWholeHoweverTheBytesDo) {
  const std::vector<std::size_t> sizes = {1, 1024, 1025, 10'239, 10'240, 10'241, 32'736, 100'000};
  for (const std::size_t payload : {std::size_t{10'240}, std::size_t{102'400}, kMaxPacketSetting}) {
    config.packets = {.max_sent = payload, .max_received = payload};
    for (const auto split : {LinkPlan::Split::whole, LinkPlan::Split::random}) {
      set_plan([split](LinkPlan& plan) { plan.split = split; });
      us = {};
      them = {};
      link();
      for (const std::size_t size : sizes) {
        EXPECT_EQ(us.connection->send(kLow, numbered(size)), SendResult::queued);
        EXPECT_EQ(them.connection->send(kBig, numbered(size)), SendResult::queued);
      }
      world.run_for(5s);
      ASSERT_EQ(them.messages.size(), sizes.size());
      ASSERT_EQ(us.messages.size(), sizes.size());
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        EXPECT_EQ(them.messages[i].bytes, numbered(sizes[i]));
        EXPECT_EQ(us.messages[i].bytes, numbered(sizes[i]));
      }
      EXPECT_FALSE(us.closed || them.closed);
      us.connection->close();
      world.run_for(1s);
    }
  }
}

TEST_F(ConnectionTest, APacketOfALargerNetworkIsTakenOnEachChannel) {
  link_scripted();
  for (const ChannelId channel : {kLow, kHigh, kBig}) {
    peer->send_packet(channel, Eof::no, numbered(10'240));
    peer->send_packet(channel, Eof::yes, numbered(10'240));
  }
  for (int i = 0; i < 20; ++i) {
    peer->flush();
    world.run_for(100ms);
  }
  ASSERT_EQ(us.messages.size(), 3u);
  for (const ChannelMessage& each : us.messages) EXPECT_EQ(each.bytes.size(), 20'480u);
  EXPECT_FALSE(us.closed);
}

TEST_F(ConnectionTest, ASingleMessageLeavesAtOnce) {
  set_plan([](LinkPlan& plan) { plan.latency = 1ms; });
  link();
  world.run_for(1s);
  const TimePoint sent = world.now();
  us.connection->send(kLow, numbered(64));
  ASSERT_TRUE(world.run_until([&] { return !them.messages.empty(); }, 1s));
  EXPECT_EQ(world.now() - sent, 1ms) << "the latency of the line, and nothing of ours";
}

TEST_F(ConnectionTest, PacketsBehindTheHandshakeInItsLastFrameAreReceived) {
  auto streams = test::connect_streams(world, here, there);
  auto sessions = test::make_sessions(our_key, their_key);
  const MsgHeader header = encode_msg_header(kLow, Eof::yes, 3);
  sessions.first.early_data.assign(header.view().begin(), header.view().end());
  sessions.first.early_data.insert(sessions.first.early_data.end(), {1, 2, 3});
  us.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels, config,
          budget);
  EXPECT_TRUE(us.messages.empty()) << "never inside start()";
  world.run_for(1s);
  ASSERT_EQ(us.messages.size(), 1u);
  EXPECT_EQ(us.messages[0].bytes, (Bytes{1, 2, 3}));
}

TEST_F(ConnectionTest, UnderSaturationAHighPriorityMessageOvertakesAllButWhatIsSealed) {
  set_plan([](LinkPlan& plan) { plan.window = 64 * 1024; });
  link_scripted();
  for (int i = 0; i < 2; ++i) {
    us.connection->send(kLow, Bytes(4u << 20));
    us.connection->send(kBig, Bytes(4u << 20));
  }
  world.run_for(1s);  // the window is full, and so is what we have sealed
  us.connection->send(kHigh, Bytes(200));
  std::size_t before = 0;
  bool seen = false;
  for (int i = 0; i < 100 && !seen; ++i) {
    peer->read(16 * 1024);
    world.run_for(10ms);
    before = 0;
    for (const auto& packet : peer->packets) {
      seen = seen || packet.channel == static_cast<int>(kHigh);
      if (!seen) ++before;
    }
  }
  ASSERT_TRUE(seen);
  EXPECT_LE(before, 64 + kMaxFramesPerWrite) << "the window of the line, and one batch of ours";
}

TEST_F(ConnectionTest, APingIsAnsweredAndOurOwnAreSentEveryMinute) {
  link_scripted();
  peer->send(kPingPacket);
  world.run_for(1s);
  peer->read();
  EXPECT_EQ(peer->pongs, 1);
  for (int minute = 1; minute <= 5; ++minute) {
    world.run_for(60s);
    peer->read();
    EXPECT_EQ(peer->pings, minute);
    peer->send(kPongPacket);
  }
  EXPECT_FALSE(us.closed);
  EXPECT_TRUE(us.connection->status().round_trip);
}

TEST_F(ConnectionTest, TwoConnectionsKeepEachOtherAliveForHours) {
  link();
  world.run_for(5h);
  EXPECT_FALSE(us.closed || them.closed);
}

TEST_F(ConnectionTest, AMillionPingsInTenSecondsEndTheConnectionWithFewPongs) {
  set_plan([](LinkPlan& plan) { plan.window = 16u << 20; });
  link_scripted();
  Bytes pings;
  for (int i = 0; i < 10'000; ++i)
    pings.insert(pings.end(), kPingPacket.begin(), kPingPacket.end());
  for (int i = 0; i < 100 && !us.closed; ++i) {
    peer->send(pings);
    world.run_for(100ms);
    peer->read();
  }
  EXPECT_EQ(us.reason(), Reason::ping_flood);
  EXPECT_LE(peer->pongs, 10);
}

TEST_F(ConnectionTest, APeerThatNeverPongsIsDroppedOnTimeAlthoughItSendsData) {
  link_scripted();
  for (int second = 0; second < 104; ++second) {
    peer->send_packet(kLow, Eof::yes, Bytes(10));
    if (second == 30) peer->send(kPongPacket);  // before any ping: of no use to it
    world.run_for(1s);
    peer->read();
  }
  EXPECT_FALSE(us.closed);
  world.run_for(2s);
  EXPECT_EQ(us.reason(), Reason::pong_timed_out);
}

TEST_F(ConnectionTest, AVanishedPeerIsDroppedWithin105Seconds) {
  link();
  world.run_for(10s);
  world.black_hole(here.address(), there.address());
  world.run_for(106s);
  EXPECT_EQ(us.reason(), Reason::pong_timed_out);
  EXPECT_EQ(them.reason(), Reason::pong_timed_out);
}

TEST_F(ConnectionTest, APeerThatStopsReadingIsDroppedWhileAWriteIsBlocked) {
  link_scripted();
  world.run_for(10s);
  us.connection->send(kLow, Bytes(4u << 20));
  world.run_for(59s);
  EXPECT_FALSE(us.closed);
  world.run_for(2s);
  EXPECT_EQ(us.reason(), Reason::write_stalled);
}

TEST_F(ConnectionTest, ToleratesASlowReaderAsLongAsItReads) {
  link_scripted();
  us.connection->send(kLow, Bytes(4u << 20));
  for (int second = 0; second < 300; ++second) {
    peer->read(5'000);
    world.run_for(1s);
    if (second % 50 == 0) peer->send(kPongPacket);  // it sees our pings late; it is generous
    if (us.closed) break;
  }
  // Its pongs do come back in time, so nothing but a stall could end this.
  EXPECT_NE(us.reason(), Reason::write_stalled);
}

TEST_F(ConnectionTest, PeersThatFillAllChannelsAndStopAreBoundedAndDroppedAfterAMinute) {
  ReassemblyBudget small(4u << 20);
  std::vector<std::unique_ptr<Observed>> ours;
  std::vector<std::unique_ptr<ScriptedPeer>> peers;
  for (int i = 0; i < 10; ++i) {
    auto streams = test::connect_streams(world, here, there);
    auto sessions = test::make_sessions(our_key, their_key);
    ours.push_back(std::make_unique<Observed>());
    ours.back()->open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels,
                      config, small);
    peers.push_back(
        std::make_unique<ScriptedPeer>(std::move(streams.second), std::move(sessions.second)));
  }
  std::size_t most = 0;
  for (int packet = 0; packet < 900; ++packet) {
    for (auto& each : peers) each->send_packet(kLow, Eof::no, Bytes(1024));
    world.run_for(20ms);
    most = std::max(most, small.held_bytes());
  }
  EXPECT_LE(most, 4u << 20);
  EXPECT_GT(most, 2u << 20);
  std::size_t evicted = 0;
  for (const auto& each : ours) evicted += each->reason() == Reason::total_memory_exhausted ? 1 : 0;
  EXPECT_GT(evicted, 0u);
  EXPECT_LT(evicted, ours.size()) << "only as many as needed";
  world.run_for(61s);
  for (const auto& each : ours) {
    ASSERT_TRUE(each->closed);
    EXPECT_TRUE(each->reason() == Reason::total_memory_exhausted ||
                each->reason() == Reason::partial_message_stale);
  }
  ours.clear();
  EXPECT_EQ(small.held_bytes(), 0u);
}

TEST_F(ConnectionTest, APeerThatReadsSlowlyFillsItsQueueAndNoOther) {
  channels[0].send_queue_bytes = 1u << 20;
  link_scripted();
  Observed fast, far;
  auto streams = test::connect_streams(world, here, there);
  auto sessions = test::make_sessions(our_key, their_key);
  fast.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels, config,
            budget);
  far.open(there.shard(0), std::move(streams.second), std::move(sessions.second), channels, config,
           budget);
  std::size_t refused = 0, offered_fast = 0;
  for (int tick = 0; tick < 500; ++tick) {
    for (int i = 0; i < 10; ++i) {
      const SendResult slow = us.connection->send(kLow, Bytes(10'000));
      if (slow == SendResult::channel_full) ++refused;
      EXPECT_LE(us.connection->status().queued_bytes, 1u << 20);
      if (fast.connection->send(kLow, Bytes(10'000)) == SendResult::queued) ++offered_fast;
    }
    peer->read(10);  // 1 kB/s
    world.run_for(10ms);
  }
  EXPECT_GT(refused, 4000u);
  EXPECT_EQ(offered_fast, 5000u) << "the other peer takes everything";
  world.run_for(1s);
  EXPECT_EQ(far.messages.size(), 5000u);
}

TEST_F(ConnectionTest, FlushAndStopDeliversEverythingThenTheEnd) {
  set_plan([](LinkPlan& plan) { plan.bandwidth = 1'000'000; });
  link();
  for (int i = 0; i < 20; ++i) us.connection->send(kLow, Bytes(50'000));
  us.connection->flush_and_stop(10s);
  EXPECT_EQ(us.connection->send(kLow, Bytes(1)), SendResult::closed);
  EXPECT_FALSE(us.closed);
  world.run_for(5s);
  EXPECT_EQ(them.messages.size(), 20u);
  EXPECT_EQ(them.reason(), Reason::closed_by_remote);
  EXPECT_EQ(us.reason(), Reason::stopped_locally);
  EXPECT_EQ(us.closed_calls, 1);
}

TEST_F(ConnectionTest, FlushAndStopIsNotHeldUpByAPeerThatDoesNotRead) {
  link_scripted();
  us.connection->send(kLow, Bytes(4u << 20));
  us.connection->flush_and_stop(3s);
  world.run_for(2900ms);
  EXPECT_FALSE(us.closed);
  world.run_for(200ms);
  EXPECT_EQ(us.reason(), Reason::flush_timed_out);
}

TEST_F(ConnectionTest, FlushAndStopDoesNotWaitForeverForTheOtherToClose) {
  link_scripted();
  us.connection->send(kLow, Bytes(10));
  us.connection->flush_and_stop(10s);
  world.run_for(100ms);
  peer->read();
  EXPECT_EQ(peer->packets.size(), 1u);
  peer->read();
  EXPECT_TRUE(peer->ended());
  world.run_for(3s);
  EXPECT_EQ(us.reason(), Reason::stopped_locally);
}

TEST_F(ConnectionTest, FlushAndStopSucceedsThoughTheOtherKeepsSending) {
  link_scripted();
  us.connection->send(kLow, Bytes(100'000));
  us.connection->flush_and_stop(10s);
  for (int i = 0; i < 50; ++i) {
    peer->send_packet(kLow, Eof::yes, Bytes(1000));
    world.run_for(20ms);
    peer->read();
  }
  EXPECT_TRUE(peer->ended());
  EXPECT_TRUE(us.messages.empty()) << "what comes after our goodbye is dropped";
}

TEST_F(ConnectionTest, ClosingFromAMessageEventEndsItThereAndThen) {
  link_scripted();
  us.on_message = [this](const ChannelMessage&) { us.connection->close(); };
  for (int i = 0; i < 5; ++i) peer->send_packet(kLow, Eof::yes, Bytes(10));
  world.run_for(1s);
  EXPECT_EQ(us.messages.size(), 1u);
  EXPECT_EQ(us.reason(), Reason::stopped_locally);
  EXPECT_EQ(us.closed_calls, 1);
}

TEST_F(ConnectionTest, TheEndIsReportedOnceAndNeverInsideACall) {
  link();
  us.connection->close();
  us.connection->close();
  EXPECT_EQ(us.closed_calls, 0);
  world.run_for(1s);
  EXPECT_EQ(us.closed_calls, 1);
  EXPECT_EQ(them.closed_calls, 1);
  EXPECT_EQ(us.connection->send(kLow, Bytes(1)), SendResult::closed);
}

TEST_F(ConnectionTest, DroppingTheLastReferenceClosesWithoutAnEvent) {
  link();
  us.connection.reset();
  world.run_for(1s);
  EXPECT_EQ(us.closed_calls, 0);
  EXPECT_EQ(them.reason(), Reason::closed_by_remote);
}

TEST_F(ConnectionTest, PausedReadingHoldsBytesBackAndKeepsThePeerCalm) {
  link_scripted();
  us.connection->pause_reading();
  for (int i = 0; i < 3; ++i) peer->send_packet(kLow, Eof::yes, Bytes(10));
  world.run_for(201s);
  EXPECT_TRUE(us.messages.empty());
  EXPECT_FALSE(us.closed) << "no pong is missed while we do not read";
  peer->read();
  EXPECT_EQ(peer->pongs, 10) << "one every 20 s, unasked";
  us.connection->resume_reading();
  world.run_for(1s);
  EXPECT_EQ(us.messages.size(), 3u);
}

TEST_F(ConnectionTest, BothRatesHoldWithinATenth) {
  config.receive_rate = 500'000;
  set_plan([](LinkPlan& plan) { plan.window = 1u << 20; });
  link_scripted();
  for (int i = 0; i < 1000; ++i) {
    if (peer->unsent() < 1u << 20) {
      for (int n = 0; n < 500; ++n) peer->send_packet(kLow, Eof::yes, Bytes(1000));
    }
    peer->flush();
    world.run_for(10ms);
  }
  EXPECT_NEAR(static_cast<double>(us.connection->status().received_bytes), 5e6, 5e5);

  config.receive_rate = 0;
  config.send_rate = 500'000;
  us = {};
  link();
  std::size_t received = 0;
  for (int i = 0; i < 1000; ++i) {
    while (us.connection->send(kLow, Bytes(10'000)) == SendResult::queued) {
    }
    world.run_for(10ms);
  }
  for (const auto& message : them.messages) received += message.bytes.size();
  EXPECT_NEAR(static_cast<double>(received), 5e6, 5e5);
}

// --- what ends a connection, and how it is called ---

struct Ending {
  const char* what;
  std::function<void(ScriptedPeer&)> act;
  Reason reason;
};

TEST_F(ConnectionTest, EveryBreachEndsItWithItsReason) {
  const std::vector<Ending> endings = {
      {"a forged frame", [](ScriptedPeer& p) { p.send_raw(Bytes(kFrameSealed, 1)); },
       Reason::frame_forged},
      {"bytes that are no packet",
       [](ScriptedPeer& p) {
         p.send(Bytes{1, 2, 3, 4, 5});
       },
       Reason::packet_malformed},
      {"a packet that is too long",
       [](ScriptedPeer& p) {
         p.send(Bytes{0x80, 0x80, 0x80, 0x80, 0x01});
       },
       Reason::packet_too_long},
      {"a channel that is not ours",
       [](ScriptedPeer& p) { p.send_packet(ChannelId{0x77}, Eof::yes, Bytes(1)); },
       Reason::unknown_channel},
      {"a message that is too long",
       [](ScriptedPeer& p) {
         for (int i = 0; i <= 1024; ++i) p.send_packet(kHigh, Eof::no, Bytes(1024));
       },
       Reason::message_too_long},
      {"fragments that carry nothing",
       [](ScriptedPeer& p) {
         for (int i = 0; i < 65; ++i) p.send_packet(kLow, Eof::no, {});
       },
       Reason::no_progress},
      {"the end", [](ScriptedPeer& p) { p.stream().shutdown_write(); }, Reason::closed_by_remote},
      {"a cut in the middle of a frame",
       [](ScriptedPeer& p) {
         p.send_raw(Bytes(100));
         p.stream().close();
       },
       Reason::closed_by_remote}};
  for (const Ending& ending : endings) {
    SCOPED_TRACE(ending.what);
    us = {};
    link_scripted();
    world.run_for(1s);
    ending.act(*peer);
    for (int i = 0; i < 20; ++i) {
      peer->flush();
      world.run_for(100ms);
    }
    EXPECT_EQ(us.reason(), ending.reason);
    EXPECT_EQ(us.closed->stage, Stage::established);
  }
}

TEST_F(ConnectionTest, ToleratesEmptyFramesOnlyUpToTheBound) {
  link_scripted();
  auto sessions = test::make_sessions(our_key, their_key);
  for (int i = 0; i < 64; ++i) {
    Bytes empty(kFrameSealed);
    ASSERT_TRUE(sessions.second.sealer.seal(empty));
    peer->send_raw(empty);
  }
  world.run_for(1s);
  EXPECT_FALSE(us.closed);
  Bytes empty(kFrameSealed);
  ASSERT_TRUE(sessions.second.sealer.seal(empty));
  peer->send_raw(empty);
  world.run_for(1s);
  EXPECT_EQ(us.reason(), Reason::no_progress);
}

TEST_F(ConnectionTest, AResetIsReportedAsAReset) {
  link();
  world.run_for(1s);
  world.reset(here.address(), there.address());
  world.run_for(1s);
  EXPECT_EQ(us.reason(), Reason::connection_reset);
}

TEST_F(ConnectionTest, GoodFramesBeforeABadOneAreStillDelivered) {
  link_scripted();
  peer->send_packet(kLow, Eof::yes, Bytes(10));
  peer->send_raw(Bytes(kFrameSealed, 1));
  world.run_for(1s);
  EXPECT_EQ(us.messages.size(), 1u);
  EXPECT_EQ(us.reason(), Reason::frame_forged);
}

// In a running connection.
TEST_F(ConnectionTest, TheSessionEndsCleanlyBeforeANonceRepeats) {
  auto streams = test::connect_streams(world, here, there);
  auto sessions = test::make_sessions(our_key, their_key);
  ByteArray<32> key{};
  sessions.first.sealer = FrameSealer(FrameKey(key), ~std::uint64_t{0} - 1);
  sessions.second.opener = FrameOpener(FrameKey(key), ~std::uint64_t{0} - 1);
  us.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels, config,
          budget);
  them.open(there.shard(0), std::move(streams.second), std::move(sessions.second), channels, config,
            budget);
  world.run_for(10ms);
  for (int i = 0; i < 3; ++i) {
    us.connection->send(kLow, Bytes(10, static_cast<std::uint8_t>(i)));
    world.run_for(10ms);
  }
  EXPECT_EQ(them.messages.size(), 2u);
  EXPECT_EQ(us.reason(), Reason::nonces_exhausted);
  EXPECT_EQ(them.reason(), Reason::closed_by_remote);
}

TEST_F(ConnectionTest, StatusTellsWhatPassedAndWhatWaits) {
  link();
  us.connection->send(kLow, Bytes(3000));
  EXPECT_EQ(us.connection->status().queued_bytes, 3000u);
  EXPECT_EQ(us.connection->status().channels[0].load.messages, 1u);
  world.run_for(61s);
  const ConnectionStatus status = us.connection->status();
  EXPECT_EQ(status.queued_bytes, 0u);
  EXPECT_GE(status.sent_bytes, 3 * kFrameSealed);
  EXPECT_EQ(status.sent_bytes, them.connection->status().received_bytes);
  EXPECT_EQ(status.round_trip, 2ms);
}

TEST_F(ConnectionTest, TheSameSeedGivesTheSameRun) {
  const auto story = [](std::uint64_t seed) {
    sim::SimWorld other_world(seed);
    LinkPlan plan;
    plan.split = LinkPlan::Split::random;
    other_world.set_default_link(plan);
    sim::SimHost& a = other_world.add_host({IpAddress::v4(10, 0, 0, 1)});
    sim::SimHost& b = other_world.add_host({IpAddress::v4(10, 1, 0, 1)});
    const NodeKey first_key = test::key_from(1), second_key = test::key_from(2);
    auto streams = test::connect_streams(other_world, a, b);
    auto sessions = test::make_sessions(first_key, second_key);
    ReassemblyBudget memory;
    Observed one, two;
    const std::vector<ChannelDescriptor> list = {{.id = kLow}};
    one.open(a.shard(0), std::move(streams.first), std::move(sessions.first), list, {}, memory);
    two.open(b.shard(0), std::move(streams.second), std::move(sessions.second), list, {}, memory);
    for (int i = 0; i < 10; ++i) one.connection->send(kLow, Bytes(20'000));
    other_world.run_for(100s);
    EXPECT_EQ(two.messages.size(), 10u);
    return other_world.trace_hash();
  };
  EXPECT_EQ(story(1), story(1));
  EXPECT_NE(story(1), story(2));
}

}  // namespace
}  // namespace peerage::conn
