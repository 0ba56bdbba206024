// Discovery within whole nodes, on the simulated network: nodes that share one boot node's record
// and nothing else become peers, and without discovery nothing of it is there.
#include "pex/node_discovery.h"

#include <algorithm>
#include <fstream>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pex/metrics.h"
#include "tests/support/discovery_contacts.h"
#include "tests/support/files.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using addrbook::Origin;
using test::PexNode;
using testing::HasSubstr;
using testing::Not;

class NodeDiscoveryTest : public test::PexWorld {
 protected:
  test::TemporaryDirectory directory;
  std::size_t next_home = 0;

  PexNode::Plan plan(std::vector<std::string> bootnodes = {}) {
    PexNode::Plan plan;
    plan.discovery.emplace();
    plan.discovery->bootnodes = std::move(bootnodes);
    plan.discovery->key_file = directory / ("key-" + std::to_string(next_home++));
    return plan;
  }
  // It exchanges no addresses with anybody: what it is told, discovery has told.
  PexNode::Plan silent(PexNode::Plan plan) {
    plan.pex.outbound.dials_per_second = 0;
    return plan;
  }
  EnrPtr record_of(PexNode& node) {
    DiscoveryServer* server = node.whole->discovery();
    if (server == nullptr) return nullptr;
    return server->core().record();
  }
  // What others are told: as `peerage discovery id` shows it.
  std::string url_of(PexNode& node) {
    EXPECT_TRUE(until([&] { return record_of(node) != nullptr; }, 10s));
    const auto url = EnodeUrl{record_of(node)->key(), node.host().address().to_string(), 26656,
                              node.whole->discovery()->core().settings().bound.port};
    return url.to_string();
  }
};

TEST_F(NodeDiscoveryTest, TwoNodesThatShareABootNodesRecordAlone) {
  PexNode::Plan boot_plan = silent(plan());
  boot_plan.node.p2p.max_num_inbound_peers = 0;  // it introduces nobody over TCP
  PexNode& boot = add(boot_plan);
  const std::string url = url_of(boot);
  PexNode& one = add(plan({url}));
  PexNode& two = add(plan({url}));
  EXPECT_TRUE(until(
      [&] {
        const auto peers = one.net().snapshot()->peers;
        return std::any_of(peers.begin(), peers.end(),
                           [&](const p2p::PeerPtr& peer) { return peer->id() == two.whole->id(); });
      },
      15s));
  const auto* known = one.book().find(two.net_address());
  if (known == nullptr) known = two.book().find(one.net_address());
  ASSERT_NE(known, nullptr);
  EXPECT_TRUE(known->origin == Origin::discovery || known->origin == Origin::inbound);
}

TEST_F(NodeDiscoveryTest, ASeedVisitsWhatItFindsAndServesWhatItHasVerifiedAlone) {
  PexNode& boot = add(silent(plan()));
  const std::string url = url_of(boot);
  PexNode::Plan seed_plan = PexWorld::seed_plan();
  seed_plan.discovery = plan({url}).discovery;
  PexNode& seed = add(seed_plan);
  PexNode& node = add(silent(plan({url})));
  EXPECT_TRUE(until(
      [&] {
        const auto served = seed.book().verified_selection(seed.books().now());
        return std::find(served.begin(), served.end(), node.net_address()) != served.end();
      },
      60s));
  for (const conn::NetAddress& each : seed.book().verified_selection(seed.books().now())) {
    EXPECT_NE(seed.book().find(each)->last_verified, addrbook::kNever);
  }
}

TEST_F(NodeDiscoveryTest, ItsRecordTellsWhoAndWhereTheNodeIs) {
  PexNode& node = add(silent(plan()));
  ASSERT_TRUE(until([&] { return record_of(node) != nullptr; }, 10s));
  const auto cmt = Cmt::of(*record_of(node));
  ASSERT_TRUE(cmt);
  EXPECT_EQ(cmt->node_id, node.whole->id());
  EXPECT_EQ(cmt->networks, std::vector<std::string>{"test-chain"});
}

TEST_F(NodeDiscoveryTest, AfterARestartItIsTheSameNodeWithALaterRecord) {
  PexNode::Plan kept = silent(plan());
  kept.book = directory / "addrbook.db";
  PexNode& node = add(kept);
  ASSERT_TRUE(until([&] { return record_of(node) != nullptr; }, 10s));
  const EnrPtr before = record_of(node);
  restart(node);
  ASSERT_TRUE(until([&] { return record_of(node) != nullptr; }, 10s));
  EXPECT_EQ(record_of(node)->id(), before->id());
  EXPECT_GT(record_of(node)->seq(), before->seq());
}

TEST_F(NodeDiscoveryTest, ABanOfTheSwitchIsDiscoverysToo) {
  PexNode& node = add(silent(plan()));
  ASSERT_TRUE(until([&] { return record_of(node) != nullptr; }, 10s));
  const auto ip = conn::IpAddress::v4(9, 9, 9, 9);
  const auto is_banned = [&] {
    return node.whole->discovery()->core().bans().banned(ip, world.now());
  };
  node.net().ban(conn::Cidr(ip, 24), 1h, "test");
  world.run_for(1s);
  EXPECT_TRUE(is_banned());
  node.net().unban(conn::Cidr(ip, 24));
  world.run_for(1s);
  EXPECT_FALSE(is_banned());
}

TEST_F(NodeDiscoveryTest, ABrokenKeyFileIsAnErrorThatNamesIt) {
  PexNode::Plan broken = plan();
  std::ofstream(broken.discovery->key_file) << "broken";
  NodeConfig config;
  config.networks = {"test-chain"};
  config.connections = broken.node;
  config.discovery = broken.discovery;
  sim::SimHost& host = world.add_host({ip_of(77)}, 1);
  auto node = Node::create(host, config, test::numbered_key(77)).value();
  std::optional<conn::Result<void>> started;
  node->start([&](const conn::Result<void>& result) { started = result; });
  ASSERT_TRUE(until([&] { return started.has_value(); }, 10s));
  ASSERT_FALSE(*started);
  EXPECT_THAT(started->error().detail, HasSubstr(broken.discovery->key_file.string()));
  bool stopped = false;
  node->stop([&](const conn::Result<void>&) { stopped = true; });
  EXPECT_TRUE(until([&] { return stopped; }, 10s));
}

TEST_F(NodeDiscoveryTest, SettingsThatMakeNoSenseAreRefusedBeforeTheStart) {
  sim::SimHost& host = world.add_host({ip_of(78)}, 1);
  NodeConfig config;
  config.networks = {"test-chain"};
  config.listen = "0.0.0.0:26656";
  const auto why = [&](const DiscoveryConfig& discovery) {
    config.discovery = discovery;
    auto node = Node::create(host, config, test::numbered_key(78));
    return node ? std::string() : node.error().detail;
  };
  DiscoveryConfig wrong;
  for (const char* boot : {"enr:nothing", "enode://00@1.2.3.4:1", "1.2.3.4:30303"}) {
    wrong.bootnodes = {boot};
    EXPECT_THAT(why(wrong), HasSubstr("bootnodes")) << boot;
  }
  wrong.bootnodes.clear();
  wrong.external_ip = "perhaps";
  EXPECT_THAT(why(wrong), Not(""));
  config.pex = false;
  EXPECT_THAT(why({}), HasSubstr("needs peer exchange"));
}

TEST_F(NodeDiscoveryTest, HasItsMetricsOnlyWhenItIsOn) {
  PexNode& with = add(silent(plan()));
  PexNode& without = add(silent(PexNode::Plan()));
  for (PexNode* each : {&with, &without}) (void)metrics_text(*each->whole);
  world.run_for(2s);
  const std::string text = metrics_text(*with.whole);
  EXPECT_THAT(text, HasSubstr("peerage_discovery_record_seq"));
  EXPECT_THAT(text, HasSubstr("peerage_discovery_clock_suspect 0\n"));
  EXPECT_THAT(text, HasSubstr("peerage_discovery_lookup_seconds_count{protocol=\"discv4\"} 0\n"));
  EXPECT_THAT(metrics_text(*without.whole), Not(HasSubstr("peerage_discovery")));
  EXPECT_EQ(without.whole->discovery(), nullptr);
}

// --- on the sockets of this machine ---

class DiscoveryOnLoopback : public testing::Test {
 protected:
  static constexpr conn::Duration kLimit = 15s;

  test::TemporaryDirectory directory;

  NodeConfig config(std::vector<std::string> bootnodes) {
    NodeConfig config;
    config.networks = {"test-chain"};
    config.listen = "127.0.0.1:0";
    config.shards = 1;
    config.exchange.strict = conn::IpAddress::Strict::no;
    config.connections.p2p.allow_duplicate_ip = true;
    config.discovery.emplace();
    config.discovery->bootnodes = std::move(bootnodes);
    return config;
  }
  static std::unique_ptr<Node> started(const NodeConfig& config) {
    auto node = Node::create(config, conn::NodeKey::generate());
    EXPECT_TRUE(node) << node.error().text();
    const auto up = (*node)->start();
    EXPECT_TRUE(up) << up.error().text();
    return std::move(*node);
  }
  // On the control shard of the node.
  template <typename Look>
  static bool until(Node& node, const Look& look) {
    const auto end = std::chrono::steady_clock::now() + kLimit;
    while (std::chrono::steady_clock::now() < end) {
      std::promise<bool> seen;
      node.look([&](NetworkBooks&) { seen.set_value(look()); });
      if (seen.get_future().get()) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }
};

TEST_F(DiscoveryOnLoopback, TwoNodesThatShareABootNodesRecordAloneArePeersWithin15Seconds) {
  NodeConfig of_boot = config({});
  of_boot.connections.p2p.max_num_inbound_peers = 0;
  of_boot.connections.p2p.max_num_outbound_peers = 0;
  const auto boot = started(of_boot);
  std::string record;
  ASSERT_TRUE(until(*boot, [&] {
    const EnrPtr own = boot->discovery()->core().record();
    if (own) record = own->text();
    return own && own->udp4();
  }));
  const auto one = started(config({record}));
  const auto two = started(config({record}));
  for (const auto& [node, other] : {std::pair(one.get(), two.get()), {two.get(), one.get()}}) {
    const conn::NodeId wanted = other->id();
    EXPECT_TRUE(until(*node, [&look = *node, wanted] {
      const auto peers = look.get_switch().snapshot()->peers;
      return std::any_of(peers.begin(), peers.end(),
                         [&](const p2p::PeerPtr& peer) { return peer->id() == wanted; });
    }));
  }
  for (const auto* each : {&boot, &one, &two}) EXPECT_TRUE((*each)->stop());
}

}  // namespace
}  // namespace peerage::pex
