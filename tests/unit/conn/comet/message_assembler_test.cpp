#include "conn/comet/message_assembler.h"

#include <limits>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
const TimePoint kStart{1h};

struct MessageAssemblerTest : testing::Test {
  ReassemblyBudget budget;
  std::vector<ChannelDescriptor> channels = {
      {.id = ChannelId{0x20}, .max_message_bytes = 3000},
      {.id = ChannelId{0x21}, .max_message_bytes = 1u << 20}};
  MessageAssembler assembler{channels, {}, budget};

  Result<std::optional<ChannelMessage>> receive(std::int32_t channel, std::size_t size, bool eof,
                                                TimePoint now = kStart) {
    return assembler.receive(channel, Bytes(size, 7), eof, now);
  }
};

TEST_F(MessageAssemblerTest, FragmentsBecomeAMessage) {
  ASSERT_FALSE(*assembler.receive(0x20, Bytes{1, 2}, false, kStart));
  ASSERT_FALSE(*assembler.receive(0x20, Bytes{}, false, kStart));
  const auto message = *assembler.receive(0x20, Bytes{3}, true, kStart);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->channel, ChannelId{0x20});
  EXPECT_EQ(message->bytes, (Bytes{1, 2, 3}));
}

TEST_F(MessageAssemblerTest, ChannelsAssembleIndependently) {
  ASSERT_FALSE(*assembler.receive(0x20, Bytes{1}, false, kStart));
  ASSERT_FALSE(*assembler.receive(0x21, Bytes{2}, false, kStart));
  EXPECT_EQ((*assembler.receive(0x20, Bytes{3}, true, kStart))->bytes, (Bytes{1, 3}));
  EXPECT_EQ((*assembler.receive(0x21, Bytes{4}, true, kStart))->bytes, (Bytes{2, 4}));
}

TEST_F(MessageAssemblerTest, AnEmptyMessageIsAMessage) {
  const auto message = *receive(0x20, 0, true);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->bytes.empty());
}

TEST_F(MessageAssemblerTest, AMessageOfExactlyTheLimitPassesAndOneByteMoreDoesNot) {
  EXPECT_FALSE(*receive(0x20, 1024, false));
  EXPECT_FALSE(*receive(0x20, 1024, false));
  EXPECT_EQ((*receive(0x20, 952, true))->bytes.size(), 3000u);

  EXPECT_FALSE(*receive(0x20, 1024, false));
  EXPECT_FALSE(*receive(0x20, 1024, false));
  const auto over = receive(0x20, 953, true);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().reason, Reason::message_too_long);
}

TEST_F(MessageAssemblerTest, ALimitBelowOnePacketHoldsToo) {
  channels[0].max_message_bytes = 10;
  MessageAssembler small(channels, {}, budget);
  EXPECT_TRUE(small.receive(0x20, Bytes(10), true, kStart));
  EXPECT_FALSE(small.receive(0x20, Bytes(11), true, kStart));
}

TEST_F(MessageAssemblerTest, ChannelsThatAreNotOursAreNeverTakenForOneOfOurs) {
  for (const std::int32_t id :
       {-1, 256, 256 + 0x20, 0x7f, 0x22, std::numeric_limits<std::int32_t>::max(),
        std::numeric_limits<std::int32_t>::min(), -256 + 0x20}) {
    const auto message = receive(id, 10, true);
    ASSERT_FALSE(message) << id;
    EXPECT_EQ(message.error().reason, Reason::unknown_channel);
  }
}

TEST_F(MessageAssemblerTest, NothingStaysBehindAMessage) {
  for (int i = 0; i < 900; ++i) EXPECT_FALSE(*receive(0x21, 1024, false));
  EXPECT_GE(assembler.held_bytes(), 900u * 1024);
  EXPECT_TRUE(*receive(0x21, 1, true));
  EXPECT_EQ(assembler.held_bytes(), 0u);
  EXPECT_EQ(budget.held_bytes(), 0u);
  EXPECT_FALSE(assembler.deadline());
}

TEST_F(MessageAssemblerTest, AMessageInOnePacketIsNeverCountedAsHeld) {
  EXPECT_TRUE(*receive(0x20, 1024, true));
  EXPECT_EQ(assembler.held_bytes(), 0u);
}

TEST_F(MessageAssemblerTest, MemoryGrowsWithTheBytesReceived) {
  EXPECT_FALSE(*receive(0x21, 1, false));
  EXPECT_LE(assembler.held_bytes(), 64u);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(*receive(0x21, 1000, false));
  EXPECT_LE(assembler.held_bytes(), 100'001u * 3 / 2);
}

TEST_F(MessageAssemblerTest, WhatOnePeerHoldsIsBounded) {
  const std::vector<ChannelDescriptor> many = {{.id = ChannelId{1}, .max_message_bytes = 1u << 20},
                                               {.id = ChannelId{2}, .max_message_bytes = 1u << 20},
                                               {.id = ChannelId{3}, .max_message_bytes = 1u << 20},
                                               {.id = ChannelId{4}, .max_message_bytes = 1u << 20}};
  MessageAssembler bounded(many, {.per_peer_bytes = 1000}, budget);
  // The largest channel and 1 MiB are in force: two messages can be almost whole, not three.
  std::optional<Failure> failure;
  for (int packet = 0; packet < 1023 && !failure; ++packet) {
    for (int id = 1; id <= 4 && !failure; ++id) {
      const auto taken = bounded.receive(id, Bytes(1024), false, kStart);
      if (!taken) failure = taken.error();
      EXPECT_LE(bounded.held_bytes(), 2u << 20);
    }
  }
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::peer_memory_exhausted);
}

TEST_F(MessageAssemblerTest, APartialMessageThatGainsNoByteForAMinuteIsStale) {
  EXPECT_FALSE(*receive(0x20, 10, false, kStart));
  EXPECT_EQ(assembler.deadline(), kStart + 60s);
  EXPECT_FALSE(*receive(0x20, 0, false, kStart + 30s));  // gains nothing
  EXPECT_EQ(assembler.deadline(), kStart + 60s);
  EXPECT_FALSE(*receive(0x20, 1, false, kStart + 40s));
  EXPECT_TRUE(assembler.check(kStart + 99s));
  const auto stale = assembler.check(kStart + 100s);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().reason, Reason::partial_message_stale);
}

TEST_F(MessageAssemblerTest, TheOldestPartialMessageCounts) {
  EXPECT_FALSE(*receive(0x20, 10, false, kStart));
  EXPECT_FALSE(*receive(0x21, 10, false, kStart + 10s));
  EXPECT_FALSE(*receive(0x21, 10, false, kStart + 50s));
  EXPECT_EQ(assembler.deadline(), kStart + 60s);
}

TEST_F(MessageAssemblerTest, ClearedItHoldsNothingAndBeginsAfresh) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(*receive(0x21, 1024, false));
  EXPECT_FALSE(*receive(0x20, 5, false));
  EXPECT_GT(budget.held_bytes(), 0u);
  assembler.clear();
  EXPECT_EQ(assembler.held_bytes(), 0u);
  EXPECT_EQ(budget.held_bytes(), 0u);
  EXPECT_FALSE(assembler.deadline());
  EXPECT_EQ((*assembler.receive(0x20, Bytes{3}, true, kStart))->bytes, Bytes{3});
}

// Whatever the limit and the fragments, exactly the limit passes.
TEST_F(MessageAssemblerTest, OnEveryChannelExactlyTheLimitPassesHoweverItIsCut) {
  for (const std::size_t limit : {1u, 2u, 1023u, 1024u, 1025u, 2048u, 4096u, 64'000u}) {
    channels[0].max_message_bytes = limit;
    for (const std::size_t fragment : {1u, 7u, 1000u, 1024u}) {
      for (const std::size_t size : {limit, limit + 1}) {
        MessageAssembler bounded(channels, {}, budget);
        std::size_t left = size;
        Result<std::optional<ChannelMessage>> taken;
        do {
          const std::size_t count = std::min(fragment, left);
          left -= count;
          taken = bounded.receive(0x20, Bytes(count), left == 0, kStart);
        } while (taken && left > 0);
        if (size == limit) {
          ASSERT_TRUE(taken && *taken) << limit << " by " << fragment;
          EXPECT_EQ((**taken).bytes.size(), limit);
        } else {
          ASSERT_FALSE(taken) << limit << " by " << fragment;
          EXPECT_EQ(taken.error().reason, Reason::message_too_long);
        }
      }
    }
  }
}

TEST_F(MessageAssemblerTest, WhatIsHeldNeverExceedsTheMessageThatItMayBecome) {
  for (int i = 0; i < 1024; ++i) {
    EXPECT_FALSE(*receive(0x21, 1024, false));
    ASSERT_LE(assembler.held_bytes(), 1u << 20);
  }
  EXPECT_EQ((*receive(0x21, 0, true))->bytes.size(), 1u << 20);
}

TEST_F(MessageAssemblerTest, AMessageHandedOverKeepsNoMemoryBackFromTheOthers) {
  EXPECT_FALSE(*receive(0x20, 1024, false));
  EXPECT_FALSE(*receive(0x21, 1024, false));
  const std::size_t both = assembler.held_bytes();
  EXPECT_TRUE(*receive(0x20, 1, true));
  EXPECT_GE(assembler.held_bytes(), 1024u);
  EXPECT_LT(assembler.held_bytes(), both);
  EXPECT_EQ(assembler.deadline(), kStart + 60s) << "the other is still half-received";
}

TEST_F(MessageAssemblerTest, AnEvictedPeerIsRefusedAtItsNextByte) {
  ReassemblyBudget small(5 * ReassemblyBudget::kStep);
  MessageAssembler greedy(channels, {}, small), other(channels, {}, small);
  int told = 0;
  greedy.set_on_evict([&told] { ++told; });
  while (small.held_bytes() < 3 * ReassemblyBudget::kStep) {
    ASSERT_TRUE(greedy.receive(0x21, Bytes(1024), false, kStart));
  }
  std::optional<Failure> failure;
  for (int i = 0; i < 90 && told == 0; ++i) {
    ASSERT_TRUE(other.receive(0x21, Bytes(1024), false, kStart)) << i;
  }
  EXPECT_EQ(told, 1);
  for (int i = 0; i < 200 && !failure; ++i) {
    const auto taken = greedy.receive(0x21, Bytes(1024), false, kStart);
    if (!taken) failure = taken.error();
  }
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::total_memory_exhausted);
}

}  // namespace
}  // namespace peerage::conn
