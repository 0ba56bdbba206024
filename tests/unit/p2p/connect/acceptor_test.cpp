#include "p2p/connect/acceptor.h"

#include <gtest/gtest.h>

#include "tests/support/connecting_node.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using test::ConnectingNode;
using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

struct AcceptorTest : testing::Test {
  sim::SimWorld world{5};
  ConnectingNode here{world.add_host({IpAddress::v4(10, 0, 0, 1)}), 1};
  ConnectingNode there{world.add_host({IpAddress::v4(10, 1, 0, 1)}), 2};

  void SetUp() override {
    ASSERT_TRUE(here.listen());
    there.runner.open();
  }
  void TearDown() override {
    here.acceptor.close();
    there.runner.close();
  }
  void dial_here() {
    ASSERT_TRUE(there.dialer.request(here.address(), DialPurpose::requested, world.now()));
    there.runner.wake();
  }
};

TEST_F(AcceptorTest, ANodeThatProvesItselfIsHandedOverAndThenItsHandshakeIsOver) {
  dial_here();
  world.run_for(1s);
  EXPECT_EQ(here.arrivals.lines, (Lines{"proven", "over: 10.1.0.1"}));
  ASSERT_EQ(here.arrivals.nodes.size(), 1u);
  EXPECT_EQ(here.arrivals.nodes[0].summary().id, there.id());
  EXPECT_EQ(here.arrivals.nodes[0].direction, Direction::inbound);
  EXPECT_EQ(here.counters.get(Counter::accepted), 1u);
  EXPECT_EQ(here.admission.half_open().size(), 0u);
}

TEST_F(AcceptorTest, AHandshakeThatComesToNothingFailsAndIsOverAtItsDeadline) {
  dial_here();
  world.run_until([&] { return here.admission.half_open().size() == 1; }, 1s);
  world.black_hole(here.host.address(), there.host.address());
  world.run_for(kHandshakeTimeout - 1s);
  EXPECT_EQ(here.arrivals.lines, Lines{});
  EXPECT_EQ(here.admission.half_open().size(), 1u);
  world.run_for(2s);
  ASSERT_EQ(here.arrivals.lines.size(), 2u);
  EXPECT_EQ(here.arrivals.lines[0].substr(0, 7), "failed:");
  EXPECT_EQ(here.arrivals.lines[1], "over: 10.1.0.1");
  EXPECT_EQ(here.admission.half_open().size(), 0u);
}

TEST_F(AcceptorTest, AHostThatIsBannedIsRefusedOnArrivalAndNothingElseIsSaidOfIt) {
  ASSERT_TRUE(here.admission.bans().add(
      {conn::Cidr(there.host.address()), world.now() + 1h, "a test", conn::BanOrigin::operator_},
      world.now()));
  dial_here();
  world.run_for(1s);
  EXPECT_EQ(here.arrivals.lines, Lines{"refused on arrival: banned"});
  EXPECT_EQ(here.counters.get(Counter::refused_at_accept), 1u);
}

TEST_F(AcceptorTest, WhatClosingEndsIsNotReported) {
  dial_here();
  world.run_until([&] { return here.admission.half_open().size() == 1; }, 1s);
  here.acceptor.close();
  world.run_for(1min);
  EXPECT_EQ(here.arrivals.lines, Lines{});
  EXPECT_EQ(here.admission.half_open().size(), 0u);
}

}  // namespace
}  // namespace peerage::p2p
