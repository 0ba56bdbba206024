// The parts of the experiment that need no world.
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/sim/eclipse/in_child.h"
#include "tests/sim/eclipse/outcome.h"
#include "tests/sim/eclipse/plans.h"
#include "tests/sim/eclipse/policies.h"
#include "tests/sim/eclipse/report.h"
#include "tests/sim/eclipse/statistics.h"

namespace peerage::sim::eclipse {
namespace {

TEST(EclipseStatistics, WilsonIntervalsAreThoseOfTextbooks) {
  const Interval half = wilson(10, 20);
  EXPECT_NEAR(half.low, 0.2993, 1e-4);
  EXPECT_NEAR(half.high, 0.7007, 1e-4);
  const Interval none = wilson(0, 200);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.01885, 1e-5);
  const Interval all = wilson(20, 20);
  EXPECT_NEAR(all.low, 0.8389, 1e-4);
  EXPECT_EQ(all.high, 1);
  EXPECT_EQ(wilson(0, 0).high, 1) << "nothing is known";
}

TEST(EclipseStatistics, AMedianIsTheMiddleOrBetweenTheTwo) {
  EXPECT_EQ(median({}), std::nullopt);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(mean({1, 2, 6}), 3);
}

TEST(EclipsePlans, AnAttackerIsWrittenAsAddressesAndGroups) {
  const AttackPlan plan = parse_attack("512/64");
  EXPECT_EQ(plan.addresses, 512u);
  EXPECT_EQ(plan.groups, 64u);
  EXPECT_EQ(plan.text(), "512/64");
  for (const char* wrong : {"512", "512/", "/64", "64/512", "0/0", "a/b", "512/64x"}) {
    EXPECT_THROW(parse_attack(wrong), std::invalid_argument) << wrong;
  }
}

TEST(EclipsePlans, StrategiesHaveNumbersAndNames) {
  EXPECT_EQ(parse_tactics("s1,s7"), (Tactics{Tactic::self_report, Tactic::seed_poisoning}));
  EXPECT_EQ(parse_tactics("trash"), Tactics{Tactic::trash});
  EXPECT_EQ(parse_tactics("all").size(), 7u);
  for (const Tactic each : all_tactics()) {
    EXPECT_EQ(parse_tactics(std::string(name(each))), Tactics{each});
  }
  EXPECT_THROW(parse_tactics("s8"), std::invalid_argument);
}

TEST(EclipsePlans, AgesAreHoursOrDays) {
  EXPECT_EQ(parse_age("fresh"), conn::Duration(0));
  EXPECT_EQ(parse_age("6h"), 6h);
  EXPECT_EQ(parse_age("30d"), 720h);
  for (const char* each : {"fresh", "6h", "1d", "30d"}) EXPECT_EQ(age_text(parse_age(each)), each);
  EXPECT_THROW(parse_age("old"), std::invalid_argument);
}

TEST(EclipsePolicies, AreFoundByNameAndInSets) {
  EXPECT_EQ(policies().front().name, "ours");
  EXPECT_THROW(policy("nobody's"), std::invalid_argument);
  EXPECT_EQ(parse_policies("all").size(), policies().size());
  EXPECT_LT(parse_policies("ablations").size(), policies().size());
  // A few addresses need many IDs where nothing limits them.
  EXPECT_EQ(policy("ours").ids_for(10), 2u);
  EXPECT_EQ(policy("no-host-caps").ids_for(10), 2000u);
  EXPECT_EQ(policy("no-host-caps").ids_for(4000), 5u);
}

TEST(EclipseOutcome, SurvivesBeingText) {
  Outcome outcome;
  outcome.checkpoints = {{1, false, {0.1, 0.2, 0.3, 0.4, 0.5, 6, 7}, {}, Restart{true, 0.5}},
                         {72, true, {}, Restart{false, 0.25}, {}}};
  outcome.eclipsed_at = 12.5;
  outcome.trace = ~std::uint64_t{0};
  outcome.visits = 7;
  const Outcome back = Outcome::from_text(outcome.to_text());
  EXPECT_EQ(back.to_text(), outcome.to_text());
  EXPECT_EQ(back.checkpoints.at(0).standing.known, 7u);
  EXPECT_TRUE(back.checkpoints.at(0).timed->eclipsed);
  EXPECT_EQ(back.checkpoints.at(0).plain, std::nullopt);
  EXPECT_EQ(back.trace, outcome.trace);
  EXPECT_EQ(back.full_at, std::nullopt);
  EXPECT_THROW(Outcome::from_text("{}"), std::invalid_argument);
}

TEST(EclipseReport, CountsHitsAndTakesMeans) {
  Outcome hit, miss;
  hit.checkpoints = {{1, true, {.in_new = 0.4, .outbound = 1}, Restart{true, 1}, Restart{true, 1}}};
  hit.eclipsed_at = 0.5;
  miss.checkpoints = {{1, false, {.in_new = 0.2}, Restart{false, 0.5}, Restart{true, 0.5}}};
  const Summary summary = summarize({"ours", parse_attack("10/1"), 24h}, {hit, miss});
  ASSERT_EQ(summary.rows.size(), 1u);
  const Row& row = summary.rows.front();
  EXPECT_EQ(row.eclipsed.hits, 1u);
  EXPECT_EQ(row.restart.hits, 1u);
  EXPECT_EQ(row.timed.hits, 2u);
  EXPECT_DOUBLE_EQ(row.mean.in_new, 0.3);
  EXPECT_DOUBLE_EQ(row.outbound_after_restart, 0.75);
  EXPECT_EQ(summary.hours_to_eclipse, 0.5);
  EXPECT_NE(as_table({summary}).find("ours, attacker 10/1, victim 1d: 2 trials"),
            std::string::npos);
  const auto curves = as_curves({summary});
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_EQ(curves[0].name, "ours, 10/1, 1d");
  EXPECT_EQ(curves[0].points, (std::vector<std::pair<double, double>>{{0, 0}, {1, 0.5}}));
}

TEST(EclipseChildren, WhatAChildDoesWeHaveNotDone) {
  int number = 1;
  EXPECT_EQ(in_child([&number] { return std::to_string(++number); }), "2\n");
  EXPECT_EQ(number, 1);
}

TEST(EclipseChildren, AFailureOfAChildIsOurs) {
  testing::internal::CaptureStderr();
  EXPECT_THROW(in_child([]() -> std::string { throw std::logic_error("on purpose"); }),
               std::runtime_error);
  (void)testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace peerage::sim::eclipse
