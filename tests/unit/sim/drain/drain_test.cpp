// A node that runs for days keeps its outbound set full.
#include "tests/sim/drain/drain.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace peerage::sim::drain {
namespace {

struct DrainTest : testing::Test {
  test::TemporaryDirectory directory;
  DrainPlan plan;
};

TEST_F(DrainTest, TheSetStaysFullAmongNodesThatComeAndGoAndOutagesOfItsOwn) {
  plan.days = 2;
  plan.blackouts_a_day = 3;
  const Drained drained = run_drain(plan, 1, directory / "");
  EXPECT_GE(drained.blackouts, 2u) << "little happened";
  EXPECT_GE(drained.full, kPromisedFull);
  EXPECT_LE(drained.refill_max, kPromisedRefill);
  EXPECT_TRUE(drained.holds());
}

TEST_F(DrainTest, ItStaysFullWhenTheOnlySeedVanishes) {
  plan.days = 2;
  plan.world.seeds = 1;
  plan.seeds_die = {12h};
  EXPECT_TRUE(run_drain(plan, 1, directory / "").holds());
}

// The check can fail: nobody keeps a set full of nodes that stay for some minutes.
TEST_F(DrainTest, AWorldWithoutRestDrainsIt) {
  plan.days = 0.1;
  plan.world.nodes = 300;
  plan.world.session = 3min;
  plan.world.absence = 8h;
  plan.world.restarts = 0;
  EXPECT_FALSE(run_drain(plan, 1, directory / "").holds());
}

}  // namespace
}  // namespace peerage::sim::drain
