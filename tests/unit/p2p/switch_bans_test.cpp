// Bans: an operator's and those that strangers bring about, and which nodes are spared.
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "p2p/base/peer_reason.h"
#include "tests/support/addresses.h"
#include "tests/support/log_lines.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::IpAddress;
using conn::NodeId;
using conn::Reason;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

struct SwitchBans : test::SwitchFixture {
  static constexpr BanOrigin kStrangers = BanOrigin::misbehaviour;

  std::set<std::string> in_force(SimNode& node) {
    std::optional<std::set<std::string>> targets;
    node.node->list_bans([&](const std::vector<Ban>& bans) {
      targets.emplace();
      for (const Ban& each : bans) targets->insert(to_string(each.target));
    });
    EXPECT_TRUE(until([&] { return targets.has_value(); }));
    return targets.value_or(std::set<std::string>());
  }
  static IpAddress host(std::uint8_t third, std::uint8_t last) {
    return IpAddress::v4(30, 1, third, last);
  }
  void ban_hosts(SimNode& node, std::uint8_t third, int count) {
    for (int i = 1; i <= count; ++i) {
      node.node->ban(Cidr(host(third, static_cast<std::uint8_t>(i))), 10min, "floods", kStrangers);
    }
    world.run_for(1s);
  }
};

TEST_F(SwitchBans, ABannedIdStaysBannedFromAnotherAddress) {
  SimNode& hub = add();
  SimNode& liar = add_at(host(1, 1));
  ASSERT_TRUE(connect(liar, hub));
  hub.node->ban(liar.id(), 10min, "lies", kStrangers);
  ASSERT_TRUE(until([&] { return hub.peers() == 0 && liar.peers() == 0; }));
  liar.stop();
  ASSERT_TRUE(until([&] { return liar.stopped; }));

  sim::SimHost& elsewhere = world.add_host({host(2, 1)}, 2);
  SimNode moved(elsewhere, 2);
  EXPECT_EQ(moved.id(), liar.id());
  moved.start();
  moved.node->dial(hub.address());
  ASSERT_TRUE(until([&] { return hub.refusal().has_value(); }));
  EXPECT_EQ(hub.refusal(), PeerReason::banned);
  EXPECT_EQ(hub.peers(), 0u);
  moved.stop();
  EXPECT_TRUE(until([&] { return moved.stopped; }));
}

TEST_F(SwitchBans, APeerThatMisbehavesIsBannedByItsHost) {
  SimNode& hub = add();
  SimNode& liar = add_at(host(1, 1));
  ASSERT_TRUE(connect(liar, hub));
  hub.node->ban_peer(*hub.peer(liar), 10min, "lies");
  ASSERT_TRUE(until([&] { return hub.peers() == 0; }));
  EXPECT_EQ(in_force(hub), std::set<std::string>{"30.1.1.1"});
  ASSERT_EQ(hub.events<Banned>().size(), 1u);
  EXPECT_EQ(hub.events<Banned>()[0].ban.origin, kStrangers);
}

TEST_F(SwitchBans, WhoHasJudgedIsSaidToThoseThatListen) {
  SimNode& hub = add();
  SimNode& liar = add_at(host(1, 1));
  ASSERT_TRUE(connect(liar, hub));
  hub.node->ban_peer(*hub.peer(liar), 10min, "lies", "mempool");
  hub.node->ban(Cidr(host(2, 1)), 10min, "floods", kStrangers, {}, "pex");
  hub.node->ban(Cidr(host(3, 1)), 10min, "loud");
  world.run_for(1s);
  const auto bans = hub.events<Banned>();
  ASSERT_EQ(bans.size(), 3u);
  EXPECT_EQ(bans[0].ban.by, "mempool");
  EXPECT_EQ(bans[1].ban.by, "pex");
  EXPECT_EQ(bans[2].ban.by, "");
}

TEST_F(SwitchBans, ANeighbourhoodIsBannedByWhoBannedTheLastOfIt) {
  SimNode& hub = add();
  for (std::uint8_t i = 1; i <= 16; ++i) {
    hub.node->ban(Cidr(host(1, i)), 10min, "floods", kStrangers, {}, i < 16 ? "pex" : "mempool");
  }
  world.run_for(1s);
  EXPECT_EQ(to_string(hub.events<Banned>().back().ban.target), "30.1.1.0/24");
  EXPECT_EQ(hub.events<Banned>().back().ban.by, "mempool");
}

TEST_F(SwitchBans, APeerThatSharesItsHostWithATrustedOrExemptOneIsBannedByItsId) {
  SwitchConfig config = node_config();
  config.exempt_networks = {*Cidr::parse("30.1.2.0/24")};
  config.p2p.persistent_peers = {{test::numbered_key(77).id(), "30.1.1.1", 1234}};
  SimNode& hub = add(config);
  SimNode& beside_persistent = add_at(host(1, 1));
  SimNode& beside_exempt = add_at(host(2, 1));
  for (SimNode* each : {&beside_persistent, &beside_exempt}) {
    ASSERT_TRUE(connect(*each, hub));
    hub.node->ban_peer(*hub.peer(*each), 10min, "lies");
  }
  ASSERT_TRUE(until([&] { return hub.peers() == 0; }));
  EXPECT_EQ(in_force(hub), (std::set<std::string>{beside_persistent.id().to_string(),
                                                  beside_exempt.id().to_string()}));
}

TEST_F(SwitchBans, SixteenHostsOfANeighbourhoodAreOneBanWhichIsAnnounced) {
  SimNode& hub = add();
  SimNode& neighbour = add_at(host(1, 200));
  ASSERT_TRUE(connect(neighbour, hub));
  world.run_for(kLongLived - 1min);  // it is young
  ban_hosts(hub, 1, 15);
  EXPECT_TRUE(connected(hub, neighbour));
  EXPECT_EQ(in_force(hub).size(), 15u);
  ban_hosts(hub, 1, 16);
  EXPECT_EQ(in_force(hub), std::set<std::string>{"30.1.1.0/24"});
  EXPECT_TRUE(until([&] { return neighbour.peers() == 0; }));
  EXPECT_EQ(to_string(hub.events<Banned>().back().ban.target), "30.1.1.0/24");
  std::size_t dropped = 0;
  for (const BansDropped& each : hub.events<BansDropped>()) dropped += each.targets.size();
  EXPECT_EQ(dropped, 15u) << "the sixteenth was never announced";
  world.run_for(10min);
  EXPECT_EQ(in_force(hub), std::set<std::string>{});
}

TEST_F(SwitchBans, NeighbourhoodsOfPersistentUnconditionalAndExemptNodesAreNeverBannedByStrangers) {
  SwitchConfig config = node_config();
  config.exempt_networks = {*Cidr::parse("30.1.4.77")};
  config.p2p.persistent_peers = {{test::numbered_key(77).id(), "30.1.1.200", 1234}};
  SimNode& hub = add(config);
  // Of this one nothing is configured but the ID: it is known from where it was met.
  SimNode& unconditional = add_at(host(2, 200));
  hub.node->add_unconditional_peer(unconditional.id());
  ASSERT_TRUE(connect(unconditional, hub));
  // And this one becomes what it is while it is connected.
  SimNode& late = add_at(host(3, 200));
  ASSERT_TRUE(connect(late, hub));
  hub.node->add_unconditional_peer(late.id());
  world.run_for(1s);
  for (std::uint8_t third = 1; third <= 4; ++third) ban_hosts(hub, third, 20);
  EXPECT_EQ(in_force(hub).size(), 80u);
  EXPECT_TRUE(connected(hub, unconditional));
  EXPECT_TRUE(connected(hub, late));
  hub.node->remove_unconditional_peer(late.id());
  hub.node->remove_persistent_peer(test::numbered_key(77).id());
  world.run_for(1s);
  ban_hosts(hub, 1, 1);
  ban_hosts(hub, 3, 1);
  EXPECT_EQ(in_force(hub).size(), 42u) << "now they are, at the next ban";
}

TEST_F(SwitchBans, TheNeighbourhoodOfAnEstablishedPeerIsNotBannedAsAWhole) {
  SimNode& hub = add();
  SimNode& honest = add_at(host(1, 200));
  ASSERT_TRUE(connect(honest, hub));
  world.run_for(kLongLived);
  ban_hosts(hub, 1, 20);
  EXPECT_EQ(in_force(hub).size(), 20u) << "each by itself";
  EXPECT_TRUE(connected(hub, honest));
  honest.stop();
  ASSERT_TRUE(until([&] { return hub.peers() == 0; }));
  ban_hosts(hub, 1, 1);
  EXPECT_EQ(in_force(hub), std::set<std::string>{"30.1.1.0/24"}) << "now it is, at the next ban";
}

TEST_F(SwitchBans, AnEstablishedPeerThatIsBannedItselfSparesNobody) {
  SimNode& hub = add();
  SimNode& sixteenth = add_at(host(1, 16));
  SimNode& by_id = add_at(host(1, 200));
  ASSERT_TRUE(connect(sixteenth, hub));
  ASSERT_TRUE(connect(by_id, hub));
  world.run_for(kLongLived);
  // At once, so that neither is gone before the last ban.
  hub.node->ban(by_id.id(), 10min, "lies", kStrangers);
  ban_hosts(hub, 1, 16);
  EXPECT_EQ(in_force(hub), (std::set<std::string>{"30.1.1.0/24", by_id.id().to_string()}));
  EXPECT_TRUE(until([&] { return hub.peers() == 0; }));
}

TEST_F(SwitchBans, BansOfANeighbourhoodThatAreRestoredBecomeOneToo) {
  SimNode& hub = add();
  std::vector<Ban> kept;
  for (std::uint8_t i = 1; i <= 16; ++i) {
    kept.push_back({Cidr(host(1, i)), world.now() + 10min, "floods", kStrangers});
  }
  kept.push_back({test::numbered_key(5).id(), world.now() + 1h, "by hand"});
  hub.node->restore_bans(kept);
  EXPECT_EQ(in_force(hub),
            (std::set<std::string>{"30.1.1.0/24", test::numbered_key(5).id().to_string()}));
  ASSERT_EQ(hub.events<Banned>().size(), 1u) << "that of the neighbourhood is a new one";
  ASSERT_EQ(hub.events<BansDropped>().size(), 1u);
  EXPECT_EQ(hub.events<BansDropped>()[0].targets.size(), 16u);
}

TEST_F(SwitchBans, AnOperatorsBanBeyondTheRoomIsRefusedWithAReasonAndALine) {
  const auto log = std::make_shared<test::LogLines>();
  log->least = conn::LogLevel::error;
  SwitchConfig config = node_config();
  config.log = log;
  SimNode& hub = add(config);
  hub.keep_events = false;
  std::size_t done = 0;
  std::optional<Reason> refused;
  for (std::uint32_t i = 0; i <= conn::kMaxBans; ++i) {
    hub.node->ban(test::numbered_id(i), 1h, "by hand", BanOrigin::operator_,
                  [&](const conn::Result<void>& outcome) {
                    ++done;
                    if (!outcome) refused = outcome.error().reason;
                  });
  }
  ASSERT_TRUE(until([&] { return done == conn::kMaxBans + 1; }));
  EXPECT_EQ(refused, PeerReason::ban_list_full);
  EXPECT_EQ(in_force(hub).size(), conn::kMaxBans);
  ASSERT_EQ(log->lines.size(), 1u);
  EXPECT_EQ(log->lines[0].find("error cannot ban target=" +
                               test::numbered_id(conn::kMaxBans).to_string()),
            0u)
      << log->lines[0];
}

}  // namespace
}  // namespace peerage::p2p
