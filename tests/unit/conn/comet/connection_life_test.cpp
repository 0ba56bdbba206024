// The life of a connection: its start, its deadlines and its end, also when these come together.
#include <stdexcept>

#include <gtest/gtest.h>

#include "conn/base/varint.h"
#include "tests/support/connection_fixture.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
using sim::LinkPlan;
using test::kBig;
using test::kHigh;
using test::kLow;
using test::numbered;

struct ConnectionLife : test::ConnectionFixture {
  // A connection that has not been started.
  void create_scripted() {
    auto streams = test::connect_streams(world, here, there);
    auto sessions = test::make_sessions(our_key, their_key);
    us.connection = Connection::create(here.shard(0), std::move(streams.first),
                                       std::move(sessions.first), channels, config, budget,
                                       {.message = {}, .closed = [this](const Failure& why) {
                                          us.closed = why;
                                          ++us.closed_calls;
                                        }});
    peer =
        std::make_unique<test::ScriptedPeer>(std::move(streams.second), std::move(sessions.second));
  }
};

// --- the beginning ---

TEST_F(ConnectionLife, NothingLeavesBeforeTheStartAndWhatWasAcceptedLeavesThen) {
  create_scripted();
  EXPECT_EQ(us.connection->send(kLow, Bytes(10)), SendResult::queued);
  world.run_for(1s);
  peer->read();
  EXPECT_TRUE(peer->packets.empty());
  us.connection->start();
  world.run_for(1s);
  peer->read();
  EXPECT_EQ(peer->packets.size(), 1u);
}

TEST_F(ConnectionLife, ClosedBeforeItsStartItStaysClosedAndSaysSoOnce) {
  create_scripted();
  us.connection->close();
  us.connection->start();
  EXPECT_FALSE(us.connection->is_open());
  world.run_for(200s);
  EXPECT_EQ(us.closed_calls, 1);
  EXPECT_EQ(us.reason(), Reason::stopped_locally);
}

TEST_F(ConnectionLife, StoppedBeforeItsStartItCloses) {
  create_scripted();
  us.connection->flush_and_stop(10s);
  world.run_for(1s);
  EXPECT_EQ(us.closed_calls, 1);
  EXPECT_EQ(us.reason(), Reason::stopped_locally);
}

TEST_F(ConnectionLife, APongTimeoutThatIsNotBelowThePingIntervalIsRefusedAtOnce) {
  config.liveness.pong_timeout = config.liveness.ping_interval;
  EXPECT_THROW(create_scripted(), std::invalid_argument);
}

// --- deadlines that fall together ---

TEST_F(ConnectionLife, ADeadlineThatPassesWhileTheLastMessagesWaitDoesNotKeepTheTimerFiring) {
  link_scripted();
  world.run_for(58s);  // in two seconds a ping would be due
  us.connection->send(kLow, Bytes(4u << 20));
  us.connection->flush_and_stop(10s);
  EXPECT_LT(events_within(9s), 2000u);
  EXPECT_FALSE(us.closed);
  world.run_for(2s);
  EXPECT_EQ(us.reason(), Reason::flush_timed_out);
}

TEST_F(ConnectionLife, ADeadlineThatPassesAfterTheLastMessagesDoesNotKeepTheTimerFiring) {
  link_scripted();
  world.run_for(59500ms);
  us.connection->flush_and_stop(10s);
  EXPECT_LT(events_within(1900ms), 100u);
  EXPECT_FALSE(us.closed);
  world.run_for(1s);
  EXPECT_EQ(us.reason(), Reason::stopped_locally);
}

TEST_F(ConnectionLife, AStaleFragmentDoesNotDisturbTheLastMessages) {
  link_scripted();
  peer->send_packet(kLow, Eof::no, Bytes(10));
  world.run_for(55s);
  us.connection->send(kLow, Bytes(4u << 20));
  us.connection->flush_and_stop(20s);
  EXPECT_LT(events_within(15s), 2000u);
  EXPECT_FALSE(us.closed) << "what the remote left unfinished is of no interest any more";
}

TEST_F(ConnectionLife, WithTheRateUsedUpAndTheSocketFullItWaitsForTheSocket) {
  config.send_rate = 100'000;
  set_plan([](LinkPlan& plan) { plan.window = 50'000; });
  link_scripted();
  us.connection->send(kLow, Bytes(1u << 20));
  EXPECT_LT(events_within(5s), 2000u);
  // And goes on when the socket does.
  for (int i = 0; i < 1200; ++i) {
    peer->read();
    world.run_for(10ms);
  }
  std::size_t received = 0;
  for (const auto& packet : peer->packets) received += packet.size;
  EXPECT_EQ(received, 1u << 20);
}

TEST_F(ConnectionLife, AnIdleConnectionWakesOnlyForItsPings) {
  link();
  world.run_for(1s);
  EXPECT_LT(events_within(10min), 400u) << "of both sides, their network included";
}

// --- what is dropped, and what is not ---

TEST_F(ConnectionLife, WeAnswerPingsThoughOurRateIsUsedUp) {
  config.send_rate = 20'000;
  link_scripted();
  us.connection->send(kLow, Bytes(4u << 20));
  world.run_for(5s);
  peer->read();
  const int before = peer->pongs;
  peer->send(kPingPacket);
  world.run_for(3ms);
  peer->read();
  EXPECT_EQ(peer->pongs, before + 1);
}

TEST_F(ConnectionLife, AnHourOfBackPressureCostsNeitherSideTheConnection) {
  link();
  us.connection->pause_reading();
  for (int minute = 0; minute < 60; ++minute) {
    them.connection->send(kLow, Bytes(1000));
    world.run_for(60s);
    ASSERT_FALSE(us.closed || them.closed) << minute;
  }
  us.connection->resume_reading();
  world.run_for(200s);
  EXPECT_EQ(us.messages.size(), 60u);
  EXPECT_FALSE(us.closed || them.closed);
}

TEST_F(ConnectionLife, APeerThatVanishesWhileItIsSentToIsDroppedAsSoonAsAnIdleOne) {
  link();
  us.connection->send(kLow, Bytes(4u << 20));
  world.run_for(1s);
  world.black_hole(here.address(), there.address());
  us.connection->send(kLow, Bytes(4u << 20));
  world.run_for(105s);
  EXPECT_TRUE(us.reason() == Reason::pong_timed_out || us.reason() == Reason::write_stalled);
  EXPECT_EQ(them.reason(), Reason::pong_timed_out);
}

TEST_F(ConnectionLife, ALinkThatHealsInTimeLosesNothing) {
  link();
  world.run_for(59s);
  world.black_hole(here.address(), there.address());
  us.connection->send(kLow, numbered(5000));
  world.run_for(40s);
  world.heal(here.address(), there.address());
  world.run_for(200s);
  ASSERT_EQ(them.messages.size(), 1u);
  EXPECT_EQ(them.messages[0].bytes, numbered(5000));
  EXPECT_FALSE(us.closed || them.closed);
}

TEST_F(ConnectionLife, UnsolicitedPongsAreCountedAndInExcessEndIt) {
  link_scripted();
  for (int i = 0; i < 200; ++i) peer->send(kPongPacket);
  world.run_for(10ms);
  EXPECT_FALSE(us.closed);
  EXPECT_EQ(us.connection->status().unsolicited_pongs, 200u);
  for (int i = 0; i < 2; ++i) peer->send(kPongPacket);
  world.run_for(10ms);
  EXPECT_EQ(us.reason(), Reason::ping_flood);
}

TEST_F(ConnectionLife, EmptyFragmentsEndItAlsoWithPingsBetweenThem) {
  link_scripted();
  for (int i = 0; i < 65; ++i) {
    peer->send_packet(kLow, Eof::no, {});
    if (i < 64) peer->send(kPingPacket);
  }
  world.run_for(1s);
  EXPECT_EQ(us.reason(), Reason::no_progress);
}

TEST_F(ConnectionLife, EmptyMessagesAreMessagesAndAreDelivered) {
  link_scripted();
  for (int i = 0; i < 100; ++i) peer->send_packet(kLow, Eof::yes, {});
  world.run_for(1s);
  EXPECT_EQ(us.messages.size(), 100u);
  EXPECT_FALSE(us.closed);
}

TEST_F(ConnectionLife, ChannelsThatNoByteCanNameAreUnknownAndNothingIsDelivered) {
  for (const std::int64_t id : {std::int64_t{-1}, std::int64_t{256}, std::int64_t{256 + 0x30},
                                std::int64_t{0x7f}, std::int64_t{0x7fffffff}}) {
    us = {};
    link_scripted();
    Bytes msg(1 + kMaxVarint);
    msg[0] = 0x08;
    msg.resize(1 + write_varint(msg.data() + 1, static_cast<std::uint64_t>(id)));
    msg.insert(msg.end(), {0x10, 0x01, 0x1a, 0x01, 0x41});
    Bytes body = {0x1a};
    const Bytes inner = delimited(msg);
    body.insert(body.end(), inner.begin(), inner.end());
    peer->send(delimited(body));
    world.run_for(1s);
    EXPECT_EQ(us.reason(), Reason::unknown_channel) << id;
    EXPECT_TRUE(us.messages.empty());
  }
}

TEST_F(ConnectionLife, TheLongestMessageArrivesOnEveryChannelAndOneByteMoreEndsIt) {
  channels[1].id = ChannelId{0x90};
  config.send_queue.per_peer_bytes = 32u << 20;
  link();
  for (const ChannelDescriptor& channel : channels) {
    EXPECT_EQ(us.connection->send(channel.id, Bytes(channel.max_message_bytes)),
              SendResult::queued);
    EXPECT_EQ(us.connection->send(channel.id, Bytes(channel.max_message_bytes + 1)),
              SendResult::message_too_long);
  }
  world.run_for(5s);
  EXPECT_EQ(them.messages.size(), channels.size());
  EXPECT_FALSE(us.closed || them.closed);

  us = {};
  link_scripted();
  for (int i = 0; i < 1024; ++i) peer->send_packet(ChannelId{0x90}, Eof::no, Bytes(1024));
  for (int i = 0; i < 20; ++i) {
    peer->flush();
    world.run_for(100ms);
  }
  EXPECT_FALSE(us.closed);
  peer->send_packet(ChannelId{0x90}, Eof::yes, Bytes(1));
  world.run_for(1s);
  EXPECT_EQ(us.reason(), Reason::message_too_long);
}

TEST_F(ConnectionLife, EveryLengthUpToThreePacketsArrivesWholeAndInOrder) {
  channels[0].send_queue_messages = 4000;
  channels[1].id = ChannelId{0xff};
  channels[1].send_queue_messages = 4000;
  channels[1].send_queue_bytes = 8u << 20;
  set_plan([](LinkPlan& plan) { plan.split = LinkPlan::Split::random; });
  link();
  for (std::size_t size = 1; size <= 3 * kMaxPacketData + 8; ++size) {
    for (const ChannelId channel : {kLow, ChannelId{0xff}}) {
      while (us.connection->send(channel, numbered(size)) != SendResult::queued) {
        world.run_for(10ms);
      }
    }
  }
  world.run_for(10s);
  std::size_t low = 0, high = 0;
  for (const ChannelMessage& message : them.messages) {
    std::size_t& expected = message.channel == kLow ? low : high;
    ++expected;
    ASSERT_EQ(message.bytes, numbered(expected));
  }
  EXPECT_EQ(low, 3 * kMaxPacketData + 8);
  EXPECT_EQ(high, low);
}

TEST_F(ConnectionLife, AFrameThatAnnouncesMoreThanItHoldsIsMalformed) {
  auto sessions = test::make_sessions(our_key, their_key);
  link_scripted();
  Bytes frame(kFrameSealed);
  frame[0] = 0x01;
  frame[1] = 0x04;  // 1025
  ASSERT_TRUE(sessions.second.sealer.seal(frame));
  peer->send_raw(frame);
  world.run_for(1s);
  EXPECT_EQ(us.reason(), Reason::frame_malformed);
}

TEST_F(ConnectionLife, AFrameThatIsSentTwiceIsForged) {
  auto sessions = test::make_sessions(our_key, their_key);
  link_scripted();
  Bytes slot(kFrameSealed);
  FrameWriter writer(slot);
  writer.append(kPingPacket);
  ASSERT_TRUE(sessions.second.sealer.seal(writer.finish()));
  peer->send_raw(slot);
  peer->send_raw(slot);
  world.run_for(1s);
  EXPECT_EQ(us.reason(), Reason::frame_forged);
}

// --- the end ---

TEST_F(ConnectionLife, WhenBothSayGoodbyeAtOnceBothEndCleanlyAndAtOnce) {
  link();
  us.connection->send(kLow, Bytes(1000));
  them.connection->send(kLow, Bytes(1000));
  us.connection->flush_and_stop(10s);
  them.connection->flush_and_stop(10s);
  world.run_for(1s);
  EXPECT_EQ(us.reason(), Reason::stopped_locally);
  EXPECT_EQ(them.reason(), Reason::stopped_locally);
}

TEST_F(ConnectionLife, GoodbyeFromAMessageEventDropsTheRestOfWhatWasRead) {
  link_scripted();
  us.on_message = [this](const ChannelMessage&) {
    us.connection->send(kHigh, Bytes(5));
    us.connection->flush_and_stop(1s);
  };
  for (int i = 0; i < 50; ++i) peer->send_packet(kLow, Eof::yes, Bytes(1000));
  world.run_for(100ms);
  peer->read();
  peer->read();
  EXPECT_EQ(us.messages.size(), 1u);
  EXPECT_EQ(peer->packets.size(), 1u);
  EXPECT_TRUE(peer->ended());
}

TEST_F(ConnectionLife, TheOwnerMayReleaseItInAnyEvent) {
  link_scripted();
  us.on_message = [this](const ChannelMessage&) { us.connection.reset(); };
  for (int i = 0; i < 5; ++i) peer->send_packet(kLow, Eof::yes, Bytes(10));
  world.run_for(1s);
  EXPECT_EQ(us.closed_calls, 0);
  peer->read();
  EXPECT_TRUE(peer->ended());
}

TEST_F(ConnectionLife, AMessageSentFromAnEventLeavesAtOnce) {
  link_scripted();
  us.on_message = [this](const ChannelMessage& message) {
    us.connection->send(kHigh, Bytes(message.bytes));
  };
  peer->send_packet(kLow, Eof::yes, Bytes(700));
  world.run_for(2ms);
  peer->read();
  ASSERT_EQ(peer->packets.size(), 1u);
  EXPECT_EQ(peer->packets[0].size, 700u);
}

TEST_F(ConnectionLife, GoodbyeTwiceKeepsTheFirstDeadline) {
  link_scripted();
  us.connection->send(kLow, Bytes(4u << 20));
  us.connection->flush_and_stop(1s);
  us.connection->flush_and_stop(100s);
  world.run_for(1100ms);
  EXPECT_EQ(us.reason(), Reason::flush_timed_out);
  EXPECT_EQ(us.closed_calls, 1);
}

TEST_F(ConnectionLife, APausedConnectionSaysGoodbyeToAPeerThatIsStillSending) {
  set_plan([](LinkPlan& plan) { plan.window = 50'000; });
  link();
  us.connection->pause_reading();
  for (int i = 0; i < 10; ++i) them.connection->send(kLow, Bytes(50'000));
  us.connection->send(kLow, Bytes(200'000));
  world.run_for(1s);
  us.connection->flush_and_stop(10s);
  world.run_for(5s);
  EXPECT_EQ(them.messages.size(), 1u);
  EXPECT_EQ(us.reason(), Reason::stopped_locally);
}

TEST_F(ConnectionLife, AfterItsEndNothingRunsAnyMore) {
  link();
  us.connection->send(kLow, Bytes(100'000));
  world.run_for(10ms);
  us.connection->close();
  us.connection->pause_reading();
  us.connection->resume_reading();
  us.connection->flush_and_stop(1s);
  world.run_for(1s);
  EXPECT_EQ(us.closed_calls, 1);
  EXPECT_LT(events_within(1h), 10u) << "timers that were armed, and the one that ends the hour";
}

}  // namespace
}  // namespace peerage::conn
