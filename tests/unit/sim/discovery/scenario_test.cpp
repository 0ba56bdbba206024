// Small networks: seconds instead of minutes. The campaigns `discovery…` have the promised sizes.
#include "tests/sim/discovery/scenario.h"

#include <gtest/gtest.h>

#include "tests/sim/discovery/stage.h"

namespace peerage::sim::discovery {
namespace {

Options options_of(std::size_t nodes, std::uint64_t seed = 1) {
  Options options;
  options.nodes = nodes;
  options.seed = seed;
  return options;
}

const Scenario& scenario_of(std::string_view name) {
  for (const Scenario& each : scenarios()) {
    if (each.name == name) return each;
  }
  throw std::invalid_argument(std::string(name));
}

void expect_to_hold(std::string_view name, const Options& options) {
  const Report report = run(scenario_of(name), options);
  EXPECT_TRUE(report.holds()) << report.text();
}

void expect_to_notice(std::string_view name, Options options, Fault fault) {
  options.fault = fault;
  const Report report = run(scenario_of(name), options);
  EXPECT_FALSE(report.holds()) << report.text();
}

TEST(DiscoveryScenario, TheSameSeedGivesTheSameRunToTheLastDatagram) {
  const auto trace = [](std::uint64_t seed) {
    Options options = options_of(12, seed);
    options.minutes = 2;
    const Report report = run(scenario_of("steady"), options);
    for (const Figure& each : report.figures) {
      if (each.name == "trace hash") return each.value;
    }
    return 0.0;
  };
  EXPECT_EQ(trace(1), trace(1));
  EXPECT_NE(trace(1), trace(2));
}

TEST(DiscoveryScenario, NodesWithOneBootNodeFindOneAnotherAndAreQuietThen) {
  expect_to_hold("steady", options_of(60));
}

TEST(DiscoveryScenario, WithoutRandomTargetsTablesStayEmpty) {
  expect_to_notice("steady", options_of(60), Fault::own_lookups_only);
}

TEST(DiscoveryScenario, OpenNodesFindOneAnotherAmongThoseBehindNats) {
  expect_to_hold("nat", options_of(40));
}

TEST(DiscoveryScenario, ANewcomerHasSixteenCandidatesWithinSecondsAndWithoutRecordsNone) {
  expect_to_hold("cold-start", options_of(60));
  expect_to_notice("cold-start", options_of(60), Fault::no_records);
}

}  // namespace
}  // namespace peerage::sim::discovery
