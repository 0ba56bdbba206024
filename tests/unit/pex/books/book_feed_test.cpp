// What the books learn from connections: each through a whole node on the simulated network.
#include "pex/books/book_feed.h"

#include <gtest/gtest.h>

#include "pex/exchange/messages.h"
#include "tests/support/pex_visitor.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using addrbook::Kind;
using addrbook::kNever;
using addrbook::KnownAddress;
using addrbook::Origin;
using conn::IpAddress;
using conn::NetAddress;
using conn::Reason;
using test::PexNode;
using test::PexVisitor;

class Feed : public test::PexWorld {
 protected:
  std::vector<std::unique_ptr<PexVisitor>> visitors;
  std::uint32_t next_key = 3000;
  std::size_t next_ip = 1500;

  sim::SimHost& new_host() { return world.add_host({ip_of(next_ip++)}, 1); }
  PexVisitor& somebody(sim::SimHost& host, const std::string& network = "test-chain") {
    visitors.push_back(std::make_unique<PexVisitor>(host, next_key++, 26656, network));
    return *visitors.back();
  }
  static NetAddress address_of(PexVisitor& visitor, const sim::SimHost& host) {
    return {visitor.node().id(), {host.address(), 26656}};
  }
  // A node that begins no dials itself.
  PexNode& add_quiet(PexNode::Plan plan = {}) {
    plan.node.p2p.max_num_outbound_peers = 10;
    plan.pex.outbound.dials_per_second = 0;
    return add(std::move(plan));
  }
  void hear(PexNode& node, const NetAddress& address) {
    EXPECT_EQ(node.book().add(address, {ip_of(2000), {}, Origin::pex}, node.books().now()),
              addrbook::Added::added);
  }
  void dial(PexNode& node, const NetAddress& address) {
    node.net().dial(conn::HostAddress::of(address));
    world.run_for(8s);
  }
  void TearDown() override {
    for (const auto& visitor : visitors) visitor->stop();
    PexWorld::TearDown();
    world.run_for(5s);
  }
};

TEST_F(Feed, ADeadAddressWasDialledAndFailed) {
  PexNode& node = add_quiet();
  const NetAddress dead = {test::numbered_key(701).id(), {ip_of(1999), 26656}};
  hear(node, dead);
  node.book().mark_connected({test::numbered_key(702).id(), {ip_of(1998), 1}}, {},
                             node.books().now());
  dial(node, dead);
  const KnownAddress* known = node.book().find(dead);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->attempts, 1u);
  EXPECT_EQ(known->failures, 1u);
  EXPECT_EQ(known->failure, Reason::unreachable);
}

TEST_F(Feed, AnAddressWhereAnotherIdAnswersIsErasedAfterTheSecondTime) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  PexVisitor& other = somebody(host);
  const NetAddress wrong = {test::numbered_key(77).id(), {host.address(), 26656}};
  hear(node, wrong);
  dial(node, wrong);
  ASSERT_NE(node.book().find(wrong), nullptr);
  EXPECT_EQ(node.book().find(wrong)->wrong_ids, 1);
  world.run_for(2min);
  dial(node, wrong);
  EXPECT_EQ(node.book().find(wrong), nullptr);
  EXPECT_EQ(other.ends(), 0u);
}

TEST_F(Feed, ANodeThatConnectsIsVerifiedAndItsNodeInfoIsKept) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  const NetAddress address = address_of(somebody(host), host);
  hear(node, address);
  dial(node, address);
  const KnownAddress* known = node.book().find(address);
  ASSERT_NE(known, nullptr);
  EXPECT_NE(known->last_connected, kNever);
  EXPECT_NE(known->last_verified, kNever);
  EXPECT_NE(known->connected_since, kNever);
  EXPECT_GT(known->round_trip_us, 0u);
  ASSERT_TRUE(known->facts);
  EXPECT_EQ(known->facts->moniker, "peerage");
  EXPECT_EQ(known->facts->channels, std::vector{conn::kPexChannel});
}

TEST_F(Feed, ANodeThatIsFullIsVerifiedAllTheSame) {
  PexNode& node = add_quiet();
  PexNode::Plan full;
  full.node.p2p.max_num_inbound_peers = 0;
  PexNode& other = add_quiet(full);
  hear(node, other.net_address());
  dial(node, other.net_address());
  EXPECT_EQ(node.outbound(), 0u);
  const KnownAddress* known = node.book().find(other.net_address());
  EXPECT_NE(known->last_verified, kNever);
  EXPECT_EQ(known->failures, 0u);
}

TEST_F(Feed, ANodeOfAnotherNetworkRests) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  const NetAddress address = address_of(somebody(host, "another-chain"), host);
  hear(node, address);
  dial(node, address);
  const KnownAddress* known = node.book().find(address);
  EXPECT_EQ(known->failure, Reason::wrong_network);
  EXPECT_EQ(known->last_verified, kNever);
  EXPECT_GT(known->bad_until, node.books().now() + std::chrono::days(6));
}

TEST_F(Feed, AHalfHourWithMessagesMakesAPeerTriedWhileItIsStillThere) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  PexVisitor& other = somebody(host);
  const NetAddress address = address_of(other, host);
  hear(node, address);
  dial(node, address);
  other.ask();
  world.run_for(29min);
  EXPECT_EQ(node.book().find(address)->kind, Kind::new_);
  world.run_for(2min);
  EXPECT_EQ(node.book().find(address)->kind, Kind::tried);
}

TEST_F(Feed, AHalfHourOfSilenceMakesNoPeerTried) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  const NetAddress address = address_of(somebody(host), host);
  hear(node, address);
  dial(node, address);
  world.run_for(2h);
  EXPECT_EQ(node.book().find(address)->kind, Kind::new_);
}

TEST_F(Feed, AReactorsMarkMakesAPeerTried) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  const NetAddress address = address_of(somebody(host), host);
  hear(node, address);
  dial(node, address);
  node.net().mark_good(address.id);
  world.run_for(1s);
  EXPECT_EQ(node.book().find(address)->kind, Kind::tried);
}

TEST_F(Feed, PeersConnectedWhenWeStoppedAreAnchors) {
  PexNode& node = add_quiet();
  sim::SimHost& stays = new_host();
  sim::SimHost& goes = new_host();
  const NetAddress here = address_of(somebody(stays), stays);
  PexVisitor& leaving = somebody(goes);
  const NetAddress gone = address_of(leaving, goes);
  for (const NetAddress& each : {here, gone}) {
    hear(node, each);
    dial(node, each);
  }
  leaving.stop();
  world.run_for(5s);
  node.stop();
  ASSERT_TRUE(until([&] { return node.stopped; }, 10s));
  EXPECT_NE(node.book().find(here)->connected_since, kNever);
  EXPECT_EQ(node.book().find(gone)->connected_since, kNever);
}

TEST_F(Feed, APersistentPeerIsInTheBookOnceWeHaveMetIt) {
  PexNode::Plan plan;
  sim::SimHost& host = new_host();
  PexVisitor& other = somebody(host);
  world.set_name("peer.example", std::vector{host.address()});
  plan.node.p2p.persistent_peers = {{other.node().id(), "peer.example", 26656}};
  PexNode& node = add_quiet(plan);
  world.run_for(5s);
  const KnownAddress* known = node.book().find(address_of(other, host));
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->origin, Origin::configuration);
}

TEST_F(Feed, AConfiguredSeedDoesNotEnterTheBook) {
  PexNode::Plan plan;
  sim::SimHost& host = new_host();
  PexVisitor& other = somebody(host);
  plan.pex.seeds = {{other.node().id(), host.address().to_string(), 26656}};
  PexNode& node = add(plan);
  world.run_for(30s);
  EXPECT_EQ(node.book().find(address_of(other, host)), nullptr);
}

TEST_F(Feed, ABannedIdRestsUntilTheBanIsLifted) {
  PexNode& node = add_quiet();
  const NetAddress address = {test::numbered_key(701).id(), {ip_of(1999), 26656}};
  hear(node, address);
  node.net().ban(address.id, 24h, "test");
  world.run_for(1s);
  EXPECT_GT(node.book().find(address)->bad_until, node.books().now());
  EXPECT_EQ(node.books().bans(), 1u);
  node.net().unban(address.id);
  world.run_for(1s);
  EXPECT_EQ(node.book().find(address)->bad_until, kNever);
  EXPECT_EQ(node.books().bans(), 0u);
}

// --- what a peer says of its own address ---

class Claims : public Feed {
 protected:
  // A node connects that says it listens there.
  void visited(PexNode& node, sim::SimHost& from, const std::string& laddr) {
    p2p::SwitchConfig config = test::node_config();
    config.p2p.external_address = laddr;
    config.p2p.laddr = "tcp://0.0.0.0:7777";
    guests.push_back(
        std::make_unique<test::SimNode>(from, next_key++, config,
                                        std::make_shared<test::RecordingReactor>(
                                            std::vector{p2p::ReactorChannel::from(kChannel)})));
    guests.back()->start();
    world.run_for(100ms);
    guests.back()->node->dial(node.address());
    world.run_for(2s);
  }
  const KnownAddress* of_last(PexNode& node) {
    const auto found = node.book().find(guests.back()->id());
    return found.size() == 1 ? found[0] : nullptr;
  }
  void TearDown() override {
    for (const auto& guest : guests) guest->stop();
    Feed::TearDown();
  }
  std::vector<std::unique_ptr<test::SimNode>> guests;
};

TEST_F(Claims, ItsOwnAddressIsItsOwnWhenItNamesTheIpOfTheSocket) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  visited(node, host, host.address().to_string() + ":9999");
  const KnownAddress* known = of_last(node);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->address.endpoint, (conn::Endpoint{host.address(), 9999}));
  EXPECT_EQ(known->origin, Origin::inbound);
}

TEST_F(Claims, NoIpAtAllMeansThatOfTheSocket) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  visited(node, host, "");
  const KnownAddress* known = of_last(node);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->address.endpoint, (conn::Endpoint{host.address(), 7777}));
  EXPECT_EQ(known->origin, Origin::inbound);
}

TEST_F(Claims, AnotherIpIsGossipFromTheSocket) {
  PexNode& node = add_quiet();
  sim::SimHost& host = new_host();
  visited(node, host, ip_of(1900).to_string() + ":9999");
  const KnownAddress* known = of_last(node);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->address.endpoint.ip, ip_of(1900));
  EXPECT_EQ(known->origin, Origin::pex);
  EXPECT_EQ(known->source, host.address());
}

}  // namespace
}  // namespace peerage::pex
