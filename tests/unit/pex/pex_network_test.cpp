// Whole nodes with peer exchange, in virtual time.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using PexNetwork = test::PexWorld;

TEST_F(PexNetwork, NodesThatKnowOnlyASeedFindEachOtherWithinAMinute) {
  PexNode& seed = add(seed_plan());
  for (int i = 0; i < 20; ++i) add(plan_with_seeds({seed.address()}));
  EXPECT_TRUE(until(
      [&] {
        for (std::size_t i = 1; i < nodes.size(); ++i) {
          if (nodes[i]->outbound() < 10 && nodes[i]->peers() < 19) return false;
        }
        return true;
      },
      60s));
}

TEST_F(PexNetwork, NodesThatStartTogetherWithTheirSeedFindEachOtherWithinSeconds) {
  PexNode& seed = add(seed_plan());
  for (int i = 0; i < 5; ++i) add(plan_with_seeds({seed.address()}));
  EXPECT_TRUE(until(
      [&] {
        return std::all_of(nodes.begin() + 1, nodes.end(),
                           [](const auto& node) { return node->peers() >= 4; });
      },
      8s));
}

TEST_F(PexNetwork, ANodeThatKnowsNoPeerAsksThreeSeedsAtOnce) {
  std::vector<conn::HostAddress> seeds;
  for (int i = 0; i < 5; ++i) seeds.push_back(add(seed_plan()).address());
  world.run_for(1s);
  PexNode& node = add(plan_with_seeds(seeds));
  std::set<conn::NodeId> asked;
  node.on_event = [&](const p2p::SwitchEvent& event) {
    if (const auto* dialled = std::get_if<p2p::Dialled>(&event)) asked.insert(dialled->target.id);
  };
  world.run_for(2s);
  EXPECT_EQ(asked.size(), 3u);
}

}  // namespace
}  // namespace peerage::pex
