#include "p2p/connect/dial_runner.h"

#include <gtest/gtest.h>

#include "tests/support/connecting_node.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using test::ConnectingNode;
using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

struct DialRunnerTest : testing::Test {
  sim::SimWorld world{5};
  ConnectingNode here{world.add_host({IpAddress::v4(10, 0, 0, 1)}), 1};
  ConnectingNode there{world.add_host({IpAddress::v4(10, 1, 0, 1)}), 2};

  void SetUp() override { ASSERT_TRUE(there.listen()); }
  void TearDown() override {
    here.runner.close();
    there.acceptor.close();
  }
  void request() {
    ASSERT_TRUE(here.dialer.request(there.address(), DialPurpose::requested, world.now()));
    here.runner.wake();
  }
};

TEST_F(DialRunnerTest, NoDialBeginsBeforeItIsOpen) {
  request();
  world.run_for(1min);
  EXPECT_EQ(here.dials.lines, Lines{});
  here.runner.open();
  EXPECT_EQ(here.dials.lines, Lines{"began"});
}

TEST_F(DialRunnerTest, ANodeThatProvesItselfIsHandedOverAndIsStillUnderWay) {
  here.runner.open();
  request();
  world.run_for(1s);
  EXPECT_EQ(here.dials.lines, (Lines{"began", "proven"}));
  ASSERT_EQ(here.dials.nodes.size(), 1u);
  EXPECT_EQ(here.dials.nodes[0].summary().id, there.id());
  EXPECT_EQ(here.dials.nodes[0].direction, Direction::outbound);
  EXPECT_TRUE(here.dialer.is_dialling(there.id())) << "until it is admitted, or not";
}

TEST_F(DialRunnerTest, ADialThatFailsIsReportedWithItsReason) {
  there.acceptor.close();
  here.runner.open();
  request();
  world.run_for(1s);
  EXPECT_EQ(here.dials.lines, (Lines{"began", "failed: connection_refused"}));
  EXPECT_FALSE(here.dialer.is_dialling(there.id()));
}

TEST_F(DialRunnerTest, OneThatMayNotBeEndsLaterThanTheCallThatBeganIt) {
  ASSERT_TRUE(here.admission.bans().add(
      {there.id(), world.now() + 1h, "a test", conn::BanOrigin::operator_}, world.now()));
  here.runner.open();
  request();
  EXPECT_EQ(here.dials.lines, Lines{"began"});
  world.run_for(1s);
  EXPECT_EQ(here.dials.lines, (Lines{"began", "failed: banned"}));
  EXPECT_EQ(there.counters.get(Counter::accepted), 0u);
}

TEST_F(DialRunnerTest, APersistentPeerIsDialledAgainInTimeWithoutBeingWoken) {
  there.acceptor.close();
  here.marks.add(Mark::persistent, there.id());
  ASSERT_TRUE(here.dialer.add_persistent(there.address(), world.now()));
  here.runner.open();
  world.run_for(3 * kPersistentPause / 2);
  EXPECT_EQ(here.dials.lines,
            (Lines{"began", "failed: connection_refused", "began", "failed: connection_refused"}));
}

TEST_F(DialRunnerTest, ClosedItReportsNothingMoreAndBeginsNothing) {
  here.runner.open();
  request();
  here.runner.close();
  here.runner.wake();
  world.run_for(1min);
  EXPECT_EQ(here.dials.lines, Lines{"began"});
}

}  // namespace
}  // namespace peerage::p2p
