// The server on simulated hosts: its socket, its timer, and what it keeps.
#include "pex/discovery/server.h"

#include <deque>

#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"
#include "tests/support/discovery_nodes.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 30303;

// Remembers what it is given, and answers when it is told to.
struct FakeRows : NodeRows {
  Loaded loaded;
  std::vector<std::uint64_t> seqs;
  std::vector<std::function<void(conn::Result<void>)>> waiting;
  std::vector<std::vector<NodeRow>> saved;
  std::vector<EnodeId> bans;
  enum class Answers : std::uint8_t { at_once, later } answers = Answers::at_once;

  Loaded load() override { return loaded; }
  void save_seq(std::uint64_t seq, std::function<void(conn::Result<void>)> done) override {
    seqs.push_back(seq);
    if (answers == Answers::at_once) return done({});
    waiting.push_back(std::move(done));
  }
  void save(std::vector<NodeRow> rows) override { saved.push_back(std::move(rows)); }
  void save_ban(const EnodeId& id, std::optional<conn::WallTime>) override { bans.push_back(id); }
  void remove_ban(const EnodeId& id) override { std::erase(bans, id); }
};

class DiscoveryServers : public ::testing::Test {
 protected:
  struct Node {
    sim::SimHost& host;
    std::shared_ptr<FakeRows> rows = std::make_shared<FakeRows>();
    DiscoveryServer::Settings settings = {};
    std::unique_ptr<DiscoveryServer> server = nullptr;

    Contact contact() const {
      return Contact::at(test::secp256k1_key(number).public_key(), {host.address(), kPort}, 0);
    }
    std::uint32_t number = 0;
  };

  Node& add(std::vector<Contact> boot = {}) {
    const auto number = static_cast<std::uint32_t>(nodes.size() + 1);
    nodes.push_back({world.add_host({test::public_endpoint(number).ip})});
    Node& node = nodes.back();
    node.number = number;
    node.settings.listen = {conn::IpAddress::v4(0, 0, 0, 0), kPort};
    node.settings.core.boot = std::move(boot);
    return node;
  }
  void start(Node& node) {
    auto started = DiscoveryServer::start(
        test::secp256k1_key(node.number), node.settings,
        {.runtime = node.host, .shard = node.host.shard(0), .rows = node.rows});
    ASSERT_TRUE(started) << started.error().text();
    node.server = *std::move(started);
  }
  Node& run(std::vector<Contact> boot = {}) {
    Node& node = add(std::move(boot));
    start(node);
    return node;
  }
  static std::size_t live(const Node& node) { return node.server->core().table().counts().live; }
  bool all_know_all() const {
    return std::all_of(nodes.begin(), nodes.end(),
                       [&](const Node& each) { return live(each) + 1 == nodes.size(); });
  }

  sim::SimWorld world{3};
  std::deque<Node> nodes;
};

TEST_F(DiscoveryServers, ThoseThatShareABootNodeFindOneAnother) {
  Node& boot = run();
  for (int i = 0; i < 9; ++i) run({boot.contact()});
  EXPECT_TRUE(world.run_until([this] { return all_know_all(); }, 2min));
}

TEST_F(DiscoveryServers, TheyDoSoWhereAFifthOfAllDatagramsIsLost) {
  world.set_default_link({.latency = 100ms, .loss = 0.2});
  Node& boot = run();
  for (int i = 0; i < 9; ++i) run({boot.contact()});
  EXPECT_TRUE(world.run_until([this] { return all_know_all(); }, 10min));
  EXPECT_GT(world.harm().datagrams.lost, 0u);
}

TEST_F(DiscoveryServers, TwoThatShareABootNodeKnowEachOthersRecordsWithinSeconds) {
  Node& boot = run();
  Node& a = run({boot.contact()});
  Node& b = run({boot.contact()});
  const auto knows = [](const Node& one, const Node& other) {
    const TableNode* const node = one.server->core().table().find(other.contact().id);
    return node != nullptr && node->live() && node->contact.record != nullptr;
  };
  EXPECT_TRUE(world.run_until([&] { return knows(a, b) && knows(b, a); }, 10s));
}

TEST_F(DiscoveryServers, ABootNodeThatWasDownAtFirstIsFoundLater) {
  Node& boot = add();
  Node& node = run({boot.contact()});
  world.run_for(5min);
  EXPECT_EQ(live(node), 0u);
  start(boot);
  EXPECT_TRUE(world.run_until([&] { return live(node) == 1; }, 1min));
}

TEST_F(DiscoveryServers, WhatOthersSeeBecomesOurAddress) {
  Node& boot = run();
  for (int i = 0; i < 4; ++i) run({boot.contact()});
  const auto record = [&] { return boot.server->snapshot()->record; };
  EXPECT_TRUE(world.run_until([&] { return record() && record()->udp4().has_value(); }, 2min));
  EXPECT_EQ(record()->udp4(), (conn::Endpoint{boot.host.address(), kPort}));
}

// --- the sequence ---

TEST_F(DiscoveryServers, NothingIsSentBeforeTheSequenceIsStored) {
  Node& boot = run();
  Node& node = add({boot.contact()});
  node.rows->answers = FakeRows::Answers::later;
  start(node);
  world.run_for(1min);
  EXPECT_EQ(node.server->snapshot()->socket.sent, 0u);
  ASSERT_EQ(node.rows->waiting.size(), 1u);
  node.rows->waiting[0]({});
  EXPECT_TRUE(world.run_until([&] { return live(node) == 1; }, 5s));
  EXPECT_EQ(node.server->core().record()->seq(), node.rows->seqs[0]);
}

TEST_F(DiscoveryServers, ASequenceThatCannotBeStoredIsTriedAgainAndNotUsed) {
  Node& node = add();
  node.rows->answers = FakeRows::Answers::later;
  start(node);
  world.run_for(1s);
  ASSERT_EQ(node.rows->waiting.size(), 1u);
  node.rows->waiting[0](conn::fail(conn::Stage::configuration, conn::Reason::io_error));
  world.run_for(DiscoveryServer::kStoreAgain + 1s);
  EXPECT_EQ(node.server->core().record(), nullptr);
  ASSERT_EQ(node.rows->seqs.size(), 2u);
  EXPECT_EQ(node.rows->seqs[0], node.rows->seqs[1]);
  node.rows->waiting[1]({});
  EXPECT_NE(node.server->core().record(), nullptr);
}

TEST_F(DiscoveryServers, ASequenceIsNeverUsedTwice) {
  Node& node = add();
  node.rows->loaded.seq = 9'000'000'000'000;  // the clock was ahead then
  start(node);
  EXPECT_EQ(node.server->core().record()->seq(), 9'000'000'000'001u);
}

// --- rows and bans ---

TEST_F(DiscoveryServers, NodesThatStayAreStoredEachHalfMinuteAndAtTheEnd) {
  Node& boot = run();
  Node& node = run({boot.contact()});
  node.server->run([&](DiscoveryCore& core, DiscoveryTime now) {
    core.add_node(boot.contact(), HeardBy::command, now);
  });
  world.run_for(31s);
  EXPECT_EQ(node.rows->saved.size(), 1u);
  world.run_for(30s);
  EXPECT_EQ(node.rows->saved.size(), 2u);
  node.server->stop();
  EXPECT_EQ(node.rows->saved.size(), 3u);
}

TEST_F(DiscoveryServers, StoredNodesArePingedAtTheStart) {
  Node& known = run();
  Node& node = add();
  node.rows->loaded.rows = {{.node = known.contact(),
                             .speaks = {true, false},
                             .first_seen = node.host.wall_now() - 24h,
                             .last_live = node.host.wall_now() - 1h,
                             .checks = 9}};
  start(node);
  EXPECT_TRUE(world.run_until([&] { return live(node) == 1; }, 5s));
}

TEST_F(DiscoveryServers, ABanOfAnIdIsKept) {
  Node& node = run();
  EXPECT_EQ(node.server->ban(test::enode_id(1), {}, conn::BanOrigin::operator_),
            DiscoveryBans::Added::yes);
  EXPECT_EQ(node.rows->bans, std::vector{test::enode_id(1)});
  EXPECT_TRUE(node.server->unban(test::enode_id(1)));
  EXPECT_TRUE(node.rows->bans.empty());
}

// --- names and addresses ---

TEST_F(DiscoveryServers, ABootNodeMayBeANameThatIsLookedUpAnewWhenNobodyAnswers) {
  Node& boot = run();
  world.set_name("boot.example", {{conn::IpAddress::v4(30, 1, 1, 1)}});
  Node& node = add();
  node.settings.named_boot_nodes = {
      {test::secp256k1_key(boot.number).public_key(), "boot.example", 0, kPort}};
  start(node);
  world.run_for(1min);
  EXPECT_EQ(live(node), 0u);
  world.set_name("boot.example", {{boot.host.address()}});
  EXPECT_TRUE(world.run_until([&] { return live(node) == 1; }, 2min));
}

TEST_F(DiscoveryServers, OurAddressMayBeThatOfANameAndIsLookedUpEachFiveMinutes) {
  Node& node = add();
  node.settings.external_ip = ExternalIpSource::parse("name:me.example").value();
  const auto first = conn::IpAddress::v4(30, 1, 1, 1);
  const auto second = conn::IpAddress::v4(30, 2, 2, 2);
  world.set_name("me.example", {{first}});
  start(node);
  world.run_for(3s);
  EXPECT_EQ(node.server->core().record()->ip4(), first);
  world.set_name("me.example", {{second}});
  world.run_for(5min + 3s);
  EXPECT_EQ(node.server->core().record()->ip4(), second);
  world.set_name("me.example", {});
  world.run_for(5min + 30s);
  EXPECT_EQ(node.server->core().record()->ip4(), second) << "no answer changes nothing";
}

TEST_F(DiscoveryServers, OurAddressMayBeFixedOrAnInterfacesOrNone) {
  const auto ip = conn::IpAddress::v4(30, 1, 1, 1);
  const auto ip_with = [&](const char* text) {
    Node& node = add();
    node.settings.external_ip = ExternalIpSource::parse(text).value();
    auto started = DiscoveryServer::start(
        test::secp256k1_key(node.number), node.settings,
        {.runtime = node.host, .shard = node.host.shard(0), .interfaces = [ip] {
           return std::vector<conn::InterfaceAddress>{{"lo", conn::IpAddress::v4(127, 0, 0, 1)},
                                                      {"eth0", conn::IpAddress::v4(10, 0, 0, 1)},
                                                      {"eth1", ip}};
         }});
    node.server = started.value() ? *std::move(started) : nullptr;
    world.run_for(3s);
    return node.server->core().record()->ip4();
  };
  EXPECT_EQ(ip_with("fixed:30.1.1.1"), ip);
  EXPECT_EQ(ip_with("interface"), ip);
  EXPECT_EQ(ip_with("interface:eth1"), ip);
  EXPECT_EQ(ip_with("interface:eth0"), std::nullopt) << "the internet does not route it";
  EXPECT_EQ(ip_with("none"), std::nullopt);
}

TEST_F(DiscoveryServers, AnAddressThatIsKnownAtTheStartIsInTheFirstRecord) {
  Node& fixed = add();
  fixed.settings.external_ip = ExternalIpSource::parse("fixed:30.1.1.1").value();
  Node& listens = add();
  listens.settings.listen.ip = listens.host.address();
  for (const auto& [node, ip] : {std::pair(&fixed, conn::IpAddress::v4(30, 1, 1, 1)),
                                 std::pair(&listens, listens.host.address())}) {
    start(*node);
    ASSERT_NE(node->server->core().record(), nullptr) << "at once";
    EXPECT_EQ(node->server->core().record()->ip4(), ip);
    world.run_for(3s);
    EXPECT_EQ(node->rows->seqs.size(), 1u);
  }
}

// --- subscribers and commands ---

TEST_F(DiscoveryServers, ASubscriberHearsOfNodesOnItsShardUntilItEnds) {
  Node& boot = run();
  std::vector<Update> heard;
  auto subscription =
      boot.server->subscribe(boot.host.shard(0), [&](const std::vector<Update>& updates) {
        heard.insert(heard.end(), updates.begin(), updates.end());
      });
  Node& node = run({boot.contact()});
  world.run_for(5s);
  ASSERT_FALSE(heard.empty());
  ASSERT_TRUE(std::holds_alternative<update::Added>(heard[0]));
  EXPECT_EQ(std::get<update::Added>(heard[0]).node.id, node.contact().id);
  subscription.reset();
  heard.clear();
  run({boot.contact()});
  world.run_for(5s);
  EXPECT_TRUE(heard.empty());
}

TEST_F(DiscoveryServers, ASubscriberThatDoesNotKeepUpLosesTheNewest) {
  std::vector<Update> heard;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(40, 1, 1, 1)});
  const auto subscription = std::make_shared<UpdateSubscription>(
      host.shard(0), 3, [&](const std::vector<Update>& updates) {
        heard.insert(heard.end(), updates.begin(), updates.end());
      });
  UpdateSubscribers subscribers;
  subscribers.add(subscription);
  const auto removed = [](std::uint64_t number) {
    return std::vector<Update>{update::Removed{test::enode_id(number)}};
  };
  for (std::uint64_t i = 1; i <= 5; ++i) subscribers.hand_out(removed(i));
  world.run_for(1s);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(std::get<update::Removed>(heard[2]).id, test::enode_id(3));
  EXPECT_EQ(subscription->lost(), 2u);
  subscribers.hand_out(removed(6));
  world.run_for(1s);
  EXPECT_EQ(heard.size(), 4u) << "it has caught up";
}

TEST_F(DiscoveryServers, CommandsWaitInAQueueThatIsBounded) {
  Node& node = run();
  int ran = 0;
  std::size_t taken = 0;
  for (int i = 0; i < 150; ++i) {
    taken += node.server->post([&ran](DiscoveryCore&, DiscoveryTime) { ++ran; }) ? 1 : 0;
  }
  EXPECT_EQ(taken, 100u);
  EXPECT_EQ(ran, 0) << "never inside the call";
  world.run_for(1ms);
  EXPECT_EQ(ran, 100);
  EXPECT_TRUE(node.server->post([&ran](DiscoveryCore&, DiscoveryTime) { ++ran; }));
}

TEST_F(DiscoveryServers, WhoGaveACommandIsToldLater) {
  Node& other = run();
  Node& node = run();
  std::optional<conn::Result<PingAnswer>> answer;
  node.server->run([&](DiscoveryCore& core, DiscoveryTime now) {
    core.ping(other.contact(), Protocol::v4, now, [&](auto took) { answer = took; });
  });
  EXPECT_FALSE(answer);
  world.run_for(1s);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->has_value());
}

// --- the end ---

TEST_F(DiscoveryServers, AStopTellsWhoWaitsAndSendsNothingMore) {
  Node& node = run();
  std::optional<conn::Result<PingAnswer>> answer;
  node.server->run([&](DiscoveryCore& core, DiscoveryTime now) {
    core.ping(Contact::at(test::secp256k1_key(77).public_key(),
                          conn::Endpoint::parse("31.1.1.1:30303").value(), 0),
              Protocol::v4, now, [&](auto took) { answer = took; });
  });
  node.server->stop();
  const auto sent = node.server->snapshot()->socket.sent;
  world.run_for(1ms);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().reason, conn::Reason::stopping);
  world.run_for(10min);
  EXPECT_EQ(node.server->snapshot()->socket.sent, sent);
  EXPECT_FALSE(node.server->post([](DiscoveryCore&, DiscoveryTime) {}));
}

TEST_F(DiscoveryServers, AStopIsSafeTwiceAndFromACallback) {
  Node& boot = run();
  const auto subscription = boot.server->subscribe(
      boot.host.shard(0), [&](const std::vector<Update>&) { boot.server.reset(); });
  run({boot.contact()});
  world.run_for(5s);
  EXPECT_EQ(boot.server, nullptr);
  Node& node = run();
  node.server->stop();
  node.server->stop();
}

TEST_F(DiscoveryServers, APortThatIsTakenIsAnError) {
  Node& node = run();
  const auto second = DiscoveryServer::start(test::secp256k1_key(50), node.settings,
                                             {.runtime = node.host, .shard = node.host.shard(0)});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, conn::Reason::address_in_use);
}

TEST_F(DiscoveryServers, TheBoundPortStandsInTheRecord) {
  Node& node = add();
  node.settings.listen.port = 0;
  start(node);
  const EnrPtr record = node.server->core().record();
  const std::uint16_t port = node.server->snapshot()->local.port;
  EXPECT_NE(port, 0);
  const auto pair = record->pair("udp");
  ASSERT_TRUE(pair);
  EXPECT_EQ((*pair)[pair->size() - 1], port & 0xff);
}

TEST_F(DiscoveryServers, WhatTheSocketHasNoRoomForIsSentLater) {
  Node& boot = run();
  Node& node = add({boot.contact()});
  node.host.set_sending(sim::SimHost::Sending::blocked);
  start(node);
  world.run_for(3s);
  EXPECT_EQ(live(node), 0u);
  node.host.set_sending(sim::SimHost::Sending::allowed);
  EXPECT_TRUE(world.run_until([&] { return live(node) == 1; }, 30s));
}

}  // namespace
}  // namespace peerage::pex
