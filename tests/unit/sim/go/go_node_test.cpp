// Go nodes among themselves, and among ours, on the real wire in virtual time.
#include "tests/sim/go/go_node.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/pex_world.h"

namespace peerage::sim::go {
namespace {

using test::PexNode;

class GoNodeTest : public test::PexWorld {
 protected:
  GoNodeTest() : PexWorld(5) {}
  // Numbered after our own nodes, with a host of its own.
  GoNode& add_go(GoNode::Plan plan = {}) {
    const std::size_t number = 100 + go.size();
    SimHost& host = world.add_host({ip_of(number)});
    go.push_back(
        std::make_unique<GoNode>(host, static_cast<std::uint32_t>(number), std::move(plan)));
    GoNode& node = *go.back();
    node.on_event = [this](const p2p::SwitchEvent& event) { count(event); };
    node.start();
    EXPECT_TRUE(until([&] { return node.started(); }, 1s));
    return node;
  }
  PexNode& add_ours(PexNode::Plan plan) {
    plan.node.p2p.external_address = ip_of(nodes.size() + 1).to_string() + ":26656";
    PexNode& node = add(std::move(plan));
    node.on_event = [this](const p2p::SwitchEvent& event) { count(event); };
    return node;
  }
  void count(const p2p::SwitchEvent& event) {
    if (std::holds_alternative<p2p::Banned>(event)) ++banned;
    if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
      misbehaved += gone->why.reason == p2p::PeerReason::misbehaved;
    }
  }
  std::size_t banned_by_go() const {
    std::size_t found = 0;
    for (const auto& judge : go) {
      for (const auto& each : go) found += judge->book().is_banned(each->id());
      for (const auto& each : nodes) found += judge->book().is_banned(each->address().id);
    }
    return found;
  }
  // How many nodes, without seeds, are in one component with the first Go node.
  std::size_t joined() const {
    std::map<conn::NodeId, std::vector<conn::NodeId>> neighbours;
    for (const auto& each : go) {
      for (const auto& peer : each->get_switch().peers()) {
        neighbours[each->id()].push_back(peer->id());
      }
    }
    for (const auto& each : nodes) {
      for (const auto& peer : each->net().peers()) {
        neighbours[each->address().id].push_back(peer->id());
      }
    }
    std::set<conn::NodeId> seen = {go.front()->id()};
    std::vector<conn::NodeId> left = {go.front()->id()};
    while (!left.empty()) {
      const conn::NodeId next = left.back();
      left.pop_back();
      for (const conn::NodeId& each : neighbours[next]) {
        if (seen.insert(each).second) left.push_back(each);
      }
    }
    return seen.size();
  }
  void TearDown() override {
    for (const auto& node : go) node->stop();
    EXPECT_TRUE(until(
        [&] {
          return std::all_of(go.begin(), go.end(),
                             [](const auto& node) { return node->stopped(); });
        },
        30s));
    PexWorld::TearDown();
  }

  std::vector<std::unique_ptr<GoNode>> go;
  std::size_t banned = 0;
  std::size_t misbehaved = 0;
};

TEST_F(GoNodeTest, TenGoNodesFindEachOtherByASeedOfOurs) {
  PexNode& seed = add_ours(seed_plan());
  for (int i = 0; i < 10; ++i) add_go({.seeds = {seed.address()}});
  EXPECT_TRUE(until(
      [&] {
        return joined() >= 10 && std::all_of(go.begin(), go.end(),
                                             [](const auto& node) { return node->peers() >= 5; });
      },
      5min));
  world.run_for(10min);
  for (const auto& node : go) EXPECT_GE(node->book().size(), 9u);
  EXPECT_EQ(banned + misbehaved + banned_by_go(), 0u);
}

TEST_F(GoNodeTest, AGoSeedBringsGoNodesTogetherToo) {
  GoNode& seed = add_go({.mode = GoPexConfig::Mode::seed});
  for (int i = 0; i < 6; ++i) add_go({.seeds = {seed.address()}});
  EXPECT_TRUE(until(
      [&] {
        return std::all_of(go.begin() + 1, go.end(),
                           [](const auto& node) { return node->book().size() >= 6; });
      },
      10min));
  EXPECT_EQ(banned + misbehaved + banned_by_go(), 0u);
}

TEST_F(GoNodeTest, GoNodesAndOursGetAlongForAnHour) {
  PexNode& seed = add_ours(seed_plan());
  for (int i = 0; i < 6; ++i) {
    add_go({.seeds = {seed.address()}});
    add_ours(plan_with_seeds({seed.address()}));
  }
  world.run_for(1h);
  EXPECT_GE(joined(), 12u);
  for (const auto& node : go) EXPECT_GE(node->peers(), 5u);
  for (const auto& node : nodes) {
    EXPECT_TRUE(node.get() == &seed || node->peers() >= 5);
  }
  EXPECT_EQ(banned, 0u);
  EXPECT_EQ(misbehaved, 0u);
  EXPECT_EQ(banned_by_go(), 0u);
}

TEST_F(GoNodeTest, WithItsBookANodeIsBackWithoutASeed) {
  GoNode& hub = add_go();
  for (int i = 0; i < 4; ++i) add_go({.seeds = {hub.address()}});
  GoNode& node = add_go({.seeds = {hub.address()}});
  world.run_for(10min);
  const std::size_t known = node.book().size();
  EXPECT_GE(known, 4u);
  hub.stop();
  for (const auto kept : {GoNode::Book::kept, GoNode::Book::lost}) {
    node.crash();
    ASSERT_TRUE(until([&] { return node.stopped(); }, 1s));
    node.make_anew(kept);
    EXPECT_EQ(node.book().size(), kept == GoNode::Book::kept ? known : 0);
    // No other node connects to it.
    std::size_t dialled = 0;
    node.on_event = [&](const p2p::SwitchEvent& event) {
      const auto* connected = std::get_if<p2p::Connected>(&event);
      dialled += connected && connected->peer->direction() == p2p::Direction::outbound;
    };
    node.start();
    world.run_for(5s);
    EXPECT_EQ(dialled > 0, kept == GoNode::Book::kept);
  }
}

TEST_F(GoNodeTest, SlotsGoToTheFirstPeersAndOthersAreRefusedAtAccept) {
  GoNode::Plan small;
  small.node.p2p.max_num_inbound_peers = 3;
  GoNode& full = add_go(small);
  for (int i = 0; i < 3; ++i) add_go({.seeds = {full.address()}});
  EXPECT_TRUE(until([&] { return full.inbound() == 3; }, 1min));
  const p2p::Counters& counters = full.get_switch().counters();
  const auto handshakes = counters.get(p2p::Counter::handshakes_inbound);
  std::set<conn::NodeId> first;
  for (const auto& peer : full.get_switch().peers()) first.insert(peer->id());
  for (int i = 0; i < 3; ++i) add_go({.seeds = {full.address()}});
  world.run_for(30min);
  for (const conn::NodeId& each : first) EXPECT_TRUE(full.get_switch().find_peer(each));
  EXPECT_GT(counters.get(p2p::Counter::refused_at_accept), 3u);
  EXPECT_EQ(counters.get(p2p::Counter::handshakes_inbound), handshakes);
}

TEST_F(GoNodeTest, ASeedThatIsDownIsDialledEvery30SecondsForEver) {
  const conn::HostAddress down{conn::NodeKey::from_seed(conn::Secret<32>(GoNode::numbered(9))).id(),
                               world.add_host({ip_of(9)}).address().to_string(), 26656};
  GoNode& node = add_go({.seeds = {down}});
  std::size_t dialled = 0;
  node.on_event = [&](const p2p::SwitchEvent& event) {
    dialled += std::holds_alternative<p2p::Dialled>(event);
  };
  world.run_for(1h);
  EXPECT_EQ(dialled, 120u);
}

TEST_F(GoNodeTest, APeerOfLongStandingThatIsLostIsNotDialledButByTheBook) {
  GoNode& hub = add_go();
  GoNode& node = add_go({.seeds = {hub.address()}});
  world.run_for(1h);
  ASSERT_TRUE(node.get_switch().find_peer(hub.id()));
  node.book().remove(hub.id());
  world.run_for(7s);  // between two looks
  std::size_t dialled = 0;
  node.on_event = [&](const p2p::SwitchEvent& event) {
    dialled += std::holds_alternative<p2p::Dialled>(event);
  };
  world.reset(hub.host().address(), node.host().address());
  world.run_for(5s);
  EXPECT_EQ(node.peers() + dialled, 0u);
}

TEST_F(GoNodeTest, OneAddressHoldsOnePeer) {
  GoNode& hub = add_go();
  SimHost& shared = world.add_host({ip_of(50)});
  std::vector<std::unique_ptr<GoNode>> two;
  for (std::uint16_t i = 0; i < 2; ++i) {
    GoNode::Plan plan{.seeds = {hub.address()}};
    plan.node.p2p.laddr = "tcp://0.0.0.0:" + std::to_string(26656 + i);
    two.push_back(std::make_unique<GoNode>(shared, 50u + i, plan));
    two.back()->start();
  }
  world.run_for(5min);
  EXPECT_EQ(hub.peers(), 1u);
}

TEST_F(GoNodeTest, OneHostThatReportsEverNewAddressesCountsAsManySources) {
  GoNode& victim = add_go();
  std::vector<conn::NetAddress> honest;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const auto key = conn::NodeKey::from_seed(conn::Secret<32>(GoNode::numbered(1000 + i)));
    const conn::NetAddress each{key.id(), {ip_of(500 + i), 26656}};
    honest.push_back(each);
    victim.book().add(each, each, world.now());
  }
  const std::size_t before = victim.book().size();
  // One host, under ever new IDs, claims another address each time.
  SimHost& host = world.add_host({ip_of(60)});
  const auto come_and_go = [&](std::uint32_t i) {
    GoNode::Plan plan{.seeds = {victim.address()}};
    plan.node.p2p.external_address =
        conn::Endpoint{conn::IpAddress::v4(static_cast<std::uint8_t>(40 + i / 250),
                                           static_cast<std::uint8_t>(i % 250), 9, 9),
                       26656}
            .to_string();
    GoNode liar(host, 5000 + i, plan);
    liar.start();
    EXPECT_TRUE(until([&] { return liar.peers() == 1; }, 40s));
    liar.crash();
    EXPECT_TRUE(until([&] { return liar.stopped() && victim.inbound() == 0; }, 10s));
  };
  for (std::uint32_t i = 0; i < 200; ++i) come_and_go(i);
  std::set<std::uint64_t> groups;
  victim.book().for_each([&](const GoBook::Row& row) {
    if (std::find(honest.begin(), honest.end(), row.address) == honest.end()) {
      groups.insert(row.source.endpoint.ip.group(conn::IpAddress::Strict::yes));
    }
  });
  EXPECT_GT(groups.size(), 190u);
  EXPECT_GE(victim.book().size(), before);
}

}  // namespace
}  // namespace peerage::sim::go
