#include "tests/sim/scenario/scenario.h"

#include <gtest/gtest.h>

#include "tests/sim/scenario/stage.h"

namespace peerage::sim {
namespace {

ScenarioOptions options_of(std::size_t nodes, double hours, std::uint64_t seed = 1) {
  ScenarioOptions options;
  options.nodes = nodes;
  options.hours = hours;
  options.seed = seed;
  return options;
}

double value_of(const Report& report, std::string_view name) {
  for (const Figure& each : report.figures) {
    if (each.name == name) return each.value;
  }
  for (const Check& each : report.checks) {
    if (each.name == name) return each.value;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

// None of them is about how peers prove their IDs, which is half of what they would cost.
class ScenarioTest : public testing::Test {
 protected:
  ScenarioTest() { use_cryptography(Cryptography::cheap); }
  ~ScenarioTest() override { use_cryptography(Cryptography::real); }
};

TEST_F(ScenarioTest, TheSameSeedGivesTheSameRunToTheLastEvent) {
  const Report first = cold_start(options_of(20, 0.1)), again = cold_start(options_of(20, 0.1));
  EXPECT_EQ(value_of(first, "trace hash"), value_of(again, "trace hash"));
  EXPECT_EQ(first.csv(), again.csv());
  const Report other = cold_start(options_of(20, 0.1, 2));
  EXPECT_NE(value_of(first, "trace hash"), value_of(other, "trace hash"));
}

TEST_F(ScenarioTest, AColdStartEndsWithFullSets) {
  const Report report = cold_start(options_of(60, 0.25));
  EXPECT_TRUE(report.holds()) << report.text();
}

TEST_F(ScenarioTest, ACrowdAtOneSeedIsServedAndWithoutJitterItIsNot) {
  ScenarioOptions options = options_of(300, 0.1);
  const Report report = flash_crowd(options);
  EXPECT_TRUE(report.holds()) << report.text();
  options.fault = Fault::no_jitter;
  const Report planted = flash_crowd(options);
  EXPECT_FALSE(planted.holds()) << planted.text();
}

TEST_F(ScenarioTest, PeersThatRestartAreDialledAgainAndWithoutStickyRedialTheyAreNot) {
  // Of fewer nodes so few restart in so short a time that the share depends on which they are.
  use_cryptography(Cryptography::real);
  ScenarioOptions options = options_of(100, 2);
  const Report report = churn(options);
  EXPECT_TRUE(report.holds()) << report.text();
  options.fault = Fault::no_sticky_redial;
  const Report planted = churn(options);
  EXPECT_FALSE(planted.holds()) << planted.text();
}

TEST_F(ScenarioTest, OneCompanysClaimsFillNoBookAndWhereTheyAreBelievedTheyDo) {
  ScenarioOptions options = options_of(60, 0.5);
  const Report report = false_claims(options);
  EXPECT_TRUE(report.holds()) << report.text();
  options.fault = Fault::source_from_claim;
  const Report planted = false_claims(options);
  EXPECT_FALSE(planted.holds()) << planted.text();
}

TEST_F(ScenarioTest, LargeWorldsHaveCheapCryptographyAndSaySo) {
  use_cryptography(Cryptography::real);
  const Scenario* const scenario = find_scenario("cold-start");
  ScenarioOptions options = options_of(20, 0.1);
  EXPECT_EQ(run(*scenario, options).title.find("cheap"), std::string::npos);
  options.cryptography = Cryptography::cheap;
  EXPECT_NE(run(*scenario, options).title.find("cheap"), std::string::npos);
  EXPECT_EQ(cryptography(), Cryptography::real) << "as it was before";
}

TEST_F(ScenarioTest, TwoPartsOfANetworkMeetAgain) {
  const Report report = partition(options_of(60, 7.25));
  EXPECT_TRUE(report.holds()) << report.text();
}

TEST_F(ScenarioTest, ANetworkOutlivesItsSeedsAndTakesNewcomersInWhenTheyAreBack) {
  const Report report = seed_loss(options_of(50, 4));
  EXPECT_TRUE(report.holds()) << report.text();
}

TEST_F(ScenarioTest, OursAndGoNodesAreOneNetworkWithoutABan) {
  const Report report = mixed(options_of(40, 1));
  EXPECT_TRUE(report.holds()) << report.text();
}

TEST_F(ScenarioTest, EachIsFoundByItsName) {
  for (const Scenario& each : scenarios()) EXPECT_EQ(find_scenario(each.name), &each);
  EXPECT_EQ(find_scenario("no such"), nullptr);
}

TEST(StageTest, ANodeThatIsCutOffIsNoPartOfTheLargestComponent) {
  ScenarioOptions options = options_of(20, 1);
  Stage stage("test", options);
  stage.add_seeds(1);
  stage.add_nodes(20);
  stage.go_on(2min, 10s);
  EXPECT_EQ(stage.population.state().largest, 20u);
  const IpAddress lonely = stage.population.at(5).ip();
  stage.internet.split([lonely](const IpAddress& ip) { return ip == lonely; });
  stage.go_on(1h, 10min);
  EXPECT_EQ(stage.population.state().largest, 19u);
  EXPECT_LT(stage.lowest_connected(), 1.0);
  stage.internet.heal();
  stage.go_on(10min, 10min);
  EXPECT_EQ(stage.population.state().largest, 20u);
}

TEST(StageTest, ACrashLeavesNothingBehindAndTheNodeComesBack) {
  ScenarioOptions options = options_of(12, 1);
  Stage stage("test", options);
  stage.add_seeds(1);
  stage.add_nodes(12);
  stage.go_on(2min, 10s);
  for (int times = 0; times < 3; ++times) {
    Member& member = stage.population.at(3);
    member.crash(Member::Disk::lost);
    EXPECT_EQ(member.state(), Member::State::down);
    stage.go_on(20s, 10s);
    EXPECT_EQ(stage.population.state().running, 11u);
    member.start();
    stage.go_on(2min, 10s);
    EXPECT_EQ(stage.population.state().largest, 12u);
    member.stop();
    stage.go_on(10s, 10s);
    EXPECT_EQ(member.state(), Member::State::down);
    member.start();
    stage.go_on(1min, 10s);
  }
}

TEST(InternetTest, MostAddressesLieInAFewNetworksAndNoneIsGivenTwice) {
  SimWorld world(5);
  Internet internet(world);
  std::set<IpAddress> all;
  std::size_t hosted = 0;
  for (int i = 0; i < 2000; ++i) {
    const IpAddress ip = internet.draw();
    EXPECT_TRUE(all.insert(ip).second);
    hosted += ip.v4_bytes()[0] == 3 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(hosted), 1200, 100);
}

}  // namespace
}  // namespace peerage::sim
