// What discovery finds reaches the books, and what comes of dialling it reaches discovery: each
// through a whole node on the simulated network.
#include "pex/books/discovery_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/discovery_contacts.h"
#include "tests/support/pex_visitor.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using addrbook::kNever;
using addrbook::KnownAddress;
using addrbook::Origin;
using conn::Reason;
using test::DiscoveredNode;
using test::PexNode;
using test::PexVisitor;
using testing::ElementsAre;
using testing::IsEmpty;
using State = Candidates::State;

class DiscoveryFeedTest : public test::PexWorld {
 protected:
  PexNode* node = nullptr;
  std::unique_ptr<DiscoveryFeed> feed;
  std::vector<std::unique_ptr<PexVisitor>> visitors;
  std::vector<EnodeId> banned_ids;
  std::vector<conn::Cidr> banned_networks, unbanned_networks;
  std::size_t next_host = 1500;

  // It begins no dials itself.
  void start(std::vector<std::string> networks = {"test-chain"}) {
    PexNode::Plan plan;
    plan.networks = std::move(networks);
    plan.pex.outbound.dials_per_second = 0;
    node = &add(plan);
    feed = std::make_unique<DiscoveryFeed>(
        node->books(), node->whole->id(), DiscoveryLimits{},
        DiscoveryFeed::Bans{
            [this](const EnodeId& id, conn::Duration) { banned_ids.push_back(id); },
            [this](const conn::Cidr& network, conn::TimePoint) {
              banned_networks.push_back(network);
            },
            [this](const conn::Cidr& network) { unbanned_networks.push_back(network); }},
        world.now());
    node->on_event = [this](const p2p::SwitchEvent& event) { feed->on_event(event, world.now()); };
  }
  void TearDown() override {
    for (const auto& visitor : visitors) visitor->stop();
    PexWorld::TearDown();
    world.run_for(5s);
  }

  // A comet node, and what discovery finds of it.
  DiscoveredNode somebody(const std::string& network = "test-chain") {
    sim::SimHost& host = world.add_host({ip_of(next_host)}, 1);
    const auto number = static_cast<std::uint32_t>(next_host++);
    visitors.push_back(std::make_unique<PexVisitor>(host, number, 26656, network));
    return found(number, host.address());
  }
  static DiscoveredNode found(std::uint32_t number, const conn::IpAddress& ip) {
    DiscoveredNode found;
    found.number = number;
    found.names = test::numbered_key(number).id();
    found.ip = ip;
    return found;
  }
  void discover(const DiscoveredNode& found) {
    feed->on_update(update::Added{found.contact()}, world.now());
    feed->on_time(world.now());
  }
  void dial(const DiscoveredNode& found) {
    node->net().dial(conn::HostAddress::of(found.address()));
    world.run_for(8s);
  }
  const KnownAddress* known(const DiscoveredNode& found) const {
    return node->book().find(found.address());
  }
  std::size_t in(State state) const { return feed->candidates().in(state); }
};

TEST_F(DiscoveryFeedTest, WhatIsFoundEntersTheBookWithItsOwnIpAsTheSource) {
  start();
  const DiscoveredNode other = somebody();
  discover(other);
  ASSERT_NE(known(other), nullptr);
  EXPECT_EQ(known(other)->origin, Origin::discovery);
  EXPECT_EQ(known(other)->source, other.ip);
  EXPECT_EQ(known(other)->said_itself, kNever) << "no comet node has proven its ID there";
  EXPECT_FALSE(is_first_hand(*known(other)));
  EXPECT_EQ(feed->added(addrbook::Added::added), 1u);
}

TEST_F(DiscoveryFeedTest, OfManyInOneNetworkNoneIsRefusedForComingTooFast) {
  start();
  for (std::uint32_t i = 0; i < 40; ++i) {
    const auto ip = conn::IpAddress::v4(8, 8, static_cast<std::uint8_t>(i), 1);
    feed->on_update(update::Added{found(7000 + i, ip).contact()}, world.now());
  }
  for (int second = 0; second < 20; ++second) {
    feed->on_time(world.now());
    world.run_for(1s);
  }
  EXPECT_EQ(feed->candidates().counts().handed, 40u);
  EXPECT_EQ(feed->added(addrbook::Added::told_too_fast), 0u);
}

TEST_F(DiscoveryFeedTest, EachNetworkOfOursThatARecordNamesHasItInItsBook) {
  start({"test-chain", "other-chain"});
  DiscoveredNode both = somebody();
  both.networks = {"other-chain", "test-chain", "a-third-chain"};
  discover(both);
  EXPECT_NE(node->books().find("test-chain")->find(both.address()), nullptr);
  EXPECT_NE(node->books().find("other-chain")->find(both.address()), nullptr);
}

// --- what comes of a dial ---

TEST_F(DiscoveryFeedTest, OneThatConnectsIsConnectedAndVerifiedAsAny) {
  start();
  const DiscoveredNode other = somebody();
  discover(other);
  dial(other);
  EXPECT_EQ(in(State::connected), 1u);
  EXPECT_NE(known(other)->last_verified, kNever);
  EXPECT_NE(known(other)->connected_since, kNever);
}

TEST_F(DiscoveryFeedTest, OneOfAnotherNetworkIsNoCandidateAndItsAddressRests) {
  start();
  const DiscoveredNode other = somebody("another-chain");
  discover(other);
  dial(other);
  EXPECT_EQ(in(State::rejected), 1u);
  EXPECT_EQ(known(other)->failure, Reason::wrong_network);
  EXPECT_GT(known(other)->bad_until, node->books().now() + std::chrono::days(6));
  EXPECT_THAT(banned_ids, IsEmpty());
}

TEST_F(DiscoveryFeedTest, OneThatProvesAnotherIdLosesItsRecordAndTheNodeThatItNamedNothing) {
  start();
  const DiscoveredNode honest = somebody();
  discover(honest);
  dial(honest);
  const KnownAddress before = *known(honest);
  DiscoveredNode liar = somebody();
  liar.names = honest.names;
  discover(liar);
  // The book does not even take it, because the node has proven itself elsewhere.
  EXPECT_EQ(feed->added(addrbook::Added::proven_elsewhere), 1u);
  node->net().stop_peer(*node->net().snapshot()->peers.front(),
                        {conn::Stage::established, Reason::stopping, ""});
  world.run_for(5s);
  dial(liar);
  EXPECT_EQ(feed->candidates().counts().other_id, 1u);
  EXPECT_EQ(feed->candidates().size(), 1u) << "the honest one";
  EXPECT_EQ(known(honest)->failures, before.failures);
  EXPECT_EQ(known(honest)->wrong_ids, before.wrong_ids);
  EXPECT_EQ(known(honest)->last_verified, before.last_verified);
  EXPECT_THAT(banned_ids, IsEmpty());
}

TEST_F(DiscoveryFeedTest, TheSecondTimeTheIdOfTheRecordIsBanned) {
  start();
  DiscoveredNode liar = somebody();
  liar.names = test::numbered_key(77).id();
  discover(liar);
  dial(liar);
  ASSERT_NE(known(liar), nullptr);
  EXPECT_EQ(known(liar)->wrong_ids, 1);
  EXPECT_EQ(feed->candidates().size(), 0u);
  world.run_for(Candidates::kUnwanted);
  discover(liar);
  EXPECT_EQ(feed->candidates().size(), 1u);
  dial(liar);
  EXPECT_THAT(banned_ids, ElementsAre(liar.id()));
  EXPECT_EQ(known(liar), nullptr) << "the book has given it up";
}

TEST_F(DiscoveryFeedTest, OneThatDoesNotAnswerHasFailed) {
  start();
  const DiscoveredNode dead = found(701, ip_of(1999));
  discover(dead);
  node->book().mark_connected({test::numbered_key(702).id(), {ip_of(1998), 1}}, {},
                              node->books().now());
  dial(dead);
  EXPECT_EQ(in(State::failed), 1u);
  EXPECT_EQ(known(dead)->failures, 1u);
}

TEST_F(DiscoveryFeedTest, OneThatIsFullStaysAndIsVerified) {
  start();
  PexNode::Plan full;
  full.node.p2p.max_num_inbound_peers = 0;
  full.pex.outbound.dials_per_second = 0;
  PexNode& other = add(full);
  DiscoveredNode record = found(900, other.host().address());
  record.names = other.whole->id();
  discover(record);
  dial(record);
  EXPECT_EQ(node->outbound(), 0u);
  EXPECT_EQ(in(State::handed), 1u);
  EXPECT_NE(known(record)->last_verified, kNever);
}

TEST_F(DiscoveryFeedTest, OneThatIsGoneIsACandidateAgain) {
  start();
  const DiscoveredNode other = somebody();
  discover(other);
  dial(other);
  visitors.back()->stop();
  world.run_for(5s);
  EXPECT_EQ(in(State::connected), 0u);
  EXPECT_EQ(in(State::handed), 1u);
}

TEST_F(DiscoveryFeedTest, ADialThatWeRefuseOurselvesSaysNothing) {
  start();
  const DiscoveredNode other = somebody();
  discover(other);
  node->net().ban(other.names, 1h, "test");
  dial(other);
  EXPECT_EQ(feed->candidates().counts().failed, 0u);
}

TEST_F(DiscoveryFeedTest, WhatEndsBecauseWeStopSaysNothing) {
  start();
  const DiscoveredNode other = somebody();
  discover(other);
  dial(other);
  node->stop();
  ASSERT_TRUE(until([&] { return node->stopped; }, 10s));
  EXPECT_EQ(in(State::connected), 1u);
}

// --- bans ---

TEST_F(DiscoveryFeedTest, ABanOfANodeOrANetworkEndsItsCandidates) {
  start();
  const DiscoveredNode one = somebody(), two = somebody(), three = somebody();
  for (const DiscoveredNode& each : {one, two, three}) {
    feed->on_update(update::Added{each.contact()}, world.now());
  }
  node->net().ban(one.names, 1h, "test");
  node->net().ban(conn::Cidr(two.ip, 24), 1h, "test");
  world.run_for(1s);
  EXPECT_EQ(feed->candidates().size(), 1u);
  for (const DiscoveredNode& each : {one, two, three}) discover(each);
  EXPECT_EQ(known(one), nullptr);
  EXPECT_EQ(known(two), nullptr);
  EXPECT_NE(known(three), nullptr);
}

TEST_F(DiscoveryFeedTest, BansOfNetworksAreDiscoverysToo) {
  start();
  const conn::Cidr network(conn::IpAddress::v4(9, 9, 9, 0), 24);
  node->net().ban(network, 1h, "test");
  node->net().ban(test::numbered_key(3).id(), 1h, "test");
  world.run_for(1s);
  EXPECT_THAT(banned_networks, ElementsAre(network));
  node->net().unban(network);
  world.run_for(1s);
  EXPECT_THAT(unbanned_networks, ElementsAre(network));
}

TEST_F(DiscoveryFeedTest, BansOfBeforeAreToldAtTheStart) {
  start();
  const conn::Cidr network(conn::IpAddress::v4(9, 9, 9, 0), 24);
  node->net().ban(network, 1h, "test");
  world.run_for(1s);
  std::vector<conn::Cidr> told;
  const DiscoveryFeed later(
      node->books(), node->whole->id(), {},
      {[](const EnodeId&, conn::Duration) {},
       [&told](const conn::Cidr& each, conn::TimePoint) { told.push_back(each); },
       [](const conn::Cidr&) {}},
      world.now());
  EXPECT_THAT(told, ElementsAre(network));
}

}  // namespace
}  // namespace peerage::pex
