#include "p2p/dial/outbound_slots.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using test::numbered_id;

struct OutboundSlotsTest : testing::Test {
  PeerMarks marks;
  OutboundSlots slots{2, marks};
};

TEST_F(OutboundSlotsTest, DialsAndPeersTakeOneEachUntilTheyAreOver) {
  EXPECT_EQ(slots.free(), 2u);
  slots.on_dial(numbered_id(1));
  slots.on_dial(numbered_id(2));
  EXPECT_TRUE(slots.is_under_way(numbered_id(1)));
  EXPECT_EQ(slots.used(), 2u);
  slots.on_dial_over(numbered_id(1));
  slots.on_outbound(numbered_id(1));
  EXPECT_FALSE(slots.is_under_way(numbered_id(1)));
  EXPECT_TRUE(slots.is_outbound(numbered_id(1)));
  EXPECT_EQ(slots.used(), 2u);
  slots.on_outbound_over(numbered_id(1));
  slots.on_dial_over(numbered_id(2));
  EXPECT_EQ(slots.used(), 0u);
}

TEST_F(OutboundSlotsTest, MoreThanThereAreLeaveNoneFree) {
  for (std::uint32_t i = 1; i <= 3; ++i) slots.on_outbound(numbered_id(i));
  EXPECT_EQ(slots.used(), 3u);
  EXPECT_EQ(slots.free(), 0u);
}

TEST_F(OutboundSlotsTest, NodesThatComeFirstTakeNoneFromTheMomentInWhichTheyAreMarked) {
  slots.on_outbound(numbered_id(1));
  slots.on_dial(numbered_id(2));
  marks.add(Mark::named, numbered_id(1));
  marks.add(Mark::unconditional, numbered_id(2));
  EXPECT_FALSE(slots.is_needed_by(numbered_id(1)));
  EXPECT_EQ(slots.used(), 0u);
  EXPECT_EQ(slots.outbound(), 1u) << "it is a peer all the same";
  marks.remove(Mark::named, numbered_id(1));
  EXPECT_EQ(slots.used(), 1u);
  marks.add(Mark::private_, numbered_id(1));
  EXPECT_EQ(slots.used(), 1u);
}

}  // namespace
}  // namespace peerage::p2p
