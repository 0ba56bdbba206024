// A small price list: hours instead of a day, and the attackers that are nearest to what is
// promised.
#include <gtest/gtest.h>

#include "tests/sim/slots/report.h"
#include "tests/sim/slots/trial.h"

namespace peerage::sim::slots {
namespace {

NodePlan three_hours() {
  NodePlan node;
  node.hours = 3;
  return node;
}

TEST(Slots, FortyPoliteHostsInNetworksOfTheirOwnKeepNoNewcomerOut) {
  const Outcome outcome = play(three_hours(), {40, 40, Manner::polite}, 1);
  EXPECT_GT(outcome.newcomers, 1'500u);
  EXPECT_EQ(outcome.wait_p95, 0);
  EXPECT_EQ(outcome.lost, 0);
  EXPECT_LT(outcome.held, 15);
}

TEST(Slots, NewcomersAreAdmittedForAllAttackersWithLessThanHalfOfTheNetworks) {
  NodePlan node = three_hours();
  node.hours = 1;
  for (const Manner manner : {Manner::polite, Manner::busy}) {
    for (const std::size_t networks : {16u, 256u}) {
      const Outcome outcome = play(node, {512, networks, manner}, 1);
      EXPECT_TRUE(outcome.wait_promised());
      EXPECT_LE(outcome.wait_p95, kMostWait) << text(manner) << " " << networks;
      EXPECT_LE(outcome.held, 25);
    }
  }
}

TEST(Slots, NoPeerOfLongStandingIsLostEvenToFourThousandNetworks) {
  NodePlan node = three_hours();
  node.hours = 0.5;
  for (const Manner manner : {Manner::polite, Manner::busy}) {
    const Outcome outcome = play(node, {4'096, 4'096, manner}, 1);
    EXPECT_FALSE(outcome.wait_promised());
    EXPECT_GT(outcome.day_old, 95);
    EXPECT_EQ(outcome.lost, 0);
    EXPECT_TRUE(outcome.holds());
  }
}

TEST(Slots, ADefaultNodeWithFortySlotsKeepsItsPeersAndAdmitsNewcomers) {
  NodePlan node = three_hours();
  node.slots = 40;
  node.long_lived = 25;
  const Outcome outcome = play(node, {512, 180, Manner::busy}, 1);
  EXPECT_TRUE(outcome.wait_promised());
  EXPECT_TRUE(outcome.holds());
}

TEST(Slots, AnAttackerThatIsThereFirstHoldsWhatIsProtectedAndKeepsNoNewcomerOut) {
  NodePlan node = three_hours();
  node.hours = 1;
  AttackPlan attack = {1'000, 16, Manner::polite};
  attack.begins = AttackPlan::Begins::first;
  const Outcome outcome = play(node, attack, 1);
  EXPECT_GT(outcome.held, 60) << "as the price list says";
  EXPECT_LE(outcome.held, 80) << "three quarters, and its share of the rest";
  EXPECT_EQ(outcome.wait_p95, 0);
}

TEST(Slots, PeersThatAreProtectedByAgeStayThoughOnlyTheAttackersAreUseful) {
  NodePlan node = three_hours();
  node.hours = 1;
  node.long_lived = 80;  // as many as that share has
  node.useful = NodePlan::Useful::attackers;
  const Outcome outcome = play(node, {100, 16, Manner::busy}, 1);
  EXPECT_EQ(outcome.lost, 0);
  EXPECT_GT(outcome.day_old, 75);
  EXPECT_TRUE(outcome.holds());
}

TEST(Slots, TenTimesAsManyAttemptsGainNothing) {
  NodePlan node = three_hours();
  node.hours = 0.25;
  AttackPlan attack = {10'000, 256, Manner::busy};
  const Outcome usual = play(node, attack, 1);
  attack.a_second = 100;
  const Outcome hasty = play(node, attack, 1);
  EXPECT_TRUE(hasty.holds());
  EXPECT_NEAR(hasty.held, usual.held, 3);
  EXPECT_EQ(hasty.lost, 0);
}

TEST(Slots, WhoComesToAFullNodeInQuietTimesStaysForMinutes) {
  NodePlan node = three_hours();
  node.slots = 40;
  node.long_lived = 40;
  node.newcomers = 0.1;
  const Outcome outcome = play(node, {1, 1, Manner::polite}, 1);
  EXPECT_EQ(outcome.wait_p95, 0);
  EXPECT_GT(outcome.stay_p50, 300);
}

TEST(Slots, TheFiguresNoticeANodeThatRefusesWhenItIsFull) {
  NodePlan node = three_hours();
  node.full_inbound = p2p::FullInbound::refuse;
  const Outcome outcome = play(node, {512, 256, Manner::busy}, 1);
  EXPECT_EQ(outcome.wait_p95, kGivenUp);
  EXPECT_FALSE(outcome.holds());
}

TEST(Slots, MorePeersOfLongStandingThanAreProtectedAreLost) {
  NodePlan node = three_hours();
  node.slots = 100;
  node.hours = 1;
  node.newcomers = 0;  // they would have displaced them before the attack
  const Outcome outcome = play(node, {512, 256, Manner::busy}, 1);
  EXPECT_GT(outcome.lost, kMostLost);
  EXPECT_FALSE(outcome.holds());
}

TEST(Slots, ARunRepeatsItself) {
  NodePlan node = three_hours();
  node.hours = 0.25;
  const AttackPlan attack = {512, 256, Manner::busy};
  const Row first = {attack, play(node, attack, 7)};
  const Row again = {attack, play(node, attack, 7)};
  const Row other = {attack, play(node, attack, 8)};
  EXPECT_EQ(as_json(node, {first}), as_json(node, {again}));
  EXPECT_NE(as_json(node, {first}), as_json(node, {other}));
}

}  // namespace
}  // namespace peerage::sim::slots
