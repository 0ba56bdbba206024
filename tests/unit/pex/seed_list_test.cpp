#include "pex/seed_list.h"

#include <gtest/gtest.h>

#include "tests/support/dial_targets.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::TimePoint;

conn::HostAddress seed(unsigned number, const char* host = "seed.example") {
  conn::ByteArray<conn::NodeId::kBytes> bytes{};
  bytes[0] = static_cast<std::uint8_t>(number);
  return {conn::NodeId(bytes), host, 26656};
}

struct SeedListTest : testing::Test {
  SeedList list{15s, 10min, [](std::size_t below) { return below - 1; }};
  TimePoint now{1h};
};

TEST_F(SeedListTest, EachIsAskedBeforeAnyIsAskedTwice) {
  list.set({seed(1), seed(2), seed(3)});
  std::set<conn::NodeId> asked;
  while (const auto next = list.next(now)) asked.insert(next->address.id);
  EXPECT_EQ(asked.size(), 3u);
  now += 14s;
  EXPECT_FALSE(list.next(now));
  now += 1s;
  EXPECT_TRUE(list.next(now));
}

TEST_F(SeedListTest, ThePauseDoublesUpToItsCapAndBeginsAnewWhenTheNeedIsOver) {
  list.set({seed(1)});
  std::vector<conn::Duration> pauses;
  ASSERT_TRUE(list.next(now));
  for (int i = 0; i < 8; ++i) {
    const TimePoint last = now;
    while (!list.next(now)) now += 1s;
    pauses.push_back(now - last);
  }
  const std::vector<conn::Duration> expected = {15s, 30s, 60s, 120s, 240s, 480s, 600s, 600s};
  EXPECT_EQ(pauses, expected);
  list.rested();
  now += 10min;
  ASSERT_TRUE(list.next(now));
  now += 15s;
  EXPECT_TRUE(list.next(now));
}

TEST_F(SeedListTest, ASeedOfAnotherNetworkIsAskedForThatOneAtOnce) {
  list.set({seed(1)});
  EXPECT_EQ(list.next(now)->network, "");
  list.is_of(seed(1).id, "net-b");
  const auto again = list.next(now);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->network, "net-b");
  list.is_of(seed(1).id, "net-b");
  EXPECT_FALSE(list.next(now)) << "that is no news";
}

TEST_F(SeedListTest, ANewListKeepsWhatIsKnownOfThoseThatStay) {
  list.set({seed(1), seed(2)});
  while (list.next(now)) {
  }
  list.set({seed(2), seed(3), seed(1, "moved.example")});
  std::vector<conn::HostAddress> asked;
  while (const auto next = list.next(now)) asked.push_back(next->address);
  EXPECT_EQ(asked, (std::vector{seed(1, "moved.example"), seed(3)}));
  EXPECT_TRUE(list.contains(seed(2).id));
  EXPECT_EQ(list.ids().size(), 3u);
}

}  // namespace
}  // namespace peerage::pex
