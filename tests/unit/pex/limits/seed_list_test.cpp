#include "pex/limits/seed_list.h"

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
  // The random part that shortens a pause the least: by a twentieth.
  SeedPauses pauses{.each = 20s, .retry = 4s, .cap = 10min, .between = 0s};
  std::function<std::size_t(std::size_t)> random = [](std::size_t) { return std::size_t{0}; };
  SeedList list{pauses, [this](std::size_t below) { return random(below); }};
  TimePoint now{1h};

  conn::Duration until_next(SeedList& of) {
    const TimePoint from = now;
    while (!of.next(now)) now += 50ms;
    return now - from;
  }
};

TEST_F(SeedListTest, EachIsAskedBeforeAnyIsAskedTwice) {
  list.set({seed(1), seed(2), seed(3)});
  std::set<conn::NodeId> asked;
  while (const auto next = list.next(now)) asked.insert(next->address.id);
  EXPECT_EQ(asked.size(), 3u);
  now += 18s;
  EXPECT_FALSE(list.next(now));
  now += 1s;
  EXPECT_TRUE(list.next(now));
}

TEST_F(SeedListTest, SeedsNeverAskedMayBeAskedSoonAfterAnother) {
  pauses.between = 15s;
  SeedList paced(pauses, random);
  paced.set({seed(1), seed(2), seed(3)});
  std::set<conn::NodeId> asked;
  asked.insert(paced.next(now)->address.id);
  EXPECT_FALSE(paced.next(now));
  while (const auto next = paced.next(now, SeedList::Of::unasked)) asked.insert(next->address.id);
  EXPECT_EQ(asked.size(), 3u);
  paced.failed(seed(2), now);
  now += 1min;
  EXPECT_FALSE(paced.next(now, SeedList::Of::unasked)) << "nor one that was asked and failed";
}

TEST_F(SeedListTest, ThePauseDoublesUpToItsCapAndBeginsAnewWhenTheNeedIsOver) {
  list.set({seed(1)});
  ASSERT_TRUE(list.next(now));
  for (const auto nominal : {20s, 40s, 80s, 160s, 320s, 600s, 600s}) {
    EXPECT_EQ(until_next(list), conn::Duration(nominal) * 95 / 100);
  }
  list.rested();
  now += 10min;
  ASSERT_TRUE(list.next(now));
  EXPECT_EQ(until_next(list), 19s);
}

TEST_F(SeedListTest, PausesAreSpreadAtRandom) {
  list.set({seed(1)});
  random = [](std::size_t below) { return below - 1; };
  ASSERT_TRUE(list.next(now));
  EXPECT_EQ(until_next(list), 10050ms) << "half of it, and a little";
}

TEST_F(SeedListTest, OneThatWasBusyIsTriedAgainSoonAndThenMoreAndMoreSeldom) {
  list.set({seed(1)});
  ASSERT_TRUE(list.next(now));
  for (const auto nominal : {4s, 8s, 16s, 32s}) {
    list.failed(seed(1), now);
    EXPECT_EQ(until_next(list), conn::Duration(nominal) * 95 / 100);
  }
  EXPECT_EQ(until_next(list), 19s) << "this time it answered";
  list.failed(seed(9), now);  // no seed of ours
}

TEST_F(SeedListTest, BetweenTwoThatAnswerThereIsAPauseAndNoneAfterOneThatDoesNot) {
  pauses.between = 15s;
  SeedList careful(pauses, random);
  careful.set({seed(1), seed(2), seed(3)});
  const auto first = careful.next(now);
  ASSERT_TRUE(first);
  EXPECT_FALSE(careful.next(now));
  careful.failed(first->address, now);
  const auto second = careful.next(now);
  ASSERT_TRUE(second);
  EXPECT_NE(second->address.id, first->address.id);
  EXPECT_FALSE(careful.next(now + 14s));
  EXPECT_TRUE(careful.next(now + 15s));
}

TEST_F(SeedListTest, OneThatMayBeAskedAgainSoonerWaitsForNoOther) {
  pauses.between = 15s;
  SeedList careful(pauses, random);
  careful.set({seed(1)});
  ASSERT_TRUE(careful.next(now));
  careful.again(seed(1).id, now + 3s);
  EXPECT_EQ(until_next(careful), 3s);
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

TEST_F(SeedListTest, ANewListKeepsTheStateOfSeedsThatStay) {
  list.set({seed(1), seed(2)});
  while (list.next(now)) {
  }
  list.set({seed(2), seed(3), seed(1, "moved.example")});
  std::vector<conn::HostAddress> asked;
  while (const auto next = list.next(now)) asked.push_back(next->address);
  EXPECT_EQ(asked, (std::vector{seed(3), seed(1, "moved.example")}));
  EXPECT_TRUE(list.contains(seed(2).id));
  EXPECT_EQ(list.ids().size(), 3u);
}

// --- several addresses of one seed ---

TEST_F(SeedListTest, AllAddressesOfASeedAreAskedOneAfterAnotherInEachRound) {
  const std::vector all = {seed(1), seed(1, "also.example"), seed(1, "third.example")};
  list.set({all[0], all[1], all[0], all[2]});  // one is named twice
  EXPECT_EQ(list.size(), 1u);
  auto next = list.next(now);
  for (const auto nominal : {4s, 8s, 16s}) {
    for (const conn::HostAddress& each : all) {
      ASSERT_TRUE(next);
      EXPECT_EQ(next->address, each);
      EXPECT_FALSE(list.next(now)) << "one at a time";
      list.failed(each, now);
      next = list.next(now);
    }
    ASSERT_FALSE(next) << "all have failed: that is one failure";
    const TimePoint failed = now;
    for (; !next; next = list.next(now)) now += 50ms;
    EXPECT_EQ(now - failed, conn::Duration(nominal) * 95 / 100);
  }
}

TEST_F(SeedListTest, ASeedIsAskedAgainWhereItAnswered) {
  const auto dead = seed(1, "dead.example");
  list.set({dead, seed(1)});
  EXPECT_EQ(list.next(now)->address, dead);
  list.failed(dead, now);
  for (int i = 0; i < 5; ++i) {
    const auto next = list.next(now);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->address, seed(1));
    now += 10min;
  }
  list.failed(seed(1), now);
  EXPECT_EQ(list.next(now)->address, dead) << "and a new round begins when it fails";
}

TEST_F(SeedListTest, AFailedDialThatTheListDidNotAskForChangesNothing) {
  list.set({seed(1)});
  for (int i = 0; i < 9; ++i) list.failed(seed(1), now);
  ASSERT_TRUE(list.next(now)) << "none was asked for";
  for (int i = 0; i < 9; ++i) list.failed(seed(1, "elsewhere.example"), now);
  EXPECT_EQ(until_next(list), 19s) << "nor was that one";
}

TEST_F(SeedListTest, OneWhoseAddressesFailedIsNoSeedThatWasNeverAsked) {
  list.set({seed(1), seed(1, "also.example")});
  list.failed(list.next(now)->address, now);
  EXPECT_FALSE(list.next(now, SeedList::Of::unasked));
  EXPECT_TRUE(list.next(now));
}

TEST_F(SeedListTest, AnAddressThatIsAddedToASeedIsAskedAtOnceAndOneThatGoesIsAskedNoMore) {
  list.set({seed(1)});
  ASSERT_TRUE(list.next(now));
  list.is_of(seed(1).id, "net-b");
  ASSERT_TRUE(list.next(now));
  ASSERT_FALSE(list.next(now));
  list.set({seed(1), seed(1, "also.example")});
  const auto added = list.next(now);
  ASSERT_TRUE(added);
  EXPECT_EQ(added->address, seed(1, "also.example"));
  EXPECT_EQ(added->network, "net-b") << "it is the same node";

  // In the order in which they stand, which is no change.
  list.set({seed(1, "also.example"), seed(1)});
  EXPECT_FALSE(list.next(now));
  list.failed(seed(1, "also.example"), now);
  EXPECT_EQ(list.next(now)->address, seed(1));
  // The dial goes on; what comes of it is no news of the one that stays.
  list.set({seed(1, "also.example")});
  list.failed(seed(1), now);
  now += 10min;
  EXPECT_EQ(list.next(now)->address, seed(1, "also.example"));
  EXPECT_EQ(list.size(), 1u);
}

}  // namespace
}  // namespace peerage::pex
