#include "p2p/peer/message_types.h"

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

constexpr conn::ChannelId kOne{0x40}, kTwo{0x41}, kNone{0x42};

std::size_t by_first_byte(conn::ByteView message) {
  return message.front();
}

std::vector<ReactorChannel> channels() {
  std::vector<ReactorChannel> channels(3);
  channels[0].id = kOne;
  channels[0].message_types = {"a_A", "a_B"};
  channels[0].type_of = by_first_byte;
  channels[1].id = kNone;
  channels[2].id = kTwo;
  channels[2].message_types = {"b_C"};
  return channels;
}

TEST(MessageTypeCounts, BytesAreCountedByType) {
  MessageTypeCounts counts(channels());
  counts.on_sent(kOne, conn::Bytes{0, 1, 2});
  counts.on_sent(kOne, conn::Bytes{1});
  counts.on_received(0, conn::Bytes{1, 1});
  counts.on_received(0, conn::Bytes{7, 7, 7});  // of no type
  const auto read = counts.read(0);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].bytes_sent, 3u);
  EXPECT_EQ(read[1].bytes_sent, 1u);
  EXPECT_EQ(read[0].bytes_received, 0u);
  EXPECT_EQ(read[1].bytes_received, 2u);
}

TEST(MessageTypeCounts, WithoutAFunctionAllAreOfTheFirstType) {
  MessageTypeCounts counts(channels());
  counts.on_sent(kTwo, conn::Bytes{9, 9});
  counts.on_received(2, conn::Bytes{9});
  ASSERT_EQ(counts.read(2).size(), 1u);
  EXPECT_EQ(counts.read(2)[0].bytes_sent, 2u);
  EXPECT_EQ(counts.read(2)[0].bytes_received, 1u);
}

TEST(MessageTypeCounts, ChannelsWithoutTypesAreNotLookedAt) {
  MessageTypeCounts counts(channels());
  counts.on_sent(kNone, conn::Bytes{});
  counts.on_received(1, conn::Bytes{});
  EXPECT_TRUE(counts.read(1).empty());
  EXPECT_EQ(MessageTypeCounts::for_channels({channels()[1]}), nullptr);
  EXPECT_NE(MessageTypeCounts::for_channels(channels()), nullptr);
}

}  // namespace
}  // namespace peerage::p2p
