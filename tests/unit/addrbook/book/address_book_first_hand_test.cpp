// What a node says of itself, and what others say: neither keeps the other's like in, and no
// hearsay keeps out what is first-hand.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/book/address_book.h"
#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::IpAddress;
using conn::NetAddress;
using test::address;
using test::numbered_id;
using test::scattered;
using namespace std::chrono_literals;

Source itself(const NetAddress& address) {
  return {address.endpoint.ip, address.id, Origin::inbound};
}

class FirstHand : public test::BookTest {
 protected:
  explicit FirstHand(BookConfig config = roomy()) : BookTest(std::move(config)) {}
  Added say(const NetAddress& address) { return book.add(address, itself(address), now); }
  std::set<NetAddress> served() {
    const auto list = book.verified_selection(now);
    return {list.begin(), list.end()};
  }
};

class FirstHandInASmallBook : public FirstHand {
 protected:
  FirstHandInASmallBook() : FirstHand(with({1, 1, 4})) {}
};

// --- hearsay is not in the way ---

TEST_F(FirstHand, TwoFalseEntriesForAHostDoNotRefuseItsTrueAddress) {
  ASSERT_EQ(hear(address(11, "5.1.1.1"), "66.6.6.6"), Added::added);
  ASSERT_EQ(hear(address(12, "5.1.1.1"), "67.6.6.6"), Added::added);
  ASSERT_EQ(hear(address(1, "5.1.1.1"), "68.6.6.6"), Added::too_many_for_host);
  EXPECT_EQ(say(address(1, "5.1.1.1")), Added::added);
}

TEST_F(FirstHand, EightFalseEntriesForANeighbourhoodDoNotRefuseATrueOne) {
  for (std::uint32_t i = 1; i <= 8; ++i) {
    ASSERT_EQ(hear(address(10 + i, "5.1.1." + std::to_string(i)), "66.6.6.6"), Added::added);
  }
  ASSERT_EQ(hear(address(1, "5.1.1.9"), "68.6.6.6"), Added::too_many_for_neighbourhood);
  EXPECT_EQ(say(address(1, "5.1.1.9")), Added::added);
}

TEST_F(FirstHand, FalseAddressesOfAnIdDoNotRefuseItsTrueOne) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    hear(address(1, "6." + std::to_string(i) + ".1.1"), "66." + std::to_string(i) + ".6.6");
  }
  ASSERT_EQ(hear(address(1, "5.1.1.1"), "99.6.6.6"), Added::too_many_candidates)
      << "eight groups have one each";
  EXPECT_EQ(say(address(1, "5.1.1.1")), Added::added);
}

TEST_F(FirstHandInASmallBook, AFullBucketOfHearsayMakesRoom) {
  for (std::uint32_t i = 0; i < 4; ++i) ASSERT_EQ(hear(scattered(i)), Added::added);
  ASSERT_EQ(hear(scattered(9)), Added::no_place);
  for (std::uint32_t i = 10; i < 14; ++i) EXPECT_EQ(say(scattered(i)), Added::added) << i;
  EXPECT_EQ(book.size(), 4u);
  EXPECT_EQ(say(scattered(20)), Added::no_place) << "others of another group stay";
}

TEST_F(FirstHand, ANodeThatIsToldOfTooOftenIsHeardItself) {
  BookConfig strict_rate;
  AddressBook rated("chain", numbered_id(0), test::book_key(), test::seed(), strict_rate);
  const NetAddress node = address(1, "5.1.1.1");
  for (std::uint32_t i = 0; i < 100; ++i) {
    rated.add(scattered(i), test::told_by("5.1.9.9"), now);
  }
  ASSERT_EQ(rated.add(scattered(200), test::told_by("5.1.9.9"), now), Added::told_too_fast);
  EXPECT_EQ(rated.add(node, itself(node), now), Added::added);
}

// A bucket that holds only first-hand addresses of other groups is the one thing that can refuse
// it, and no hearsay makes one.
TEST(FirstHandProperty, NoHearsayOfAnyLengthRefusesWhatANodeSaysOfItself) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    BookConfig config;
    config.told_burst = 1e9;
    config.geometry = {2, 1, 4};
    AddressBook book("chain", numbered_id(0), test::book_key(), test::seed(), config);
    Time now = test::kBookStart;
    const auto byte = [&] { return static_cast<std::uint8_t>(random()); };
    const auto small = [&] { return static_cast<std::uint8_t>(1 + random() % 4); };
    for (int i = 0; i < 3'000; ++i) {
      now += Seconds(random() % 100);
      const NetAddress about{numbered_id(static_cast<std::uint32_t>(1 + random() % 20)),
                             {IpAddress::v4(5, 1, small(), small()), 26656}};
      Source source{IpAddress::v4(66, byte(), 1, 1), numbered_id(90), Origin::pex,
                    random() % 2 == 0 ? Word::unasked : Word::answer};
      if (random() % 4 == 0) source.origin = Origin::import;
      if (random() % 4 == 0) source.origin = Origin::discovery;
      book.add(about, source, now);
      if (random() % 8 == 0) book.mark_failed(about, {}, now);
    }
    const NetAddress node{numbered_id(1 + seed), {IpAddress::v4(5, 1, 1, 1), 26656}};
    const Added outcome = book.add(node, itself(node), now);
    EXPECT_TRUE(outcome == Added::added || outcome == Added::known) << name(outcome);
    EXPECT_NE(book.find(node)->said_itself, kNever);
  }
}

// --- and its like only within fixed shares ---

TEST_F(FirstHand, OfAHostTheFourNewestIdsStay) {
  for (std::uint32_t i = 1; i <= 6; ++i) {
    EXPECT_EQ(say(address(i, "5.1.1.1", static_cast<std::uint16_t>(1000 + i))), Added::added);
    now += 1min;
  }
  EXPECT_EQ(book.size(), 4u);
  EXPECT_FALSE(book.find(address(2, "5.1.1.1", 1002)));
  EXPECT_TRUE(book.find(address(3, "5.1.1.1", 1003)));
}

TEST_F(FirstHand, OneThatAnsweredOurDialGoesAfterThoseThatDidNotAndATriedOneNever) {
  const NetAddress tried = address(1, "5.1.1.1", 1001), answered = address(2, "5.1.1.1", 1002);
  say(tried);
  make_tried(tried);
  say(answered);
  visit(answered);
  for (std::uint32_t i = 3; i <= 40; ++i) {
    now += 1min;
    EXPECT_EQ(say(address(i, "5.1.1.1", static_cast<std::uint16_t>(1000 + i))), Added::added);
  }
  EXPECT_EQ(book.size(), 4u);
  EXPECT_TRUE(book.find(tried));
  EXPECT_TRUE(book.find(answered));
}

TEST_F(FirstHand, AHostOfFourTriedOnesHasNoRoom) {
  for (std::uint32_t i = 1; i <= 4; ++i) {
    const NetAddress each = address(i, "5.1.1.1", static_cast<std::uint16_t>(1000 + i));
    say(each);
    make_tried(each);
  }
  EXPECT_EQ(say(address(5, "5.1.1.1", 1005)), Added::too_many_for_host);
}

TEST_F(FirstHand, TwentyThousandFreshIdsOfOneHostGainWhatOneHostMayHave) {
  for (std::uint32_t i = 0; i < 200; ++i) ASSERT_EQ(say(scattered(i)), Added::added);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    say(address(1'000 + i, "6.6.6.6", static_cast<std::uint16_t>(1 + i)));
  }
  EXPECT_EQ(book.size(), 204u);
}

TEST_F(FirstHand, ANeighbourhoodHasThirtyTwoAndAGroupABucket) {
  std::uint32_t id = 1;
  for (std::uint32_t host = 1; host <= 250; ++host) {
    EXPECT_EQ(say(address(id++, "5.1.1." + std::to_string(host))), Added::added);
  }
  EXPECT_EQ(book.size(), 32u);
  for (std::uint32_t net = 2; net <= 250; ++net) {
    EXPECT_EQ(say(address(id++, "5.1." + std::to_string(net) + ".1")), Added::added);
  }
  EXPECT_EQ(book.size(), 64u);
  EXPECT_TRUE(book.find(address(id - 1, "5.1.250.1"))) << "the newest";
}

TEST_F(FirstHand, HearsayIsRefusedForAHostWhoseNodesHaveSpoken) {
  for (std::uint32_t i = 1; i <= 4; ++i) say(address(i, "5.1.1.1", static_cast<std::uint16_t>(i)));
  EXPECT_EQ(hear(address(9, "5.1.1.1")), Added::too_many_for_host);
}

TEST_F(FirstHand, HearsayThatTheNodeConfirmsIsFirstHandFromThenOn) {
  const NetAddress node = address(1, "5.1.1.1");
  ASSERT_EQ(hear(node, "66.6.6.6"), Added::added);
  book.mark_attempt(node, now);
  now += 1h;
  EXPECT_EQ(say(node), Added::known);
  const KnownAddress& known = *book.find(node);
  EXPECT_TRUE(is_first_hand(known));
  EXPECT_EQ(known.said_itself, now);
  EXPECT_EQ(known.source, node.endpoint.ip);
  EXPECT_EQ(known.first_seen, now - 1h);
  EXPECT_EQ(known.attempts, 1u);
}

TEST_F(FirstHand, WhatIsSaidFromAnotherIpOrUnderAnotherIdIsHearsay) {
  const NetAddress node = address(1, "5.1.1.1");
  book.add(node, {IpAddress::v4(5, 1, 1, 2), node.id, Origin::inbound}, now);
  EXPECT_FALSE(is_first_hand(*book.find(node)));
  book.add(node, {node.endpoint.ip, numbered_id(2), Origin::inbound}, now);
  EXPECT_FALSE(is_first_hand(*book.find(node)));
  book.add(node, {node.endpoint.ip, node.id, Origin::pex}, now);
  EXPECT_FALSE(is_first_hand(*book.find(node)));
}

// --- a node that moved ---

class MovedNode : public FirstHand {
 protected:
  const NetAddress old = address(1, "5.7.7.7"), its_new = address(1, "6.8.8.8");
  void SetUp() override {
    ASSERT_EQ(hear(old), Added::added);
    visit(old);
    now += 10min;
  }
};

TEST_F(MovedNode, BothAreVisitedAtOnceTheNewOneFirst) {
  ASSERT_EQ(served(), (std::set{old}));
  EXPECT_EQ(say(its_new), Added::added);
  EXPECT_EQ(book.to_visit(now), (std::vector{its_new, old}));
  visit(its_new);
  EXPECT_EQ(book.to_visit(now), (std::vector{old}));
  EXPECT_EQ(served(), (std::set{its_new}));
  book.mark_attempt(old, now);
  fail(old);
  EXPECT_TRUE(book.to_visit(now).empty());
  EXPECT_EQ(served(), (std::set{its_new}));
  EXPECT_TRUE(book.find(old)) << "both stay";
}

TEST_F(MovedNode, TheOneThatAnsweredLastIsServedAndDialled) {
  say(its_new);
  visit(its_new);
  now += 1min;
  visit(old);
  EXPECT_EQ(served(), (std::set{old}));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(book.pick({50}, now), old);
  now += 1min;
  visit(its_new);
  EXPECT_EQ(served(), (std::set{its_new}));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(book.pick({50}, now), its_new);
}

TEST_F(MovedNode, TheOldOneIsServedAgainWhenTheNewOneCannotBeReached) {
  say(its_new);
  EXPECT_TRUE(served().empty()) << "nobody else has the key";
  fail(its_new);
  EXPECT_EQ(served(), (std::set{old}));
}

TEST_F(MovedNode, WhatOthersSayOfAProvenIdIsRefusedAsBefore) {
  EXPECT_EQ(hear(its_new, "66.6.6.6"), Added::proven_elsewhere);
  EXPECT_TRUE(book.to_visit(now).empty());
  EXPECT_EQ(served(), (std::set{old}));
  say(its_new);
  visit(its_new);
  EXPECT_EQ(hear(address(1, "9.9.9.9"), "66.6.6.6"), Added::proven_elsewhere);
}

TEST_F(MovedNode, AnIdHasFourAddressesAtMostAndTheNewestStay) {
  for (std::uint32_t i = 1; i <= 20; ++i) {
    now += 1h;
    const NetAddress next = address(1, "6." + std::to_string(i) + ".1.1");
    ASSERT_EQ(say(next), Added::added);
    make_tried(next);
    EXPECT_LE(book.find(numbered_id(1)).size(), 4u);
    EXPECT_TRUE(book.find(next));
  }
}

TEST_F(FirstHand, MovesAreBoundedAndOneOfANeighbourhoodAtATime) {
  const auto number = [](std::uint32_t i) { return static_cast<std::uint8_t>(i); };
  for (std::uint32_t i = 1; i <= 100; ++i) {
    const NetAddress old{numbered_id(i), {IpAddress::v4(20, number(i), 1, 1), 26656}};
    hear(old);
    visit(old);
  }
  now += 1h;
  const auto move = [&](std::uint32_t i, const IpAddress& to) {
    say({numbered_id(i), {to, 26656}});
  };
  for (std::uint32_t i = 1; i <= 10; ++i) move(i, IpAddress::v4(30, 1, 1, number(i)));
  EXPECT_EQ(book.to_visit(now).size(), 2u) << "of one neighbourhood the newest";
  for (std::uint32_t i = 1; i <= 100; ++i) move(i, IpAddress::v4(40, number(i), 1, 1));
  EXPECT_LE(book.to_visit(now).size(), 3 * Moves::kMaxMoves);
  EXPECT_GT(book.to_visit(now).size(), Moves::kMaxMoves);
  now += kMoveLimit + 1s;
  EXPECT_TRUE(book.to_visit(now).empty());
}

// --- was it us? ---

TEST_F(FirstHand, AFailureCountsWhileAnythingElseOfOursWorks) {
  const NetAddress dead = scattered(1);
  hear(dead);
  for (int i = 0; i < 10; ++i) {
    now += 10min;
    fail(dead);
  }
  EXPECT_EQ(book.find(dead)->failures, 1u) << "nothing says that our own network works";
  for (int i = 0; i < 10; ++i) {
    now += 10min;
    book.note_heard(now);
    now += kHeardLately;
    fail(dead);
  }
  EXPECT_EQ(book.find(dead)->failures, 11u);
  now += 1s;
  fail(dead);
  EXPECT_EQ(book.find(dead)->failures, 11u);
}

}  // namespace
}  // namespace peerage::addrbook
