#include "cmd/status/keeper.h"

#include <chrono>

#include <gtest/gtest.h>

#include "tests/support/pex_world.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

struct StatusKeeperTest : test::PexWorld {
  // What the nodes of PexWorld are made with.
  static pex::NodeConfig config_of(const test::PexNode::Plan& plan) {
    pex::NodeConfig config;
    config.connections = plan.node;
    config.exchange = plan.pex;
    config.networks = plan.networks;
    config.book_file = plan.book;
    return config;
  }
  static conn::PublicKey key_of(std::uint32_t number) {
    return test::numbered_key(number).public_key();
  }
  std::unique_ptr<StatusKeeper> keep(std::uint32_t number, const test::PexNode::Plan& plan) {
    return std::make_unique<StatusKeeper>(*nodes[number - 1]->whole, config_of(plan),
                                          key_of(number), "9.9");
  }
};

TEST_F(StatusKeeperTest, ShowsTheNodeItsNetworksAndItsPeers) {
  test::PexNode::Plan plan;
  plan.node.p2p.laddr = "tcp://" + ip_of(1).to_string() + ":26656";
  test::PexNode& first = add(plan);
  test::PexNode& node = add(plan_with_seeds({first.address()}));
  const auto keeper = keep(1, plan);
  ASSERT_TRUE(until([&] { return first.peers() == 1; }, 30s));
  world.run_for(2s);
  const auto now = keeper->read();
  EXPECT_EQ(now->version, "9.9");
  EXPECT_EQ(now->role, pex::Role::node);
  EXPECT_EQ(now->id, first.whole->id());
  EXPECT_EQ(now->key, key_of(1));
  EXPECT_EQ(now->own.network, "test-chain");
  EXPECT_EQ(now->own.channels, std::vector<conn::ChannelId>{conn::kPexChannel});
  EXPECT_EQ(now->advertised, first.net_address().to_string());
  ASSERT_EQ(now->networks.size(), 1U);
  EXPECT_EQ(now->networks[0].chain_id, "test-chain");
  EXPECT_EQ(now->networks[0].peers, 1U);
  EXPECT_GE(now->networks[0].known, 1U);
  ASSERT_EQ(now->peers.size(), 1U);
  EXPECT_EQ(now->peers[0].id, node.whole->id());
  EXPECT_EQ(now->peers[0].direction, p2p::Direction::inbound);
  EXPECT_EQ(now->peers[0].socket.ip, node.host().address());
  EXPECT_EQ(now->peers[0].connection.channels.size(), 1U);
  EXPECT_TRUE(now->condition.listening);
  EXPECT_TRUE(now->condition.book_open);
  EXPECT_FALSE(now->condition.draining);
  EXPECT_LE(now->condition.silence, 1s);
}

TEST_F(StatusKeeperTest, ASnapshotStandsForASecond) {
  const auto plan = seed_plan();
  add(plan);
  const auto keeper = keep(1, plan);
  const auto first = keeper->read();
  world.run_for(999ms);
  EXPECT_EQ(keeper->read(), first);
  world.run_for(1ms);
  const auto second = keeper->read();
  EXPECT_NE(second, first);
  EXPECT_EQ(second->taken - first->taken, 1s);
  EXPECT_EQ(second->started, first->started);
}

TEST_F(StatusKeeperTest, FiguresAreThereForTheFirstReaderAfterALongTime) {
  const auto plan = seed_plan();
  test::PexNode& seed = add(plan);
  const auto keeper = keep(1, plan);
  world.run_for(3h);
  add(plan_with_seeds({seed.address()}));
  ASSERT_TRUE(until([&] { return seed.book().size() > 0; }, 30s));
  world.run_for(2s);
  EXPECT_EQ(keeper->read()->networks[0].known, seed.book().size());
}

TEST_F(StatusKeeperTest, ANodeThatDrainsIsSeenAtOnce) {
  const auto plan = seed_plan();
  add(plan);
  const auto keeper = keep(1, plan);
  EXPECT_FALSE(keeper->read()->condition.draining);
  keeper->set_draining();
  EXPECT_TRUE(keeper->read()->condition.draining);
}

TEST_F(StatusKeeperTest, SilenceIsThatOfTheControlShard) {
  const auto plan = seed_plan();
  test::PexNode& seed = add(plan);
  const auto keeper = keep(1, plan);
  world.run_for(10s);
  EXPECT_LE(keeper->read()->condition.silence, 1s);
  seed.host().pause_until(world.now() + 20s);
  world.run_for(15s);
  EXPECT_GE(keeper->read()->condition.silence, 14s);
  world.run_for(7s);
  EXPECT_LE(keeper->read()->condition.silence, 1s);
}

TEST_F(StatusKeeperTest, ASwitchThatDrainsIsSeenAtOnceAndSoIsItsEnd) {
  test::PexNode& node = add({});
  const auto keeper = keep(1, {});
  ASSERT_FALSE(keeper->read()->condition.draining);
  for (const auto to : {p2p::Draining::yes, p2p::Draining::no}) {
    std::optional<bool> changed;
    node.net().drain(to, [&](bool has) { changed = has; });
    ASSERT_TRUE(until([&] { return changed.has_value(); }, 100ms));
    EXPECT_EQ(keeper->read()->condition.draining, to == p2p::Draining::yes);
  }
}

TEST_F(StatusKeeperTest, ANodeThatDoesNotListenYetHasNoAddress) {
  const auto plan = seed_plan();
  pex::NodeConfig config = config_of(plan);
  sim::SimHost& host = world.add_host({ip_of(50)}, 1);
  auto node = pex::Node::create(host, config, test::numbered_key(50)).value();
  {
    StatusKeeper keeper(*node, config, key_of(50), "9.9");
    EXPECT_FALSE(keeper.read()->condition.listening);
    EXPECT_TRUE(keeper.read()->condition.book_open) << "it is in memory";
    EXPECT_EQ(keeper.read()->advertised, "");
  }
  config.book_file = "/tmp/none/book.db";
  StatusKeeper keeper(*node, config, key_of(50), "9.9");
  EXPECT_FALSE(keeper.read()->condition.book_open);
  bool stopped = false;
  node->stop([&](const auto&) { stopped = true; });
  EXPECT_TRUE(until([&] { return stopped; }, 10s));
}

TEST_F(StatusKeeperTest, TheExternalAddressIsTheOneThatOthersAreToldOf) {
  auto plan = seed_plan();
  plan.node.p2p.external_address = "tcp://seed.example.org:26656";
  add(plan);
  const auto keeper = keep(1, plan);
  const auto now = keeper->read();
  EXPECT_EQ(now->external, "seed.example.org:26656");
  EXPECT_EQ(now->own.listen_addr, "tcp://seed.example.org:26656");
  EXPECT_EQ(now->advertised, now->id.to_string() + "@seed.example.org:26656");
}

TEST_F(StatusKeeperTest, AKeeperMayGoBeforeItsNode) {
  const auto plan = seed_plan();
  add(plan);
  std::shared_ptr<const StatusSnapshot> kept;
  {
    const auto keeper = keep(1, plan);
    kept = keeper->read();
  }
  world.run_for(5s);
  EXPECT_EQ(kept->version, "9.9");
}

}  // namespace
}  // namespace peerage::cmd
