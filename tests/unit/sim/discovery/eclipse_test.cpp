// A small eclipse: an hour and few IDs. `peerage-sim discovery eclipse` has the day of the tables
// in spec/eclipse.md.
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/sim/cheap_crypto.h"
#include "tests/sim/discovery/eclipse/report.h"

namespace peerage::sim::discovery {
namespace {

class DiscoveryEclipse : public testing::Test {
 protected:
  DiscoveryEclipse() { use_cryptography(Cryptography::cheap); }
  ~DiscoveryEclipse() override { use_cryptography(Cryptography::real); }

  static EclipsePlan plan_of(const std::string& attacker, Age age) {
    EclipsePlan plan;
    plan.world.nodes = 40;
    plan.attack = parse_attack(attacker);
    plan.attack.ids = 1000;
    plan.age = age;
    plan.hours = 1;
    plan.warm_up = std::chrono::minutes(30);
    return plan;
  }
};

TEST_F(DiscoveryEclipse, TwoHostsAreTwoCandidatesHoweverManyIdsTheyHave) {
  const Outcome outcome = play(plan_of("2/2", Age::fresh));
  const Holding& last = outcome.holdings.back();
  EXPECT_GE(last.handed, 40u) << "all that are honest";
  EXPECT_LE(last.candidates * static_cast<double>(last.handed), 2.001);
  EXPECT_GT(last.records, 0.0) << "the attacker was there";
  EXPECT_LE(last.table * static_cast<double>(last.entries), 20.001) << "ten of a network";
}

TEST_F(DiscoveryEclipse, WithoutSharesOfNetworksTwoHostsHoldTheTable) {
  EclipsePlan plan = plan_of("2/2", Age::fresh);
  const double with = play(plan).holdings.back().table;
  plan.without = Without::network_shares;
  const double without = play(plan).holdings.back().table;
  EXPECT_LT(with, 0.5);
  EXPECT_GT(without, with + 0.1);
}

TEST_F(DiscoveryEclipse, ARestartUnderFloodLeavesTheHonestTheirPlaces) {
  EclipsePlan plan = plan_of("16/16", Age::restarted);
  const Outcome outcome = play(plan);
  // The attacker's IDs fill buckets in which there are no honest nodes.
  const Holding& first = outcome.holdings.front();
  EXPECT_GE((1 - first.table) * static_cast<double>(first.entries), 12) << "of the rows it kept";
  EXPECT_LT(outcome.holdings.back().candidates, 0.35) << "16 of 57 hosts are its own";
}

TEST_F(DiscoveryEclipse, ATrialRepeatsItself) {
  EclipsePlan plan = plan_of("2/2", Age::fresh);
  plan.hours = 0.1;
  EXPECT_EQ(as_json({{plan, play(plan)}}), as_json({{plan, play(plan)}}));
}

TEST(DiscoveryEclipsePlan, AnAttackerIsWrittenAsAddressesAndNetworks) {
  const AttackPlan plan = parse_attack("16/4");
  EXPECT_EQ(plan.addresses, 16u);
  EXPECT_EQ(plan.networks, 4u);
  EXPECT_EQ(plan.text(), "16/4");
  for (const char* const wrong : {"", "16", "16/0", "4/16", "16/4x", "1000/1"}) {
    EXPECT_THROW(parse_attack(wrong), std::invalid_argument) << wrong;
  }
}

TEST(DiscoveryEclipseReport, WhatIsPromisedIsAboutAsManyHostsAsItsShareAllows) {
  Row row;
  row.outcome.holdings = {{.hours = 24, .candidates = 0.03}};
  EXPECT_TRUE(row.promised()) << "two of 102";
  EXPECT_FALSE(row.holds());
  row.outcome.holdings.back().candidates = 0.0196;
  EXPECT_TRUE(row.holds());
  row.of.attack.addresses = 3;
  row.outcome.holdings.back().candidates = 0.03;
  EXPECT_FALSE(row.promised());
  EXPECT_TRUE(row.holds());
}

}  // namespace
}  // namespace peerage::sim::discovery
