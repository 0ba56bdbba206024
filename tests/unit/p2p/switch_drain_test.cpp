// Draining: who comes, who stays, and how it ends.
#include <optional>

#include "p2p/base/peer_reason.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

struct SwitchDrain : test::SwitchFixture {
  // What it answers: whether that has changed something.
  bool drain(SimNode& node, Draining draining = Draining::yes) {
    std::optional<bool> changed;
    node.node->drain(draining, [&](bool has) { changed = has; });
    EXPECT_TRUE(until([&] { return changed.has_value(); }, 1s));
    return changed.value_or(false);
  }
  DialOutlook outlook(SimNode& node, const SimNode& other) {
    std::optional<DialOutlook> outlook;
    node.node->dial_outlook(other.id(), [&](const DialOutlook& is) { outlook = is; });
    EXPECT_TRUE(until([&] { return outlook.has_value(); }, 1s));
    return outlook.value_or(DialOutlook());
  }
};

TEST_F(SwitchDrain, WhoDialsADrainedNodeIsResetAtOnceAndCounted) {
  SimNode& hub = add();
  SimNode& newcomer = add();
  EXPECT_FALSE(hub.node->snapshot()->draining);
  EXPECT_TRUE(drain(hub));
  EXPECT_TRUE(hub.node->snapshot()->draining);
  const auto begun = world.now();
  newcomer.node->dial(hub.address());
  ASSERT_TRUE(until([&] { return newcomer.dial_failure().has_value(); }));
  EXPECT_LT(world.now() - begun, 100ms) << "nobody waits in a backlog";
  EXPECT_EQ(hub.node->counters().failures(Direction::inbound, PeerReason::draining), 1u);
  EXPECT_EQ(hub.node->counters().get(Counter::handshakes_inbound), 0u);
}

TEST_F(SwitchDrain, ADrainedNodeDialsNobody) {
  SimNode& hub = add();
  SimNode& other = add();
  drain(hub);
  hub.node->dial(other.address());
  ASSERT_TRUE(until([&] { return hub.dial_failure().has_value(); }));
  EXPECT_EQ(hub.dial_failure(), PeerReason::draining);
  hub.node->add_persistent_peer(other.address());
  world.run_for(10min);
  EXPECT_FALSE(connected(hub, other));
  EXPECT_EQ(hub.events<Dialled>().size(), 0u);
}

TEST_F(SwitchDrain, PeersStayAndAreServed) {
  SimNode& hub = add();
  SimNode& peer = add();
  ASSERT_TRUE(connect(peer, hub));
  drain(hub);
  world.run_for(10min);
  EXPECT_TRUE(connected(hub, peer));
  EXPECT_EQ(hub.node->broadcast(test::kEcho, conn::Bytes{1, 2, 3}).queued, 1u);
  EXPECT_TRUE(until([&] { return peer.reactor->received() == 1; }));
}

TEST_F(SwitchDrain, HandshakesAndDialsThatHaveBegunGoOn) {
  SimNode& hub = add();
  SimNode& from = add();
  SimNode& to = add();
  world.set_link(ip_of(hub), ip_of(from), {.latency = 100ms});
  world.set_link(ip_of(hub), ip_of(to), {.latency = 100ms});
  from.node->dial(hub.address());
  hub.node->dial(to.address());
  ASSERT_TRUE(until([&] { return hub.node->snapshot()->handshakes > 0; }));
  drain(hub);
  EXPECT_TRUE(until([&] { return connected(hub, from) && connected(hub, to); }));
}

TEST_F(SwitchDrain, APersistentPeerThatGoesMeanwhileIsDialledWhenItIsOver) {
  SimNode& hub = add();
  SimNode& peer = add();
  hub.node->add_persistent_peer(peer.address());
  ASSERT_TRUE(until([&] { return connected(hub, peer); }));
  world.run_for(1min);
  drain(hub);
  peer.node->stop_peer(hub.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  world.run_for(10min);
  EXPECT_FALSE(connected(hub, peer));
  EXPECT_TRUE(drain(hub, Draining::no));
  EXPECT_TRUE(until([&] { return connected(hub, peer); }, 10s));
}

TEST_F(SwitchDrain, ToRepeatItChangesNothing) {
  SimNode& hub = add();
  EXPECT_FALSE(drain(hub, Draining::no));
  EXPECT_TRUE(drain(hub));
  EXPECT_FALSE(drain(hub));
  EXPECT_TRUE(drain(hub, Draining::no));
  EXPECT_FALSE(drain(hub, Draining::no));
  SimNode& newcomer = add();
  EXPECT_TRUE(connect(newcomer, hub)) << "all is as it was";
}

TEST_F(SwitchDrain, ADrainedNodeStopsAsAnyOther) {
  SimNode& hub = add();
  SimNode& peer = add();
  ASSERT_TRUE(connect(peer, hub));
  drain(hub);
  hub.stop();
  EXPECT_TRUE(until([&] { return hub.stopped && peer.peers() == 0; }));
}

TEST_F(SwitchDrain, TheOutlookOfWhoIsNotDialledIsToRest) {
  using State = DialOutlook::State;
  SimNode& hub = add();
  SimNode& peer = add();
  EXPECT_EQ(outlook(hub, peer).state, State::resting);
  drain(hub);
  hub.node->add_persistent_peer(peer.address());
  EXPECT_EQ(outlook(hub, peer).state, State::resting);
  EXPECT_EQ(outlook(hub, peer).next, std::nullopt) << "not before somebody undoes it";
  drain(hub, Draining::no);
  ASSERT_TRUE(until([&] { return connected(hub, peer); }));
  drain(hub);
  EXPECT_EQ(outlook(hub, peer).state, State::connected);
}

TEST_F(SwitchDrain, TheOutlookOfAPersistentPeerThatDoesNotAnswerIsItsNextDial) {
  using State = DialOutlook::State;
  SimNode& hub = add();
  SimNode& peer = add();
  world.set_link(ip_of(hub), ip_of(peer), {.connect = sim::LinkPlan::Connect::refused});
  hub.node->add_persistent_peer(peer.address());
  ASSERT_TRUE(until([&] { return hub.dial_failure().has_value(); }));
  const DialOutlook is = outlook(hub, peer);
  EXPECT_EQ(is.state, State::resting);
  ASSERT_TRUE(is.next.has_value());
  EXPECT_GT(*is.next, world.now());
  EXPECT_LE(*is.next, world.now() + 6s);
  world.run_for(*is.next - world.now());
  EXPECT_EQ(hub.events<Dialled>().size(), 2u);
}

}  // namespace
}  // namespace peerage::p2p
