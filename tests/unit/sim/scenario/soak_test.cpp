// A small soak: its own program checks what it finds (tests/sim); here, that one seed is one run.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/sim/scenario/scenario.h"

namespace peerage::sim {
namespace {

double trace_of(std::uint64_t seed) {
  ScenarioOptions options;
  options.nodes = 12;
  options.hours = 2;
  options.seed = seed;
  const Report report = soak(options);
  const auto found = std::find_if(report.figures.begin(), report.figures.end(),
                                  [](const Figure& figure) { return figure.name == "trace hash"; });
  return found == report.figures.end() ? 0 : found->value;
}

TEST(Soak, OneSeedIsOneRunAndAnotherSeedIsAnother) {
  const double trace = trace_of(1);
  EXPECT_NE(trace, 0);
  EXPECT_EQ(trace_of(1), trace);
  EXPECT_NE(trace_of(2), trace);
}

}  // namespace
}  // namespace peerage::sim
