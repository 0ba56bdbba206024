// Which nodes are let in: identity, network, slots, addresses, bans.
#include <algorithm>
#include <set>

#include "p2p/base/peer_reason.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::Cidr;
using conn::IpAddress;
using conn::Reason;
using conn::Stage;
using test::kEcho;
using test::node_config;
using test::RecordingReactor;
using test::SimNode;
using namespace std::chrono_literals;

using SwitchRules = test::SwitchFixture;

TEST_F(SwitchRules, ANodeThatProvesAnotherIdThanWasDialledIsNotAPeerAndNoNodeIsBlamedForIt) {
  SimNode& a = add();
  SimNode& b = add();
  SimNode& c = add();
  conn::HostAddress poisoned = b.address();
  poisoned.host = ip_of(c).to_string();
  a.node->dial(poisoned);
  ASSERT_TRUE(until([&] { return a.dial_failure().has_value(); }));
  const DialFailed failed = a.events<DialFailed>().back();
  EXPECT_EQ(failed.failure.stage, Stage::authentication);
  EXPECT_EQ(failed.failure.reason, Reason::wrong_id);
  EXPECT_EQ(failed.report.upgrade.remote_id, c.id());
  EXPECT_EQ(a.reactor->inits(), 0u);
  // Both the true b and the true c are reached.
  EXPECT_TRUE(connect(a, b));
  EXPECT_TRUE(connect(a, c));
}

TEST_F(SwitchRules, AnotherNetworkIsRefusedWithBothNamesAndItsNodeIsReported) {
  SimNode& a = add();
  SwitchConfig other = node_config();
  other.networks = {"other-chain"};
  SimNode& b = add(other);
  a.node->dial(b.address());
  ASSERT_TRUE(until([&] { return a.dial_failure() && b.refusal(); }));
  EXPECT_EQ(a.dial_failure(), Reason::wrong_network);
  EXPECT_EQ(b.refusal(), Reason::wrong_network);
  const DialFailed failed = a.events<DialFailed>().back();
  EXPECT_NE(failed.failure.detail.find("other-chain"), std::string::npos);
  ASSERT_TRUE(failed.report.upgrade.remote_info);
  EXPECT_EQ(failed.report.upgrade.remote_info->network, "other-chain");
  EXPECT_EQ(a.reactor->inits() + b.reactor->inits(), 0u);
}

TEST_F(SwitchRules, ANodeOfSeveralNetworksAnswersEachDiallerWithItsOwn) {
  SwitchConfig several = node_config();
  several.networks = {"chain-1", "chain-2", "chain-3"};
  SimNode& hub = add(several);
  SwitchConfig two = node_config(), three = node_config(), four = node_config();
  two.networks = {"chain-2"};
  three.networks = {"chain-3"};
  four.networks = {"chain-4"};
  SimNode& b = add(two);
  SimNode& c = add(three);
  SimNode& d = add(four);
  EXPECT_TRUE(connect(b, hub));
  EXPECT_TRUE(connect(c, hub));
  EXPECT_EQ(hub.peer(b)->network(), "chain-2");
  EXPECT_EQ(hub.peer(c)->network(), "chain-3");
  d.node->dial(hub.address());
  ASSERT_TRUE(until([&] { return d.dial_failure().has_value(); }));
  EXPECT_EQ(d.dial_failure(), Reason::wrong_network);
}

TEST_F(SwitchRules, ANodeWithoutACommonChannelIsRefused) {
  SimNode& a = add();
  SimNode& b = add(node_config(), std::make_shared<RecordingReactor>(
                                      std::vector<ReactorChannel>{{.id = conn::ChannelId{0x71}}}));
  a.node->dial(b.address());
  ASSERT_TRUE(until([&] { return a.dial_failure().has_value(); }));
  EXPECT_EQ(a.dial_failure(), Reason::no_common_channel);
}

TEST_F(SwitchRules, AChannelThatThePeerDoesNotHaveCannotBeSentOn) {
  const ReactorChannel common = {.id = kEcho};
  const ReactorChannel own = {.id = conn::ChannelId{0x71}};
  SimNode& a = add(node_config(),
                   std::make_shared<RecordingReactor>(std::vector<ReactorChannel>{common, own}));
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  EXPECT_EQ(a.peer(b)->try_send(conn::ChannelId{0x71}, Bytes(1, 1)),
            conn::SendResult::unknown_channel);
  EXPECT_EQ(a.node->broadcast(conn::ChannelId{0x71}, Bytes(1, 1)).refused, 1u);
  EXPECT_EQ(a.node->broadcast(kEcho, Bytes(1, 1)).queued, 1u);
}

TEST_F(SwitchRules, UnconditionalAndPersistentPeersNeedNoSlotAndOthersEvict) {
  SwitchConfig tight = node_config();
  tight.p2p.max_num_inbound_peers = 1;
  tight.p2p.unconditional_peer_ids = {test::numbered_key(3).id()};
  SimNode& hub = add(tight);
  SimNode& first = add();
  SimNode& unconditional = add();
  ASSERT_EQ(unconditional.id(), test::numbered_key(3).id());
  SimNode& late = add();
  ASSERT_TRUE(connect(unconditional, hub));
  EXPECT_TRUE(hub.peer(unconditional)->unconditional());
  ASSERT_TRUE(connect(first, hub));
  EXPECT_EQ(hub.node->snapshot()->inbound, 1u);
  hub.node->add_unconditional_peer(late.id());
  ASSERT_TRUE(connect(late, hub));
  EXPECT_TRUE(hub.peer(first));
  // No longer free of slots, it is counted again.
  hub.node->remove_unconditional_peer(late.id());
  world.run_for(1s);
  EXPECT_EQ(hub.node->snapshot()->peers.size(), 3u);
  SimNode& later = add();
  ASSERT_TRUE(connect(later, hub));
  world.run_for(1s);
  EXPECT_TRUE(hub.peer(unconditional));
  EXPECT_EQ(hub.node->counters().get(Counter::evicted), 1u);
}

TEST_F(SwitchRules, EvictionStickyRedialAndPausesCanBeSwitchedOff) {
  SwitchConfig plain = node_config();
  plain.p2p.max_num_inbound_peers = 1;
  plain.full_inbound = FullInbound::refuse;
  plain.sticky_redial = StickyRedial::no;
  plain.failed_address_max_pause = 0s;
  SimNode& hub = add(plain);
  SimNode& first = add(plain);
  SimNode& late = add(plain);
  ASSERT_TRUE(connect(first, hub));
  for (std::size_t i = 1; i <= 3; ++i) {
    late.node->dial(hub.address());
    ASSERT_TRUE(until([&] { return late.events<DialFailed>().size() == i; }, 1s));
  }
  EXPECT_TRUE(connected(first, hub));
  EXPECT_EQ(hub.node->counters().get(Counter::handshakes_inbound), 1u) << "at the door";
  EXPECT_EQ(late.node->counters().get(Counter::handshakes_outbound), 3u) << "no pause";
  world.run_for(kLongLived + 1min);
  world.reset(ip_of(first), ip_of(hub));
  world.run_for(1h);
  EXPECT_EQ(first.peers(), 0u);
}

TEST_F(SwitchRules, PeersOfLongStandingAndUsefulOnesAreKeptAndAnotherGoes) {
  SwitchConfig tight = node_config();
  tight.p2p.max_num_inbound_peers = 4;
  SimNode& hub = add(tight);
  SimNode& first = add();
  SimNode& second = add();
  SimNode& plain = add();
  SimNode& useful = add();
  for (SimNode* each : {&first, &second, &plain, &useful}) ASSERT_TRUE(connect(*each, hub));
  world.run_for(kLongLived + 1min);
  hub.node->mark_good(useful.id());
  std::vector<SimNode*> others = {&plain};
  for (int i = 0; i < 3; ++i) {
    others.push_back(&add());
    ASSERT_TRUE(connect(*others.back(), hub));
    world.run_for(1min);
    EXPECT_TRUE(connected(hub, first) && connected(hub, second) && connected(hub, useful));
    // They come again, and take turns.
    EXPECT_EQ(std::count_if(others.begin(), others.end(),
                            [&](SimNode* each) { return connected(hub, *each); }),
              1);
  }
  EXPECT_GE(hub.node->counters().get(Counter::evicted), 3u);
  EXPECT_EQ(hub.events<MarkedGood>().size(), 1u);
}

TEST_F(SwitchRules, HostsOfOneSixteenThatTalkForHoursLeaveSlotsToNewcomers) {
  SwitchConfig config = node_config();
  config.p2p.max_num_inbound_peers = 8;
  SimNode& hub = add(config);
  std::vector<SimNode*> attackers;
  for (std::uint8_t i = 1; i <= 8; ++i) {
    attackers.push_back(&add_at(IpAddress::v4(203, 0, i, 1)));
    ASSERT_TRUE(connect(*attackers.back(), hub));
  }
  for (int i = 0; i < 14; ++i) {
    for (SimNode* each : attackers) each->node->broadcast(kEcho, Bytes(1, 1));
    world.run_for(9min);
  }
  ASSERT_EQ(hub.peers(), 8u);
  ASSERT_GT(hub.reactor->received(), 100u);
  std::vector<SimNode*> newcomers;
  for (int i = 0; i < 6; ++i) {
    newcomers.push_back(&add());
    EXPECT_TRUE(connect(*newcomers.back(), hub)) << i;
    world.run_for(20s);
  }
  // Those that were evicted came again, of either kind: 6 of 14 networks have their share of slots.
  EXPECT_GE(std::count_if(newcomers.begin(), newcomers.end(),
                          [&](SimNode* each) { return connected(hub, *each); }),
            3);
}

TEST_F(SwitchRules, PeersThatComeBackForEverAndAreTooManyTakeTurnsWithoutAStorm) {
  SwitchConfig tight = node_config();
  tight.p2p.max_num_inbound_peers = 4;
  SimNode& hub = add(tight);
  std::vector<SimNode*> all;
  for (int i = 0; i < 6; ++i) {
    all.push_back(&add());
    all.back()->node->add_persistent_peer(hub.address());
    world.run_for(1s);
  }
  std::set<const SimNode*> served;
  for (int i = 0; i < 120; ++i) {
    world.run_for(5s);
    EXPECT_EQ(hub.peers(), 4u);
    for (SimNode* each : all) {
      if (connected(hub, *each)) served.insert(each);
    }
  }
  EXPECT_EQ(served.size(), 6u);
  // At most one for each of the two that are too many, in half a minute.
  const auto evicted = hub.node->counters().get(Counter::evicted);
  EXPECT_GE(evicted, 10u);
  EXPECT_LE(evicted, 42u);
}

TEST_F(SwitchRules, TheAddressesOfOneIpv6HostAreOneAddress) {
  SimNode& hub = add();
  SimNode& first = add_at(*IpAddress::parse("2001:db8:1:2::1"));
  SimNode& second = add_at(*IpAddress::parse("2001:db8:1:2:3::1"));
  SimNode& neighbour = add_at(*IpAddress::parse("2001:db8:1:3::1"));
  ASSERT_TRUE(connect(first, hub));
  second.node->dial(hub.address());
  ASSERT_TRUE(until([&] { return hub.refusal().has_value(); }));
  EXPECT_EQ(hub.refusal(), PeerReason::too_many_from_address);
  EXPECT_TRUE(connect(neighbour, hub));
}

TEST_F(SwitchRules, AtOneAddressThereAreAsManyPeersAsTheNumberSays) {
  const auto admitted_of_three = [&](std::uint8_t group,
                                     const std::function<void(SwitchConfig&)>& set) {
    SwitchConfig config = node_config();
    set(config);
    SimNode& hub = add_at(IpAddress::v4(10, group, 0, 1), config);
    sim::SimHost& shared = world.add_host({IpAddress::v4(203, group, 0, 1)});
    std::vector<std::unique_ptr<SimNode>> three;
    for (std::uint32_t i = 0; i < 3; ++i) {
      SwitchConfig mine = node_config();
      mine.p2p.laddr = "tcp://0.0.0.0:" + std::to_string(2000 + i);
      three.push_back(std::make_unique<SimNode>(shared, 100u * group + i, mine));
      three.back()->start();
      until([&] { return three.back()->started.has_value(); });
      three.back()->node->dial(hub.address());
      world.run_for(3s);
    }
    const std::size_t admitted = hub.peers();
    for (const auto& node : three) node->stop();
    until([&] { return three[0]->stopped && three[1]->stopped && three[2]->stopped; });
    return admitted;
  };
  EXPECT_EQ(admitted_of_three(1, [](auto&) {}), 1u);
  EXPECT_EQ(admitted_of_three(2, [](auto& config) { config.max_peers_per_ip = 2; }), 2u);
  EXPECT_EQ(admitted_of_three(3, [](auto& config) { config.p2p.allow_duplicate_ip = true; }), 3u);
  EXPECT_EQ(admitted_of_three(
                4, [](auto& config) { config.exempt_networks = {*Cidr::parse("203.4.0.0/16")}; }),
            3u);
  EXPECT_EQ(admitted_of_three(5,
                              [](auto& config) {
                                config.p2p.unconditional_peer_ids = {test::numbered_key(501).id()};
                              }),
            2u);
}

TEST_F(SwitchRules, ABannedAddressIsRefusedBeforeAnyCryptography) {
  SimNode& a = add();
  SimNode& b = add();
  a.node->ban(*Cidr::parse("10.2.0.0/16"), 1h, "a bad neighbourhood");
  world.run_for(1s);
  b.node->dial(a.address());
  ASSERT_TRUE(until([&] { return b.dial_failure().has_value(); }));
  EXPECT_EQ(a.node->counters().get(Counter::handshakes_inbound), 0u);
  EXPECT_EQ(a.node->counters().failures(Direction::inbound, PeerReason::banned), 1u);
  // Nor is it dialled.
  a.node->dial(b.address());
  ASSERT_TRUE(until([&] { return a.dial_failure().has_value(); }));
  EXPECT_EQ(a.dial_failure(), PeerReason::banned);
  EXPECT_EQ(a.events<DialFailed>().back().failure.detail, "a bad neighbourhood");
}

TEST_F(SwitchRules, ABanEndsTheConnectionHoldsAsLongAsItSaysAndCanBeLifted) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  a.node->ban(b.id(), 10min, "lies");
  ASSERT_TRUE(until([&] { return a.peers() == 0 && b.peers() == 0; }));
  EXPECT_TRUE(until([&] { return a.reactor->removes() == 1; }));
  EXPECT_EQ(a.reactor->last_reason().reason, PeerReason::banned);
  ASSERT_EQ(a.events<Banned>().size(), 1u);
  EXPECT_EQ(a.events<Banned>().front().ban.reason, "lies");

  world.run_for(2min);
  b.node->dial(a.address());
  ASSERT_TRUE(until([&] { return a.refusal().has_value(); }));
  EXPECT_EQ(a.refusal(), PeerReason::banned);
  world.run_for(10min);
  EXPECT_TRUE(connect(b, a));

  a.node->ban(b.id(), 24h * 365 * 100, "for ever");
  ASSERT_TRUE(until([&] { return a.peers() == 0; }));
  std::vector<Ban> bans;
  a.node->list_bans([&](std::vector<Ban> listed) { bans = std::move(listed); });
  ASSERT_TRUE(until([&] { return !bans.empty(); }));
  EXPECT_EQ(to_string(bans.front().target), b.id().to_string());
  a.node->unban(b.id());
  world.run_for(2min);
  EXPECT_EQ(a.events<Unbanned>().size(), 1u);
  EXPECT_TRUE(connect(b, a));
}

TEST_F(SwitchRules, EveryWayOfDiallingCountsAgainstTheSameLimit) {
  SwitchConfig config = node_config();
  config.p2p.max_num_outbound_peers = 3;
  SimNode& a = add(config);
  std::size_t most = 0;
  for (int i = 0; i < 8; ++i) add();
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    a.node->dial(nodes[i]->address(), i % 2 == 0 ? DialPurpose::requested : DialPurpose::feeler);
    const auto now = a.node->snapshot();
    most = std::max(most, now->outbound + now->dialling);
    world.run_for(100ms);
    most = std::max(most, a.node->snapshot()->outbound);
  }
  EXPECT_LE(most, 4u);  // and one feeler
  EXPECT_EQ(a.dial_failure(), PeerReason::no_free_slot);
  // A persistent peer has a place of its own.
  a.node->add_persistent_peer(nodes.back()->address());
  EXPECT_TRUE(until([&] { return connected(a, *nodes.back()); }));
}

TEST_F(SwitchRules, AnExternalAddressThatIsANameIsAdvertisedAsItsLiteral) {
  world.set_name("node.example", std::vector{IpAddress::v4(198, 51, 100, 7)});
  SwitchConfig config = node_config();
  config.p2p.external_address = "node.example:4000";
  SimNode& a = add(config);
  SimNode& b = add();
  world.run_for(1s);
  ASSERT_TRUE(connect(b, a));
  EXPECT_EQ(b.peer(a)->info().listen_addr, "tcp://198.51.100.7:4000");
  EXPECT_EQ(a.peer(b)->info().listen_addr, "tcp://0.0.0.0:26656");
}

TEST_F(SwitchRules, AnExternalAddressIsAdvertisedFromTheFirstDialOn) {
  SimNode& a = add();
  world.run_for(1s);
  SwitchConfig config = node_config();
  config.p2p.external_address = "198.51.100.7:4000";
  config.p2p.persistent_peers = {a.address()};
  SimNode& b = add(config);
  ASSERT_TRUE(until([&] { return connected(a, b); }));
  EXPECT_EQ(a.peer(b)->info().listen_addr, "tcp://198.51.100.7:4000");
}

TEST_F(SwitchRules, AnExternalNameThatCannotBeResolvedIsAskedForAgain) {
  SwitchConfig config = node_config();
  config.p2p.external_address = "later.example:4000";
  SimNode& a = add(config);
  SimNode& b = add();
  world.run_for(10s);
  world.set_name("later.example", std::vector{IpAddress::v4(198, 51, 100, 8)});
  world.run_for(1min);
  ASSERT_TRUE(connect(b, a));
  EXPECT_EQ(b.peer(a)->info().listen_addr, "tcp://198.51.100.8:4000");
}

}  // namespace
}  // namespace peerage::p2p
