#include "conn/comet/channel_scheduler.h"

#include <map>
#include <numeric>

#include <gtest/gtest.h>

#include "conn/base/varint.h"

namespace peerage::conn {
namespace {

SharedBytes message(std::size_t size, std::uint8_t fill = 0) {
  return std::make_shared<const Bytes>(size, fill);
}

std::vector<ChannelDescriptor> channels(std::initializer_list<int> priorities) {
  std::vector<ChannelDescriptor> list;
  for (const int priority : priorities) {
    list.push_back({.id = ChannelId{static_cast<std::uint8_t>(list.size())},
                    .priority = static_cast<std::uint8_t>(priority)});
  }
  return list;
}

TEST(ChannelScheduler, CutsAMessageIntoFullPacketsAndALastOne) {
  for (const auto id : {std::uint8_t{0x20}, std::uint8_t{0x90}}) {
    const std::size_t last_max = id < 0x80 ? 1024 : 1023;
    for (std::size_t size = 1; size < 4000; size += 13) {
      for (const std::size_t exact : {size, last_max, last_max + 1, 2 * std::size_t{1024}}) {
        const std::vector<ChannelDescriptor> one = {{.id = ChannelId{id}}};
        ChannelScheduler scheduler(one);
        Bytes content(exact);
        std::iota(content.begin(), content.end(), std::uint8_t{0});
        scheduler.add(0, std::make_shared<const Bytes>(content));
        Bytes received;
        while (const auto packet = scheduler.next()) {
          const Varint length = read_varint(packet->header.view());
          ASSERT_LE(length.value, kMaxPacket);
          ASSERT_FALSE(packet->data.empty());
          received.insert(received.end(), packet->data.begin(), packet->data.end());
          ASSERT_EQ(packet->completed.has_value(), received.size() == exact);
        }
        ASSERT_EQ(received, content);
      }
    }
  }
}

TEST(ChannelScheduler, CutsForAnyPayloadThatANetworkTakes) {
  for (const std::size_t payload : {64u, 1024u, 1025u, 10'240u, 102'400u}) {
    for (const std::uint8_t id : {std::uint8_t{0x20}, std::uint8_t{0x90}}) {
      for (const std::size_t size :
           {std::size_t{1}, payload - 1, payload, payload + 1, 3 * payload}) {
        const std::vector<ChannelDescriptor> one = {{.id = ChannelId{id}}};
        ChannelScheduler scheduler(one, payload);
        scheduler.add(0, message(size, 1));
        std::size_t left = size, packets = 0;
        while (const auto packet = scheduler.next()) {
          ASSERT_LE(read_varint(packet->header.view()).value, max_packet_body(payload));
          ASSERT_LE(packet->wire_size(), max_packet_on_wire(payload));
          ASSERT_FALSE(packet->data.empty());
          left -= packet->data.size();
          ++packets;
        }
        EXPECT_EQ(left, 0u);
        EXPECT_LE(packets, size / payload + 2) << payload << " " << size;
      }
    }
  }
}

TEST(ChannelScheduler, WithinAChannelMessagesLeaveWholeAndInOrder) {
  ChannelScheduler scheduler(channels({1}));
  for (std::uint8_t i = 0; i < 10; ++i) scheduler.add(0, message(3000, i));
  std::uint8_t expected = 0;
  while (const auto packet = scheduler.next()) {
    EXPECT_EQ(packet->data.front(), expected);
    if (packet->completed) {
      EXPECT_EQ(*packet->completed, 3000u);
      ++expected;
    }
  }
  EXPECT_EQ(expected, 10);
  EXPECT_TRUE(scheduler.empty());
}

TEST(ChannelScheduler, UnderContentionSharesFollowThePriorities) {
  ChannelScheduler scheduler(channels({1, 5, 10}));
  for (std::size_t channel = 0; channel < 3; ++channel) scheduler.add(channel, message(10 << 20));
  std::map<std::size_t, double> sent;
  for (int i = 0; i < 3200; ++i) {
    const auto packet = scheduler.next();
    sent[packet->channel_index] += static_cast<double>(packet->wire_size());
  }
  EXPECT_NEAR(sent[1] / sent[0], 5, 0.1);
  EXPECT_NEAR(sent[2] / sent[0], 10, 0.2);
}

TEST(ChannelScheduler, AMessageOnAnEmptyChannelOfHighPriorityIsTheNextPacket) {
  ChannelScheduler scheduler(channels({10, 1, 5, 6}));
  for (std::size_t channel = 1; channel < 4; ++channel) scheduler.add(channel, message(50 << 20));
  for (int round = 0; round < 1000; ++round) {
    for (int i = 0; i < round % 37; ++i) scheduler.next();
    scheduler.add(0, message(200));
    EXPECT_EQ(scheduler.next()->channel_index, 0u) << round;
    // Long enough that the channel is within its share again.
    for (int i = 0; i < 5; ++i) scheduler.next();
  }
}

TEST(ChannelScheduler, WhatAChannelSentWhileTheLineWasFreeIsNotHeldAgainstIt) {
  ChannelScheduler scheduler(channels({10, 5}));
  scheduler.add(0, message(20 << 20));
  while (scheduler.next()) {
  }
  scheduler.add(1, message(20 << 20));
  scheduler.next();
  scheduler.add(0, message(200));
  EXPECT_EQ(scheduler.next()->channel_index, 0u);
}

TEST(ChannelScheduler, AChannelThatHasJustSentItsShareAgainstManyIsNextAgainWhenItWasEmpty) {
  for (int burst = 1; burst < 100; ++burst) {
    ChannelScheduler scheduler(channels({10, 1, 5, 6}));
    for (std::size_t channel = 1; channel < 4; ++channel) scheduler.add(channel, message(10 << 20));
    for (int i = 0; i < burst; ++i) scheduler.next();
    scheduler.add(0, message(1024 * static_cast<std::size_t>(burst)));
    while (true) {
      const auto packet = scheduler.next();
      if (packet->channel_index == 0 && packet->completed) break;
    }
    scheduler.add(0, message(1024));
    EXPECT_EQ(scheduler.next()->channel_index, 0u) << burst;
  }
}

TEST(ChannelScheduler, TheOnePacketAheadIsAWholeOne) {
  ChannelScheduler scheduler(channels({10, 1}));
  scheduler.add(1, message(10 << 20));
  scheduler.add(0, message(1024));
  EXPECT_EQ(scheduler.next()->channel_index, 0u);
  // Both have a claim from the same moment now; the full packet that was sent weighs nothing yet.
  scheduler.add(0, message(1024));
  EXPECT_EQ(scheduler.next()->channel_index, 0u);
}

TEST(ChannelScheduler, AheadOfItsShareAChannelWaitsForOnePacketOfEachOtherAtMost) {
  for (const auto& priorities : {std::initializer_list<int>{10, 1, 5, 6},
                                 {10, 1},
                                 {10, 5, 5, 5, 5},
                                 {10, 9, 9, 9},
                                 {255, 1, 1, 1}}) {
    ChannelScheduler scheduler(channels(priorities));
    for (std::size_t other = 1; other < priorities.size(); ++other) {
      scheduler.add(other, message(30 << 20));
    }
    std::size_t worst = 0;
    for (int i = 0; i < 2000; ++i) {
      // As soon as one has left, there is the next: more than any share.
      scheduler.add(0, message(1024));
      std::size_t waited = 0;
      while (scheduler.next()->channel_index != 0) ++waited;
      worst = std::max(worst, waited);
    }
    EXPECT_LE(worst, priorities.size() - 1);
    EXPECT_GT(worst, 0u) << "or else the others would starve";
  }
}

TEST(ChannelScheduler, SharesAreOfBytesNotOfPackets) {
  ChannelScheduler scheduler(channels({1, 1}));
  std::map<std::size_t, double> sent;
  for (int i = 0; i < 20'000; ++i) scheduler.add(0, message(10));
  scheduler.add(1, message(10 << 20));
  for (int i = 0; i < 10'000; ++i) {
    const auto packet = scheduler.next();
    sent[packet->channel_index] += static_cast<double>(packet->wire_size());
  }
  EXPECT_NEAR(sent[0] / sent[1], 1, 0.02);
}

TEST(ChannelScheduler, TheLowestOfAllPrioritiesStillGetsItsShare) {
  ChannelScheduler scheduler(channels({255, 1, 255}));
  for (std::size_t channel = 0; channel < 3; ++channel) scheduler.add(channel, message(20 << 20));
  int low = 0, since = 0, longest = 0;
  for (int i = 0; i < 511 * 20; ++i) {
    if (scheduler.next()->channel_index == 1) {
      ++low;
      since = 0;
    }
    longest = std::max(longest, ++since);
  }
  EXPECT_NEAR(low, 20, 1);
  EXPECT_LE(longest, 512);
}

TEST(ChannelScheduler, APriorityOfZeroCountsAsOne) {
  ChannelScheduler scheduler(channels({0, 1}));
  for (std::size_t channel = 0; channel < 2; ++channel) scheduler.add(channel, message(1 << 20));
  int first = 0;
  for (int i = 0; i < 100; ++i) first += scheduler.next()->channel_index == 0 ? 1 : 0;
  EXPECT_EQ(first, 50);
}

TEST(ChannelScheduler, SilenceEarnsNothing) {
  ChannelScheduler scheduler(channels({1, 1}));
  scheduler.add(0, message(5 << 20));
  for (int i = 0; i < 1000; ++i) scheduler.next();
  scheduler.add(1, message(5 << 20));
  int second = 0;
  for (int i = 0; i < 100; ++i) second += scheduler.next()->channel_index == 1 ? 1 : 0;
  EXPECT_NEAR(second, 50, 2);
}

TEST(ChannelScheduler, ATrickleOfHighPriorityDoesNotStarveTheLowest) {
  ChannelScheduler scheduler(channels({10, 1}));
  scheduler.add(1, message(50 << 20));
  int low = 0;
  for (int i = 0; i < 2200; ++i) {
    // Again and again on an empty channel: as soon as one has left, there is the next.
    if (scheduler.next()->channel_index == 1) {
      ++low;
    } else {
      scheduler.add(0, message(1000));
    }
    if (i == 0) scheduler.add(0, message(1000));
  }
  EXPECT_GT(low, 150) << "its share is one in eleven";
}

TEST(ChannelScheduler, EqualClaimsGoToTheHigherPriorityThenToTheFirstRegistered) {
  ChannelScheduler scheduler(channels({5, 7, 5}));
  for (std::size_t channel = 0; channel < 3; ++channel) scheduler.add(channel, message(10));
  EXPECT_EQ(scheduler.next()->channel_index, 1u);
  EXPECT_EQ(scheduler.next()->channel_index, 0u);
  EXPECT_EQ(scheduler.next()->channel_index, 2u);
  EXPECT_FALSE(scheduler.next());
}

TEST(ChannelScheduler, AskedUntilNothingWaitsItHoldsNoMessage) {
  ChannelScheduler scheduler(channels({1}));
  const SharedBytes held = message(3000);
  scheduler.add(0, held);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(scheduler.next());
  EXPECT_TRUE(scheduler.empty());
  EXPECT_FALSE(scheduler.next());
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ChannelScheduler, ClearedItHoldsNothingAndMayBeUsedAgain) {
  ChannelScheduler scheduler(channels({1, 2}));
  const SharedBytes begun = message(3000), waiting = message(10);
  scheduler.add(0, begun);
  scheduler.next();
  scheduler.add(1, waiting);
  scheduler.clear();
  EXPECT_TRUE(scheduler.empty());
  EXPECT_EQ(begun.use_count(), 1);
  EXPECT_EQ(waiting.use_count(), 1);
  scheduler.add(0, message(1024));
  EXPECT_EQ(scheduler.next()->completed, 1024u) << "from its beginning";
}

TEST(ChannelScheduler, ThePacketLentOutStaysValidUntilTheNextCall) {
  ChannelScheduler scheduler(channels({1}));
  scheduler.add(0, message(10, 0xab));
  const auto packet = scheduler.next();
  EXPECT_TRUE(scheduler.empty());
  EXPECT_EQ(to_hex(packet->data), "abababababababababab");
}

}  // namespace
}  // namespace peerage::conn
