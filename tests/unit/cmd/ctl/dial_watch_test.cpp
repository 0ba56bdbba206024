#include "cmd/ctl/dial_watch.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/switch_fixture.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::HostAddress;
using conn::Stage;
using p2p::PeerReason;
using Outcome = DialWatch::Outcome;
using Kind = Outcome::Kind;

// The watch hears what a test tells it; the switch itself dials where nobody answers.
class DialWatchTest : public test::SwitchFixture {
 protected:
  DialWatchTest() : node(add()) {
    world.set_link_rule([](const conn::IpAddress&, const conn::IpAddress&) {
      return sim::LinkPlan{.connect = sim::LinkPlan::Connect::ignored};
    });
    watch = std::make_shared<DialWatch>(*node.node, host_of(node).shard(0));
  }
  static HostAddress at(std::size_t number, std::uint16_t port = 26656) {
    std::string digits = std::to_string(number + 1);
    digits.insert(0, 40 - digits.size(), '0');
    return {*conn::NodeId::parse(digits), "203.0.113.7", port};
  }
  bool dial(const HostAddress& target, conn::Duration within = 10s) {
    return watch->dial(target, within, [this](const Outcome& is) { outcomes.push_back(is); });
  }
  void fails(const HostAddress& target, conn::Reason why = conn::Reason::connection_refused) {
    p2p::DialFailed failed;
    failed.target = target;
    failed.failure = {Stage::connect, why, ""};
    watch->on_event(failed);
  }

  test::SimNode& node;
  std::shared_ptr<DialWatch> watch;
  std::vector<Outcome> outcomes;
};

TEST_F(DialWatchTest, ADialThatFailsIsToldWithItsReasonAndTime) {
  ASSERT_TRUE(dial(at(1)));
  world.run_for(2s);
  fails(at(2));
  EXPECT_TRUE(outcomes.empty()) << "another's";
  fails(at(1));
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].kind, Kind::failed);
  EXPECT_EQ(outcomes[0].failure->reason, conn::Reason::connection_refused);
  EXPECT_EQ(outcomes[0].took, 2s);
  fails(at(1));
  EXPECT_EQ(outcomes.size(), 1u) << "once";
}

TEST_F(DialWatchTest, EachIsToldInItsOwnTimeThatThereIsNoOutcome) {
  ASSERT_TRUE(dial(at(1), 3s));
  ASSERT_TRUE(dial(at(2), 1s));
  world.run_for(999ms);
  EXPECT_TRUE(outcomes.empty());
  world.run_for(1ms);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].kind, Kind::too_late);
  EXPECT_EQ(outcomes[0].took, 1s);
  world.run_for(2s);
  EXPECT_EQ(outcomes.size(), 2u);
}

TEST_F(DialWatchTest, AWishForANodeThatIsBeingDialledWaitsForThatDial) {
  ASSERT_TRUE(dial(at(1)));
  fails(at(1), PeerReason::already_dialling);
  EXPECT_TRUE(outcomes.empty());
  fails(at(1, 1234));
  ASSERT_EQ(outcomes.size(), 1u) << "to whichever of its addresses";
  EXPECT_EQ(outcomes[0].failure->reason, conn::Reason::connection_refused);
}

TEST_F(DialWatchTest, ADialToAnotherAddressOfTheNodeIsAnothers) {
  ASSERT_TRUE(dial(at(1)));
  fails(at(1, 1234));
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(DialWatchTest, OneOfTwoDialsThatMetWaitsForTheConnectionThatStays) {
  ASSERT_TRUE(dial(at(1)));
  fails(at(1), PeerReason::lost_simultaneous_dial);
  world.run_for(1s);
  EXPECT_TRUE(outcomes.empty());
  world.run_for(10s);
  ASSERT_EQ(outcomes.size(), 1u) << "but no longer than it was told to";
  EXPECT_EQ(outcomes[0].kind, Kind::too_late);
}

TEST_F(DialWatchTest, SoManyAreWaitedForAndNoMore) {
  for (std::size_t i = 0; i < DialWatch::kMostWaiting; ++i) ASSERT_TRUE(dial(at(i)));
  EXPECT_FALSE(dial(at(1000)));
  fails(at(7));
  EXPECT_TRUE(dial(at(1000)));
}

TEST_F(DialWatchTest, WhoIsToldMayAskAgain) {
  std::size_t told = 0;
  watch->dial(at(1), 10s, [&](const Outcome&) {
    ++told;
    EXPECT_TRUE(dial(at(1)));
  });
  fails(at(1));
  EXPECT_EQ(told, 1u);
  EXPECT_TRUE(outcomes.empty());
  fails(at(1));
  EXPECT_EQ(outcomes.size(), 1u);
}

TEST_F(DialWatchTest, WhenItGoesNobodyIsTold) {
  ASSERT_TRUE(dial(at(1), 1s));
  watch.reset();
  world.run_for(5s);
  EXPECT_TRUE(outcomes.empty());
}

}  // namespace
}  // namespace peerage::cmd
