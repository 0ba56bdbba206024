// What a connection holds, how much of it, and for how long.
#include <gtest/gtest.h>

#include "tests/support/connection_fixture.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
using sim::LinkPlan;
using test::kBig;
using test::kHigh;
using test::kLow;

struct ConnectionMemory : test::ConnectionFixture {};

TEST_F(ConnectionMemory, AMessageThatHasLeftIsNotHeldAnyLonger) {
  link();
  for (const std::size_t size : {1u, 1024u, 1025u, 5000u, 16u * 1024, 100'000u}) {
    const auto message = std::make_shared<const Bytes>(size);
    us.connection->send(kLow, message);
    EXPECT_EQ(message.use_count(), 2);
    world.run_for(1s);
    EXPECT_EQ(message.use_count(), 1) << size;
  }
  EXPECT_EQ(them.messages.size(), 6u);
}

TEST_F(ConnectionMemory, NoMoreThanOneBatchOfFramesWaitsForTheSocketAndNoneIsKeptAfterwards) {
  set_plan([](LinkPlan& plan) { plan.window = 50'000; });
  link_scripted();
  us.connection->send(kLow, Bytes(1u << 20));
  world.run_for(1s);
  EXPECT_GT(us.connection->status().frame_bytes, 0u);
  EXPECT_LE(us.connection->status().frame_bytes, kMaxFramesPerWrite * kFrameSealed);
  for (int i = 0; i < 100; ++i) {
    peer->read();
    world.run_for(10ms);
  }
  ASSERT_EQ(us.connection->status().queued_bytes, 0u);
  EXPECT_EQ(us.connection->status().frame_bytes, 0u);
}

TEST_F(ConnectionMemory, AFrameThatHasNotArrivedWholeIsHeldOnlyUntilItHas) {
  auto sessions = test::make_sessions(our_key, their_key);
  link_scripted();
  Bytes slot(kFrameSealed);
  FrameWriter writer(slot);
  writer.append(kPingPacket);
  const MutableBytes frame = writer.finish();
  ASSERT_TRUE(sessions.second.sealer.seal(frame));
  peer->send_raw(frame.first(1000));
  world.run_for(1s);
  EXPECT_GE(us.connection->status().frame_bytes, 1000u);
  EXPECT_LE(us.connection->status().frame_bytes, kFrameSealed);
  peer->send_raw(frame.subspan(1000));
  world.run_for(1s);
  EXPECT_EQ(us.connection->status().frame_bytes, 0u);
}

TEST_F(ConnectionMemory, AClosedConnectionHoldsNothingAlthoughItsOwnerKeepsIt) {
  link_scripted();
  for (int i = 0; i < 500; ++i) peer->send_packet(kLow, Eof::no, Bytes(1024));
  const auto begun = std::make_shared<const Bytes>(4u << 20);
  const auto scheduled = std::make_shared<const Bytes>(1000);
  const auto queued = std::make_shared<const Bytes>(1000);
  us.connection->send(kLow, begun);
  us.connection->send(kLow, scheduled);
  world.run_for(1s);
  us.connection->send(kLow, queued);
  EXPECT_GT(us.connection->status().reassembly_bytes, 0u);
  EXPECT_GT(budget.held_bytes(), 0u);

  us.connection->close();
  for (const auto& message : {begun, scheduled, queued}) EXPECT_EQ(message.use_count(), 2);
  const ConnectionStatus status = us.connection->status();
  EXPECT_EQ(status.reassembly_bytes, 0u);
  EXPECT_EQ(status.frame_bytes, 0u);
  EXPECT_EQ(status.queued_bytes, 0u);
  EXPECT_EQ(status.channels[0].load.messages, 0u);
  EXPECT_EQ(budget.held_bytes(), 0u);
}

TEST_F(ConnectionMemory, AnEvictedPeerReturnsItsMemoryAtOnce) {
  ReassemblyBudget small(1u << 20);
  const auto first = link_another(small), second = link_another(small);
  for (int i = 0; i < 800; ++i) first->peer->send_packet(kLow, Eof::no, Bytes(1024));
  while (first->peer->unsent() > 0) {
    world.run_for(10ms);
    first->peer->flush();
  }
  for (int i = 0; i < 500 && !first->us.closed; ++i) {
    second->peer->send_packet(kLow, Eof::no, Bytes(1024));
    world.run_for(10ms);
  }
  EXPECT_EQ(first->us.reason(), Reason::total_memory_exhausted);
  EXPECT_EQ(first->us.connection->status().reassembly_bytes, 0u);
  EXPECT_FALSE(second->us.closed);
}

TEST_F(ConnectionMemory, FiftyPeersThatFillEveryChannelStayWithinTheTotalAndThenLeaveNothing) {
  config.reassembly.per_peer_bytes = 6u << 20;
  ReassemblyBudget small(32u << 20);
  std::vector<std::unique_ptr<Another>> all;
  for (int i = 0; i < 50; ++i) all.push_back(link_another(small));
  std::size_t most = 0;
  // All but the last byte of the shortest channel, and as much on the others.
  for (int packet = 0; packet < 1023; ++packet) {
    for (const auto& each : all) {
      for (const ChannelId channel : {kLow, kHigh, kBig}) {
        each->peer->send_packet(channel, Eof::no, Bytes(1024));
      }
    }
    world.run_for(5ms);
    // What is really held, by the evicted too.
    std::size_t held = 0;
    for (const auto& each : all) held += each->us.connection->status().reassembly_bytes;
    most = std::max(most, held);
  }
  EXPECT_LE(most, 32u << 20);
  EXPECT_GT(most, 24u << 20) << "it was put to use";
  std::size_t alive = 0;
  for (const auto& each : all) alive += each->us.closed ? 0 : 1;
  EXPECT_GE(alive, 8u) << "only as many go as must";
  world.run_for(61s);
  for (const auto& each : all) {
    EXPECT_TRUE(each->us.reason() == Reason::total_memory_exhausted ||
                each->us.reason() == Reason::partial_message_stale)
        << name(each->us.reason());
  }
  EXPECT_EQ(small.held_bytes(), 0u);
}

TEST_F(ConnectionMemory, OnePeerHoldsNoMoreThanItsShareOverAllItsChannels) {
  // In force is the largest channel and a mebibyte: 5 MiB. Two messages of 4 MiB do not fit.
  config.reassembly.per_peer_bytes = 0;
  link_scripted();
  std::size_t most = 0;
  for (int i = 0; i < 4000 && !us.closed; ++i) {
    for (const ChannelId channel : {kLow, kBig}) peer->send_packet(channel, Eof::no, Bytes(1024));
    world.run_for(1ms);
    most = std::max(most, us.connection->status().reassembly_bytes);
  }
  EXPECT_EQ(us.reason(), Reason::peer_memory_exhausted);
  EXPECT_LE(most, 5u << 20);
  EXPECT_GT(most, 3u << 20);
}

TEST_F(ConnectionMemory, AStaleFragmentEndsAfterAMinuteAndADrippingOneDoesNot) {
  link_scripted();
  const auto drip = [this](int seconds) {
    for (int i = 0; i < seconds && !us.closed; ++i) {
      if (i % 55 == 0) peer->send_packet(kLow, Eof::no, Bytes(1));
      world.run_for(1s);
      peer->send(kPongPacket);
      peer->read();
    }
  };
  drip(300);
  EXPECT_FALSE(us.closed);
  peer->send_packet(kLow, Eof::no, Bytes(1));
  world.run_for(59s);
  EXPECT_FALSE(us.closed);
  world.run_for(2s);
  EXPECT_EQ(us.reason(), Reason::partial_message_stale);
}

TEST_F(ConnectionMemory, WhatWaitsForASlowPeerIsBoundedOverAllChannelsTogether) {
  config.send_queue = {.per_peer_bytes = 5u << 20, .reserved_per_channel_bytes = 64u << 10};
  link_scripted();
  std::size_t channel_full = 0, peer_full = 0;
  for (int tick = 0; tick < 300; ++tick) {
    for (const ChannelId channel : {kLow, kBig}) {
      for (int i = 0; i < 5; ++i) {
        const SendResult result = us.connection->send(channel, Bytes(100'000));
        channel_full += result == SendResult::channel_full ? 1 : 0;
        peer_full += result == SendResult::peer_full ? 1 : 0;
      }
    }
    EXPECT_LE(us.connection->status().queued_bytes, (5u << 20) + (192u << 10));
    peer->read(10);
    world.run_for(10ms);
  }
  EXPECT_GT(peer_full, 1000u);
  EXPECT_EQ(channel_full, 0u) << "the channels have room; it is the peer that has none";
  EXPECT_EQ(us.connection->send(kHigh, Bytes(60'000)), SendResult::queued) << "from its reserve";
}

TEST_F(ConnectionMemory, WhilePausedThePeerIsHeldUpByTheWindowAndNothingIsTaken) {
  set_plan([](LinkPlan& plan) { plan.window = 100'000; });
  link_scripted();
  us.connection->pause_reading();
  for (int i = 0; i < 1000; ++i) peer->send_packet(kLow, Eof::yes, Bytes(1000));
  world.run_for(10s);
  EXPECT_EQ(us.connection->status().received_bytes, 0u);
  EXPECT_GE(peer->unsent(), 900'000u);
}

TEST_F(ConnectionMemory, PausedInAnEventNoMoreIsDeliveredThanWasTakenAlready) {
  link_scripted();
  us.on_message = [this](const ChannelMessage&) { us.connection->pause_reading(); };
  for (int i = 0; i < 200; ++i) peer->send_packet(kLow, Eof::yes, Bytes(1000));
  world.run_for(1s);
  EXPECT_LE(us.messages.size(), kScratchBytes / 1000);
  const std::size_t taken = us.messages.size();
  world.run_for(10s);
  EXPECT_EQ(us.messages.size(), taken);
  us.on_message = nullptr;
  us.connection->resume_reading();
  world.run_for(1s);
  EXPECT_EQ(us.messages.size(), 200u);
}

}  // namespace
}  // namespace peerage::conn
