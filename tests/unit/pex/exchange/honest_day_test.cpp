// Honest nodes among themselves for a day: no node ever has a reason to ban another.
#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/effort.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using test::PexNode;

const int kHours = test::by_effort<int>({.whole = 24, .usual = 6, .sanitized = 4});
const auto kDays = test::by_effort<std::uint64_t>({.whole = 20, .usual = 20, .sanitized = 1});

// Fifty nodes and two seeds; each number is the seed of another day.
class HonestDay : public test::PexWorld, public testing::WithParamInterface<std::uint64_t> {
 protected:
  static constexpr std::size_t kNodes = 50;

  HonestDay() : PexWorld(GetParam()) {}

  std::size_t bans = 0;
  std::size_t dropped_for_abuse = 0;

  void watch(PexNode& node) {
    node.on_event = [this](const p2p::SwitchEvent& event) {
      if (std::holds_alternative<p2p::Banned>(event)) ++bans;
      if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
        if (gone->why.reason == p2p::PeerReason::misbehaved) ++dropped_for_abuse;
      }
    };
  }
  bool is_full(const PexNode& node) const { return node.outbound() >= 10; }
  bool all_full() const {
    return std::all_of(nodes.begin() + 2, nodes.end(),
                       [this](const auto& node) { return is_full(*node); });
  }
};

TEST_P(HonestDay, BringsNoBanNoAbuseAndFullOutboundSetsWithinFiveMinutes) {
  PexNode& first = add(seed_plan());
  PexNode& second = add(seed_plan());
  for (std::size_t i = 0; i < kNodes; ++i) {
    PexNode::Plan plan = plan_with_seeds({first.address(), second.address()});
    // Most of a day in virtual time would be pings, which have tests of their own.
    plan.node.liveness.ping_interval = 30min;
    add(plan);
  }
  for (const auto& node : nodes) watch(*node);
  EXPECT_TRUE(until([this] { return all_full(); }, 5min));
  for (int hour = 0; hour < kHours; ++hour) {
    // A node starts again, with an empty book: it asks as a new one.
    const std::size_t chosen = 2 + world.random() % kNodes;
    PexNode& node = *nodes[chosen];
    restart(node);
    watch(node);
    EXPECT_TRUE(until([&] { return is_full(node); }, 5min)) << "in hour " << hour;
    world.run_for(55min);
  }
  EXPECT_EQ(bans, 0u);
  EXPECT_EQ(dropped_for_abuse, 0u);
}

INSTANTIATE_TEST_SUITE_P(Days, HonestDay, testing::Range<std::uint64_t>(1, kDays + 1));

}  // namespace
}  // namespace peerage::pex
