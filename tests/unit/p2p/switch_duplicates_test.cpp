// Never two connections of one node: simultaneous dials, duplicates, and ourselves.
#include "p2p/base/peer_reason.h"
#include "p2p/peer/duplicate_connections.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::Reason;
using test::kEcho;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

using SwitchDuplicates = test::SwitchFixture;

TEST_F(SwitchDuplicates, TwoNodesThatDialEachOtherEndWithExactlyOneConnection) {
  for (std::uint32_t round = 0; round < 50; ++round) {
    SimNode& a = add_at(conn::IpAddress::v4(10, static_cast<std::uint8_t>(round), 1, 1));
    SimNode& b = add_at(conn::IpAddress::v4(10, static_cast<std::uint8_t>(round), 2, 1));
    sim::LinkPlan plan;
    plan.latency = std::chrono::milliseconds(1 + world.random() % 200);
    world.set_link(ip_of(a), ip_of(b), plan);
    a.node->dial(b.address());
    world.run_for(std::chrono::microseconds(world.random() % 400'000));
    b.node->dial(a.address());
    ASSERT_TRUE(until([&] { return connected(a, b); })) << round;
    world.run_for(10s);
    ASSERT_TRUE(connected(a, b)) << round;
    EXPECT_EQ(links_between(a, b), 1u) << round;
    // It does not flap: what was shown stayed, but for one that lost.
    EXPECT_LE(a.reactor->removes() + b.reactor->removes(), 2u) << round;
    a.peer(b)->try_send(kEcho, Bytes(10, 1));
    EXPECT_TRUE(until([&] { return b.reactor->received() == 1; })) << round;
  }
}

TEST_F(SwitchDuplicates, OfDialsAtTheSameMomentNeitherIsShownUntilOneIsLeft) {
  SimNode& a = add();
  SimNode& b = add();
  sim::LinkPlan plan;
  plan.latency = 50ms;
  world.set_link(ip_of(a), ip_of(b), plan);
  a.node->dial(b.address());
  b.node->dial(a.address());
  ASSERT_TRUE(until([&] { return connected(a, b); }));
  world.run_for(10s);
  EXPECT_EQ(a.reactor->inits(), 1u);
  EXPECT_EQ(b.reactor->inits(), 1u);
  // The one dialled by the lower ID stays.
  const Direction expected = a.id() < b.id() ? Direction::outbound : Direction::inbound;
  EXPECT_EQ(a.peer(b)->direction(), expected);
  EXPECT_EQ(links_between(a, b), 1u);
  // The one that lost is reported as such, or as closed by the other side, which came to the same.
  EXPECT_EQ(a.events<DialFailed>().size() + a.events<Refused>().size(), 1u);
}

TEST_F(SwitchDuplicates, ASecondConnectionOfALivePeerIsRefused) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(b, a));
  world.run_for(5s);
  // The same key elsewhere: a node that was copied.
  sim::SimHost& elsewhere = world.add_host({conn::IpAddress::v4(10, 77, 0, 1)});
  SimNode copy(elsewhere, 2);
  copy.start();
  until([&] { return copy.started.has_value(); });
  copy.node->dial(a.address());
  world.run_for(15s);
  EXPECT_EQ(a.refusal(), PeerReason::duplicate_id);
  EXPECT_EQ(a.peer(b)->socket().ip, ip_of(b));
  EXPECT_EQ(a.reactor->inits(), 1u);
  EXPECT_EQ(a.peers(), 1u);
  copy.stop();
  until([&] { return copy.stopped; });
}

TEST_F(SwitchDuplicates, ASecondConnectionOfADeadPeerReplacesItWithinAPingTimeout) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(b, a));
  world.run_for(5s);
  black_hole(a, b);
  // The node has lost its network silently, and comes back at another address.
  sim::SimHost& elsewhere = world.add_host({conn::IpAddress::v4(10, 77, 0, 1)});
  SimNode moved(elsewhere, 2);
  moved.start();
  until([&] { return moved.started.has_value(); });
  moved.node->dial(a.address());
  ASSERT_TRUE(until([&] { return a.peer(b) && a.peer(b)->socket().ip == elsewhere.address(); },
                    DuplicateConnections::kProbeTime + 2s));
  EXPECT_TRUE(until([&] { return a.reactor->inits() == 2; }));
  EXPECT_EQ(a.reactor->removes(), 1u);
  EXPECT_EQ(a.reactor->last_reason().reason, PeerReason::replaced);
  moved.stop();
  until([&] { return moved.stopped; });
  heal(a, b);
}

TEST_F(SwitchDuplicates, EndingAPeerThatIsGoneDoesNotEndTheNodesNextConnection) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  const PeerPtr first = a.peer(b);
  world.reset(ip_of(a), ip_of(b));
  ASSERT_TRUE(until([&] { return a.peers() == 0 && b.peers() == 0; }));
  world.run_for(1min);
  ASSERT_TRUE(connect(a, b));
  a.node->stop_peer(*first, {conn::Stage::established, PeerReason::misbehaved, {}});
  world.run_for(10s);
  EXPECT_TRUE(connected(a, b));
  a.node->stop_peer(*a.peer(b), {conn::Stage::established, PeerReason::misbehaved, {}});
  EXPECT_TRUE(until([&] { return a.peers() == 0; }));
}

TEST_F(SwitchDuplicates, ANodeDoesNotDialItselfByItsId) {
  SimNode& a = add();
  a.node->dial(a.address());
  world.run_for(1s);
  EXPECT_EQ(a.dial_failure(), PeerReason::own_address);
  EXPECT_EQ(a.events<Dialled>().size(), 0u);
}

TEST_F(SwitchDuplicates, AnotherIdAtOurOwnAddressIsNotDialled) {
  SimNode& a = add();
  SimNode& b = add();
  // As gossip may have it: b's ID, at the address that we listen on.
  conn::HostAddress told = b.address();
  told.host = "0.0.0.0";
  a.node->dial(told);
  world.run_for(1s);
  EXPECT_EQ(a.dial_failure(), PeerReason::own_address);
}

TEST_F(SwitchDuplicates, AnAddressThatLeadsToOurselvesIsTriedOnceADayAndIsNotLearntAsOurs) {
  SimNode& a = add();
  SimNode& b = add();
  // A proxy in front of ourselves: the name is b's, the machine behind it is ours.
  conn::HostAddress proxied = b.address();
  proxied.host = ip_of(a).to_string();
  for (int i = 0; i < 23; ++i) {
    a.node->dial(proxied);
    world.run_for(1h);
  }
  EXPECT_EQ(a.events<Dialled>().size(), 1u);
  EXPECT_EQ(a.events<DialFailed>().front().failure.reason, Reason::connected_to_self);
  EXPECT_EQ(a.dial_failure(), PeerReason::address_resting);
  EXPECT_EQ(a.reactor->inits(), 0u);
  world.run_for(2h);
  a.node->dial(proxied);
  world.run_for(1s);
  EXPECT_EQ(a.events<Dialled>().size(), 2u);
  // The true b is as welcome as before.
  EXPECT_TRUE(connect(a, b));
}

}  // namespace
}  // namespace peerage::p2p
