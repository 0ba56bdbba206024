// An operator's wish that somebody be kept out for a while: what it does, and what it is not.
#include <optional>
#include <string>
#include <vector>

#include "p2p/base/peer_reason.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using test::SimNode;
using namespace std::chrono_literals;

struct SwitchHoldOff : test::SwitchFixture {
  void hold_off(SimNode& node, const BanTarget& target, conn::Duration span = 10min) {
    std::optional<conn::Result<void>> outcome;
    node.node->hold_off(target, span, "maintenance",
                        [&](const conn::Result<void>& is) { outcome = is; });
    ASSERT_TRUE(until([&] { return outcome.has_value(); }, 1s));
    EXPECT_TRUE(*outcome);
  }
  bool let_back(SimNode& node, const BanTarget& target) {
    std::optional<bool> changed;
    node.node->let_back(target, [&](bool has) { changed = has; });
    EXPECT_TRUE(until([&] { return changed.has_value(); }, 1s));
    return changed.value_or(false);
  }
  std::vector<Ban> listed(SimNode& node,
                          void (Switch::*list)(std::function<void(std::vector<Ban>)>) const) {
    std::optional<std::vector<Ban>> all;
    (node.node.get()->*list)([&](std::vector<Ban> is) { all = std::move(is); });
    EXPECT_TRUE(until([&] { return all.has_value(); }, 1s));
    return all.value_or(std::vector<Ban>());
  }
  std::vector<Ban> held(SimNode& node) { return listed(node, &Switch::list_held_off); }
  BanTarget place_of(const SimNode& node) { return Cidr(ip_of(node)); }
};

TEST_F(SwitchHoldOff, WhoIsUnderItIsDisconnectedAndNotLetInUntilItIsOver) {
  SimNode& hub = add();
  SimNode& peer = add();
  ASSERT_TRUE(connect(peer, hub));
  hold_off(hub, peer.id());
  ASSERT_TRUE(until([&] { return hub.peers() == 0; }, 1s));
  ASSERT_EQ(hub.events<Gone>().size(), 1u);
  EXPECT_EQ(hub.events<Gone>()[0].why.reason, PeerReason::disconnected);
  EXPECT_EQ(hub.events<Gone>()[0].why.detail, "maintenance");
  EXPECT_EQ(hub.events<Gone>()[0].ended_by, conn::EndedBy::us);
  world.run_for(9min);
  peer.node->dial(hub.address());
  ASSERT_TRUE(until([&] { return hub.refusal().has_value(); }));
  EXPECT_EQ(hub.refusal(), PeerReason::held_off);
  world.run_for(10min);
  EXPECT_TRUE(connect(peer, hub));
}

TEST_F(SwitchHoldOff, APlaceIsHeldOffWithAllThatAreThere) {
  SimNode& hub = add();
  SimNode& peer = add();
  SimNode& another = add();
  ASSERT_TRUE(connect(peer, hub));
  ASSERT_TRUE(connect(another, hub));
  hold_off(hub, place_of(peer));
  world.run_for(1s);
  EXPECT_FALSE(connected(hub, peer));
  EXPECT_TRUE(connected(hub, another));
  peer.node->dial(hub.address());
  ASSERT_TRUE(until([&] { return peer.dial_failure().has_value(); }));
  EXPECT_EQ(hub.node->counters().failures(Direction::inbound, PeerReason::held_off), 1u)
      << "before a handshake";
}

TEST_F(SwitchHoldOff, WhoIsHeldOffIsNotDialledEither) {
  SimNode& hub = add();
  SimNode& peer = add();
  hold_off(hub, peer.id());
  hub.node->dial(peer.address());
  ASSERT_TRUE(until([&] { return hub.dial_failure().has_value(); }));
  EXPECT_EQ(hub.dial_failure(), PeerReason::held_off);
}

TEST_F(SwitchHoldOff, APersistentPeerIsNotEvenTriedMeanwhileAndDialledWhenItIsOver) {
  for (const bool by_place : {false, true}) {
    SimNode& hub = add();
    SimNode& peer = add();
    hub.node->add_persistent_peer(peer.address());
    ASSERT_TRUE(until([&] { return connected(hub, peer); }));
    const std::size_t dialled = hub.events<Dialled>().size();
    hold_off(hub, by_place ? place_of(peer) : BanTarget(peer.id()));
    world.run_for(9min + 59s);
    EXPECT_FALSE(connected(hub, peer));
    EXPECT_EQ(hub.events<Dialled>().size(), dialled);
    EXPECT_TRUE(until([&] { return connected(hub, peer); }, 3s));
  }
}

TEST_F(SwitchHoldOff, APersistentPeerIsDialledAtOnceWhenItIsLetBack) {
  SimNode& hub = add();
  SimNode& peer = add();
  hub.node->add_persistent_peer(peer.address());
  ASSERT_TRUE(until([&] { return connected(hub, peer); }));
  hold_off(hub, peer.id(), 24h);
  world.run_for(1h);
  EXPECT_TRUE(let_back(hub, peer.id()));
  EXPECT_TRUE(until([&] { return connected(hub, peer); }, 100ms));
  EXPECT_FALSE(let_back(hub, peer.id())) << "it is no longer held off";
}

TEST_F(SwitchHoldOff, APersistentPeerThatWasBannedIsDialledAtOnceWhenTheBanIsLifted) {
  SimNode& hub = add();
  SimNode& peer = add();
  hub.node->add_persistent_peer(peer.address());
  ASSERT_TRUE(until([&] { return connected(hub, peer); }));
  hub.node->ban(peer.id(), 24h, "loud");
  world.run_for(6h);
  EXPECT_FALSE(connected(hub, peer));
  hub.node->unban(peer.id());
  EXPECT_TRUE(until([&] { return connected(hub, peer); }, 100ms));
}

TEST_F(SwitchHoldOff, TheLatestWishIsInForceWhetherItIsLongerOrShorter) {
  SimNode& hub = add();
  SimNode& peer = add();
  hub.node->add_persistent_peer(peer.address());
  ASSERT_TRUE(until([&] { return connected(hub, peer); }));
  hold_off(hub, peer.id(), 24h);
  hold_off(hub, peer.id(), 1min);
  ASSERT_EQ(held(hub).size(), 1u);
  world.run_for(30s);
  EXPECT_FALSE(connected(hub, peer));
  EXPECT_TRUE(until([&] { return connected(hub, peer); }, 40s));
  EXPECT_TRUE(held(hub).empty());
}

TEST_F(SwitchHoldOff, ItIsNoBan) {
  SimNode& hub = add();
  SimNode& peer = add();
  hold_off(hub, peer.id());
  world.run_for(1s);
  EXPECT_TRUE(listed(hub, &Switch::list_bans).empty());
  EXPECT_TRUE(hub.events<Banned>().empty());
  ASSERT_EQ(held(hub).size(), 1u);
  EXPECT_EQ(held(hub)[0].target, BanTarget(peer.id()));
  EXPECT_EQ(held(hub)[0].reason, "maintenance");
  hub.node->unban(peer.id());
  world.run_for(1s);
  EXPECT_EQ(held(hub).size(), 1u);
  EXPECT_TRUE(hub.events<Unbanned>().empty());
  hub.node->ban(peer.id(), 10min, "loud");
  EXPECT_TRUE(let_back(hub, peer.id()));
  peer.node->dial(hub.address());
  ASSERT_TRUE(until([&] { return hub.refusal().has_value(); }));
  EXPECT_EQ(hub.refusal(), PeerReason::banned) << "the one does not lift the other";
}

TEST_F(SwitchHoldOff, ForEverIsNoOverflow) {
  SimNode& hub = add();
  SimNode& peer = add();
  hub.node->add_persistent_peer(peer.address());
  ASSERT_TRUE(until([&] { return connected(hub, peer); }));
  hold_off(hub, peer.id(), conn::Duration::max());
  world.run_for(24h);
  EXPECT_FALSE(connected(hub, peer));
  EXPECT_EQ(held(hub).size(), 1u);
}

TEST_F(SwitchHoldOff, BeyondTheRoomForBansItIsRefused) {
  SimNode& hub = add();
  for (std::size_t i = 0; i < conn::kMaxBans; ++i) {
    const auto octet = [](std::size_t value) { return static_cast<std::uint8_t>(value); };
    hub.node->hold_off(Cidr(conn::IpAddress::v4(30, 1, octet(i / 250), octet(i % 250))), 1h, "");
  }
  std::optional<conn::Result<void>> outcome;
  hub.node->hold_off(*Cidr::parse("203.0.113.7"), 1h, "",
                     [&](const conn::Result<void>& is) { outcome = is; });
  ASSERT_TRUE(until([&] { return outcome.has_value(); }));
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().reason, PeerReason::ban_list_full);
}

}  // namespace
}  // namespace peerage::p2p
