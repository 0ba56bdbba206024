#include "pex/discovery/lookup.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/discovery_nodes.h"

namespace peerage::pex {
namespace {

class LookupTest : public ::testing::Test {
 protected:
  // By their distance from the target: the lower the number, the closer.
  Contact node(unsigned number) const {
    return test::contact(test::enode_id_at(target, 20 + number, number),
                         test::public_endpoint(number));
  }
  std::vector<Contact> nodes(unsigned first, unsigned last) const {
    std::vector<Contact> list;
    for (unsigned i = first; i <= last; ++i) list.push_back(node(i));
    return list;
  }
  Lookup start(const std::vector<Contact>& from) const {
    return Lookup({.target = target, .own = own}, from);
  }
  static EnodeId asked(Lookup& lookup) {
    const auto next = lookup.next();
    return next ? next->id : EnodeId();
  }
  static std::vector<EnodeId> ids(const std::vector<Contact>& contacts) {
    std::vector<EnodeId> list;
    list.reserve(contacts.size());
    for (const Contact& contact : contacts) list.push_back(contact.id);
    return list;
  }
  const EnodeId target = test::enode_id(1'000'000);
  const EnodeId own = test::enode_id(2'000'000);
};

TEST_F(LookupTest, TheClosestAreAskedFirstThreeAtATime) {
  Lookup lookup = start({node(5), node(3), node(9), node(1)});
  EXPECT_EQ(asked(lookup), node(1).id);
  EXPECT_EQ(asked(lookup), node(3).id);
  EXPECT_EQ(asked(lookup), node(5).id);
  EXPECT_EQ(lookup.next(), std::nullopt);
  EXPECT_EQ(lookup.in_flight(), 3u);
  lookup.on_done(node(3).id);
  EXPECT_EQ(asked(lookup), node(9).id);
}

TEST_F(LookupTest, ItEndsWhenNoneOfTheClosestIsLeftAndNothingIsInFlight) {
  Lookup lookup = start({node(30)});
  asked(lookup);
  lookup.on_answer(node(30).id, nodes(1, 16));
  lookup.on_done(node(30).id);
  for (unsigned i = 1; i <= 16; ++i) {
    EXPECT_FALSE(lookup.finished());
    EXPECT_EQ(asked(lookup), node(i).id);
    EXPECT_FALSE(lookup.finished());
    lookup.on_done(node(i).id);
  }
  EXPECT_TRUE(lookup.finished());
  EXPECT_EQ(ids(lookup.result()), ids(nodes(1, 16)));
}

TEST_F(LookupTest, WithNobodyToAskItIsFinished) {
  Lookup lookup = start({});
  EXPECT_EQ(lookup.next(), std::nullopt);
  EXPECT_TRUE(lookup.finished());
  EXPECT_TRUE(lookup.result().empty());
}

TEST_F(LookupTest, NobodyIsAskedTwice) {
  Lookup lookup = start({node(5)});
  EXPECT_EQ(asked(lookup), node(5).id);
  lookup.on_answer(node(5).id, nodes(5, 5));
  lookup.on_done(node(5).id);
  EXPECT_EQ(lookup.next(), std::nullopt);
  EXPECT_TRUE(lookup.finished());
}

TEST_F(LookupTest, WeAreNeverAResult) {
  Lookup lookup = start({test::contact(own, test::public_endpoint(1)), node(5)});
  EXPECT_EQ(asked(lookup), node(5).id);
  lookup.on_answer(node(5).id, std::vector{test::contact(own, test::public_endpoint(1))});
  lookup.on_done(node(5).id);
  EXPECT_TRUE(lookup.finished());
  EXPECT_EQ(ids(lookup.result()), std::vector{node(5).id});
}

TEST_F(LookupTest, TheTargetItselfMayBeAResult) {
  const auto itself = test::contact(target, test::public_endpoint(1));
  Lookup lookup = start({node(5), itself});
  EXPECT_EQ(asked(lookup), target);
}

TEST_F(LookupTest, FurtherAnswersOfANodeAreTakenUpToSixteenContacts) {
  Lookup lookup = start({node(100)});
  asked(lookup);
  lookup.on_answer(node(100).id, nodes(20, 31));
  lookup.on_answer(node(100).id, nodes(32, 35));
  EXPECT_EQ(ids(lookup.closest()), ids(nodes(20, 35)));
  lookup.on_answer(node(100).id, nodes(1, 1));
  EXPECT_EQ(ids(lookup.closest()), ids(nodes(20, 35)));
}

TEST_F(LookupTest, WhoWasNotAskedIsNotHeard) {
  Lookup lookup = start({node(5)});
  lookup.on_answer(node(5).id, nodes(1, 1));
  lookup.on_answer(node(7).id, nodes(2, 2));
  EXPECT_EQ(ids(lookup.closest()), ids(nodes(5, 5)));
}

TEST_F(LookupTest, ASilentNodeDoesNotStopItAndIsNoResult) {
  Lookup lookup = start(nodes(1, 4));
  for (int i = 0; i < 3; ++i) asked(lookup);
  for (unsigned i = 1; i <= 3; ++i) lookup.on_silent(node(i).id);
  EXPECT_EQ(asked(lookup), node(4).id);
  lookup.on_done(node(4).id);
  EXPECT_TRUE(lookup.finished());
  EXPECT_EQ(ids(lookup.result()), ids(nodes(4, 4)));
  EXPECT_EQ(ids(lookup.closest()), ids(nodes(4, 4)));
}

// A limit of ours is no silence of theirs: who looks for that node has still found it.
TEST_F(LookupTest, ANodeThatMayNotBeAskedNowIsAmongTheClosestAndNoResult) {
  Lookup lookup = start({node(1), node(2)});
  asked(lookup);
  lookup.on_refused(node(1).id);
  EXPECT_EQ(asked(lookup), node(2).id);
  lookup.on_answer(node(1).id, nodes(10, 11));
  EXPECT_EQ(lookup.seen(), 2u) << "it was not asked";
  lookup.on_done(node(2).id);
  EXPECT_TRUE(lookup.finished());
  EXPECT_EQ(ids(lookup.closest()), ids({node(1), node(2)}));
  EXPECT_EQ(ids(lookup.result()), ids({node(2)}));
}

TEST_F(LookupTest, ItGoesOnWithoutASlowNodeWhoseLateAnswerCounts) {
  Lookup lookup = start(nodes(1, 4));
  for (int i = 0; i < 3; ++i) asked(lookup);
  lookup.on_slow(node(1).id);
  EXPECT_EQ(asked(lookup), node(4).id);
  lookup.on_answer(node(1).id, nodes(6, 6));
  for (unsigned i = 2; i <= 4; ++i) lookup.on_done(node(i).id);
  EXPECT_EQ(asked(lookup), node(6).id);
  lookup.on_silent(node(6).id);
  EXPECT_EQ(ids(lookup.result()), ids(nodes(1, 4)));
}

TEST_F(LookupTest, InventedNeighboursOfTheTargetDoNotHideTheTrueOnes) {
  Lookup lookup = start({node(100), node(101)});
  asked(lookup);
  asked(lookup);
  lookup.on_answer(node(100).id, nodes(1, 16));  // nobody is there
  lookup.on_answer(node(101).id, nodes(40, 55));
  lookup.on_done(node(100).id);
  lookup.on_done(node(101).id);
  while (const auto next = lookup.next()) {
    const bool invented = std::ranges::count(ids(nodes(1, 16)), next->id) > 0;
    invented ? lookup.on_slow(next->id) : lookup.on_done(next->id);
  }
  EXPECT_TRUE(lookup.finished());
  EXPECT_EQ(ids(lookup.result()), ids(nodes(40, 55)));
}

TEST_F(LookupTest, WhatIsSeenIsBoundedAndTheFarthestGo) {
  Lookup lookup = start({node(1)});
  std::uint64_t number = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto next = lookup.next();
    if (!next) break;
    std::vector<Contact> told;
    told.reserve(16);
    for (int k = 0; k < 16; ++k) {
      told.push_back(test::contact(test::enode_id_at(target, 200, ++number), "5.6.7.8:30303"));
    }
    lookup.on_answer(next->id, told);
    lookup.on_silent(next->id);
    lookup.on_done(next->id);
    EXPECT_LE(lookup.seen(), 16 * Lookup::kSeenPerResult);
  }
  EXPECT_EQ(lookup.seen(), 16 * Lookup::kSeenPerResult);
  EXPECT_EQ(lookup.closest()[0].id, node(1).id);
}

// --- on a graph ---

struct Graph {
  std::vector<Contact> all;
  std::map<EnodeId, std::vector<Contact>> known_to;  // what each has in its buckets

  explicit Graph(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      all.push_back(
          test::contact(test::enode_id(i), test::public_endpoint(static_cast<std::uint32_t>(i))));
    }
    for (const Contact& each : all) {
      std::map<unsigned, std::size_t> in_bucket;
      for (const Contact& other : all) {
        const unsigned distance = log_distance(each.id, other.id);
        if (distance > 0 && in_bucket[distance]++ < 16) known_to[each.id].push_back(other);
      }
    }
  }
  static std::vector<Contact> closest(std::vector<Contact> among, const EnodeId& target) {
    std::sort(among.begin(), among.end(), [&target](const Contact& a, const Contact& b) {
      return compare_distance(target, a.id, b.id) < 0;
    });
    return {among.begin(), among.begin() + std::min<std::ptrdiff_t>(std::ssize(among), 16)};
  }
};

TEST(LookupOnAGraph, FindsTheTrueClosestOfAThousandInFewRounds) {
  Graph graph(1'000);
  std::size_t rounds = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const EnodeId& own = graph.all[i * 7].id;
    const EnodeId target = test::enode_id(10'000 + i);
    Lookup lookup({.target = target, .own = own}, Graph::closest(graph.known_to[own], target));
    std::deque<EnodeId> waiting;
    std::set<EnodeId> asked;
    while (!lookup.finished()) {
      while (const auto next = lookup.next()) {
        EXPECT_TRUE(asked.insert(next->id).second);
        waiting.push_back(next->id);
      }
      ASSERT_LE(waiting.size(), 3u);
      const EnodeId from = waiting.front();
      waiting.pop_front();
      lookup.on_answer(from, Graph::closest(graph.known_to[from], target));
      lookup.on_done(from);
    }
    std::vector<Contact> others = graph.all;
    std::erase_if(others, [&own](const Contact& each) { return each.id == own; });
    const auto truly = Graph::closest(others, target);
    const auto found = lookup.result();
    ASSERT_EQ(found.size(), 16u);
    for (std::size_t k = 0; k < 16; ++k) ASSERT_EQ(found[k].id, truly[k].id) << i << ", " << k;
    rounds = std::max(rounds, lookup.rounds());
  }
  EXPECT_LE(rounds, 6u);
  EXPECT_GE(rounds, 2u);
}

}  // namespace
}  // namespace peerage::pex
