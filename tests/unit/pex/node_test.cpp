#include "pex/node.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/record/book_reason.h"
#include "p2p/base/peer_reason.h"
#include "tests/sim/sim_world.h"
#include "tests/support/files.h"
#include "tests/support/recording_reactor.h"
#include "tests/support/sim_node.h"

namespace peerage::pex {
namespace {

using conn::HostAddress;
using conn::Reason;
using conn::Result;
using namespace std::chrono_literals;

class NodeTest : public testing::Test {
 protected:
  struct Member {
    sim::SimHost* host = nullptr;
    std::unique_ptr<Node> node;
    std::optional<Result<void>> started;
    std::optional<Result<void>> stopped;

    HostAddress address() const { return {node->id(), host->address().to_string(), 26656}; }
    std::size_t peers() const { return node->get_switch().snapshot()->peers.size(); }
  };

  static NodeConfig plain() {
    NodeConfig config;
    config.networks = {"test-chain"};
    config.listen = "0.0.0.0:26656";
    return config;
  }
  // Its key and its host are those of `number`.
  std::unique_ptr<Member> make(std::uint8_t number, NodeConfig config) {
    auto member = std::make_unique<Member>();
    if (hosts[number] == nullptr) {
      hosts[number] = &world.add_host({conn::IpAddress::v4(20, number, 3, 1)}, 1);
    }
    member->host = hosts[number];
    auto node = Node::create(*member->host, std::move(config), test::numbered_key(number));
    if (!node) throw std::runtime_error(node.error().text());
    member->node = std::move(*node);
    return member;
  }
  std::unique_ptr<Member> start(std::uint8_t number, NodeConfig config) {
    auto member = make(number, std::move(config));
    member->node->start([&it = *member](const Result<void>& outcome) { it.started = outcome; });
    EXPECT_TRUE(world.run_until([&] { return member->started.has_value(); }, 10s));
    return member;
  }
  void stop(Member& member) {
    member.node->stop([&member](const Result<void>& outcome) { member.stopped = outcome; });
    ASSERT_TRUE(world.run_until([&] { return member.stopped.has_value(); }, 1min));
  }
  std::size_t known(Member& member) {
    std::optional<std::size_t> count;
    member.node->look([&](NetworkBooks& books) { count = books.first().size(); });
    EXPECT_TRUE(world.run_until([&] { return count.has_value(); }, 1s));
    return count.value_or(0);
  }

  test::TemporaryDirectory folder;
  sim::SimWorld world{3};
  std::array<sim::SimHost*, 256> hosts{};
};

TEST_F(NodeTest, MeetsOthersByASeedAndKeepsWhatItLearnsInItsFile) {
  NodeConfig config = plain();
  config.role = Role::seed;
  config.book_file = folder / "seed.db";
  const auto seed = start(1, config);
  ASSERT_TRUE(*seed->started) << seed->started->error().text();
  config = plain();
  config.seeds = {seed->address()};
  config.book_file = folder / "node.db";
  const auto one = start(2, config);
  config.book_file.clear();
  const auto other = start(3, config);
  world.run_for(3min);
  EXPECT_EQ(one->peers(), 1u) << "the other: a seed does not stay";
  EXPECT_EQ(other->peers(), 1u);
  std::optional<PexReport> report;
  seed->node->report([&](const PexReport& now) { report = now; });
  EXPECT_TRUE(world.run_until([&] { return report.has_value(); }, 1s));
  EXPECT_GE(report->visits_made, 2u) << "a seed visits";
  const std::size_t learnt = known(*one);
  EXPECT_GE(learnt, 1u);
  stop(*one);
  EXPECT_TRUE(*one->stopped);
  one->node.reset();
  const auto again = start(2, plain());
  EXPECT_EQ(known(*again), 0u) << "without a file it knows nothing";
  stop(*again);
  again->node.reset();
  config.book_file = folder / "node.db";
  const auto back = start(2, config);
  ASSERT_TRUE(*back->started) << back->started->error().text();
  EXPECT_EQ(back->node->opened().addresses, learnt);
  for (Member* each : {seed.get(), other.get(), back.get()}) stop(*each);
}

TEST_F(NodeTest, ItsBansAreInForceAgainBeforeTheFirstPeer) {
  NodeConfig config = plain();
  config.book_file = folder / "node.db";
  const auto node = start(1, config);
  node->node->get_switch().ban(conn::Cidr(conn::IpAddress::v4(20, 2, 3, 1)), 24h, "by hand");
  world.run_for(1s);
  stop(*node);
  node->node.reset();

  const auto back = start(1, config);
  EXPECT_EQ(back->node->opened().bans, 1u);
  config = plain();
  config.persistent_peers = {back->address()};
  const auto banned = start(2, config);
  world.run_for(1min);
  EXPECT_EQ(back->peers(), 0u);
  for (Member* each : {back.get(), banned.get()}) stop(*each);
}

TEST_F(NodeTest, WithoutPeerExchangeItHasItsPersistentPeersAlone) {
  NodeConfig config = plain();
  config.pex = false;
  const auto one = make(1, config);
  EXPECT_EQ(one->node->books(), nullptr);
  const auto reactor = std::make_shared<test::RecordingReactor>();
  one->node->add_reactor(reactor);
  one->node->start([&](const Result<void>& outcome) { one->started = outcome; });
  config.persistent_peers = {one->address()};
  const auto other = make(2, config);
  other->node->add_reactor(std::make_shared<test::RecordingReactor>());
  other->node->start([&](const Result<void>& outcome) { other->started = outcome; });
  ASSERT_TRUE(world.run_until([&] { return one->peers() == 1; }, 10s));
  const auto peers = one->node->get_switch().peers();
  EXPECT_EQ(peers.front()->try_send(conn::kPexChannel, conn::Bytes{1}),
            conn::SendResult::unknown_channel);
  bool ran = false;
  one->node->report([&](const PexReport&) { ran = true; });
  one->node->look([&](NetworkBooks&) { ran = true; });
  world.run_for(1s);
  EXPECT_FALSE(ran);
  for (Member* each : {one.get(), other.get()}) {
    stop(*each);
    EXPECT_TRUE(*each->stopped);
  }
}

TEST_F(NodeTest, SettingsThatMakeNoSenseAreAFailure) {
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(20, 9, 3, 1)}, 1);
  NodeConfig config = plain();
  config.networks.clear();
  const auto none = Node::create(host, config, test::numbered_key(1));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().reason, Reason::invalid_argument);
  config = plain();
  config.listen = "nowhere";
  EXPECT_FALSE(Node::create(host, config, test::numbered_key(1)));
}

TEST_F(NodeTest, AFileThatCannotBeOpenedEndsTheStart) {
  NodeConfig config = plain();
  config.book_file = folder.path();  // a folder
  const auto node = start(1, config);
  EXPECT_FALSE(*node->started);
  stop(*node);
  EXPECT_TRUE(*node->stopped);
}

TEST_F(NodeTest, ABookThatAnotherNodeHasEndsTheStart) {
  NodeConfig config = plain();
  config.book_file = folder / "node.db";
  const auto first = start(1, config);
  const auto second = start(2, config);
  ASSERT_FALSE(*second->started);
  EXPECT_EQ(second->started->error().reason, addrbook::BookReason::book_in_use);
  for (Member* each : {first.get(), second.get()}) stop(*each);
}

TEST_F(NodeTest, ItIsStartedOnce) {
  const auto node = start(1, plain());
  std::optional<Result<void>> again;
  node->node->start([&](const Result<void>& outcome) { again = outcome; });
  ASSERT_TRUE(world.run_until([&] { return again.has_value(); }, 1s));
  ASSERT_FALSE(*again);
  EXPECT_EQ(again->error().reason, Reason::invalid_argument);
  EXPECT_NE(again->error().text().find("started before"), std::string::npos);
  stop(*node);
  again.reset();
  node->node->start([&](const Result<void>& outcome) { again = outcome; });
  ASSERT_TRUE(world.run_until([&] { return again.has_value(); }, 1s));
  ASSERT_FALSE(*again);
  EXPECT_NE(again->error().text().find("stopped"), std::string::npos);
}

TEST_F(NodeTest, AReactorThatThrowsInItsStartFailsTheNodesWithItsText) {
  struct Thrower final : test::RecordingReactor {
    void start(p2p::ReactorContext&) override { throw std::runtime_error("no disk"); }
    void stop() override {}
  };
  const auto node = make(1, plain());
  node->node->add_reactor(std::make_shared<Thrower>());
  node->node->start([&](const Result<void>& outcome) { node->started = outcome; });
  ASSERT_TRUE(world.run_until([&] { return node->started.has_value(); }, 10s));
  ASSERT_FALSE(*node->started);
  EXPECT_EQ(node->started->error().reason, p2p::PeerReason::reactor_failed);
  EXPECT_EQ(node->started->error().detail, "recorder: start failed: no disk");
  stop(*node);
}

TEST_F(NodeTest, StoppingEndsAStartThatIsUnderWayAndIsSafeToRepeat) {
  for (const bool has_file : {false, true}) {
    for (const conn::Duration after : {0ms, 1ms, 5ms, 50ms, 1000ms}) {
      SCOPED_TRACE(after.count());
      NodeConfig config = plain();
      if (has_file) config.book_file = folder / "node.db";
      const auto node = make(1, config);
      node->node->start([&](const Result<void>& outcome) { node->started = outcome; });
      world.run_for(after);
      int stops = 0;
      for (int i = 0; i < 3; ++i) {
        node->node->stop([&](const Result<void>& saved) { stops += saved ? 1 : 0; });
      }
      EXPECT_TRUE(world.run_until([&] { return stops == 3 && node->started; }, 1min));
      node->node->stop([&](const Result<void>& saved) { stops += saved ? 1 : 0; });
      EXPECT_TRUE(world.run_until([&] { return stops == 4; }, 1s));
    }
  }
}

TEST_F(NodeTest, OneThatNeverStartedCanBeStopped) {
  const auto node = make(1, plain());
  stop(*node);
  EXPECT_TRUE(*node->stopped);
}

TEST_F(NodeTest, IsDestroyedAtAnyMomentAlsoInsideItsCallbacks) {
  NodeConfig config = plain();
  config.book_file = folder / "node.db";
  for (const conn::Duration after : {0ms, 1ms, 50ms, 1000ms}) {
    const auto node = make(1, config);
    bool told = false;
    node->node->start([&](const Result<void>&) { told = true; });
    world.run_for(after);
    const bool told_before = told;
    node->node.reset();
    world.run_for(1min);
    EXPECT_EQ(told, told_before) << "nothing is told of one that is gone";
  }
  for (const bool by_stop : {false, true}) {
    const auto node = make(1, config);
    const auto destroy = [&](const Result<void>& outcome) {
      EXPECT_TRUE(outcome) << outcome.error().text();
      node->node.reset();
    };
    node->node->start(by_stop ? Node::Done() : destroy);
    world.run_for(1s);
    if (by_stop) node->node->stop(destroy);
    world.run_for(1min);
    EXPECT_EQ(node->node, nullptr);
  }
}

TEST_F(NodeTest, ListsAreReplacedWhileItRuns) {
  NodeConfig config = plain();
  config.connections.p2p.max_num_outbound_peers = 0;  // the list alone decides what is dialled
  const NodeConfig passive = config;
  const auto kept = start(2, passive), dropped = start(3, passive), added = start(4, passive);
  config.persistent_peers = {kept->address(), dropped->address()};
  const auto node = start(1, config);
  ASSERT_TRUE(world.run_until([&] { return node->peers() == 2; }, 10s));
  NodeLists lists;
  lists.persistent_peers = {kept->address(), added->address()};
  node->node->update_lists(lists);
  EXPECT_TRUE(world.run_until([&] { return added->peers() == 1; }, 10s));
  // Both go; only the one that is still on the list is dialled again.
  for (Member* each : {kept.get(), dropped.get()}) {
    stop(*each);
    each->node.reset();
  }
  const auto kept_again = start(2, passive), dropped_again = start(3, passive);
  EXPECT_TRUE(world.run_until([&] { return kept_again->peers() == 1; }, 2min));
  world.run_for(2min);
  EXPECT_EQ(dropped_again->peers(), 0u);
  for (Member* each : {node.get(), added.get(), kept_again.get(), dropped_again.get()}) stop(*each);
}

TEST(NodeConfig, TheBookHasTheRulesThatFollowFromTheSettings) {
  NodeConfig config;
  config.connections.exempt_networks = {*conn::Cidr::parse("10.0.0.0/8")};
  config.exchange.strict = conn::IpAddress::Strict::no;
  config.connections.p2p.private_peer_ids = {test::numbered_key(5).id()};
  const addrbook::BookConfig book = book_config(config);
  EXPECT_EQ(book.exempt_networks, config.connections.exempt_networks);
  EXPECT_EQ(book.strict, conn::IpAddress::Strict::no);
  EXPECT_EQ(book.private_ids.size(), 1u);
  EXPECT_EQ(book.tried_by_visits, addrbook::BookConfig::TriedByVisits::no);
  config.role = Role::seed;
  EXPECT_EQ(book_config(config).tried_by_visits, addrbook::BookConfig::TriedByVisits::yes);
}

// On threads and sockets.
TEST(NodeOnItsOwnRuntime, IsStartedAndStoppedWithoutAWordOfShards) {
  const test::TemporaryDirectory folder;
  NodeConfig config;
  config.networks = {"test-chain"};
  config.listen = "127.0.0.1:0";
  config.shards = 2;
  config.exchange.strict = conn::IpAddress::Strict::no;
  config.connections.p2p.allow_duplicate_ip = true;
  config.book_file = folder / "one.db";
  auto one = Node::create(config, test::numbered_key(1));
  ASSERT_TRUE(one) << one.error().text();
  const auto up = (*one)->start();
  ASSERT_TRUE(up) << up.error().text();
  EXPECT_FALSE((*one)->start()) << "it is started once";

  config.book_file = folder / "other.db";
  config.persistent_peers = {HostAddress::parse((*one)->listen_address().to_string()).value()};
  auto other = Node::create(config, test::numbered_key(2));
  ASSERT_TRUE(other) << other.error().text();
  std::optional<Result<void>> inside;
  (*other)->on_event([&](const p2p::SwitchEvent& event) {
    if (std::holds_alternative<p2p::Connected>(event) && !inside) inside = (*other)->stop();
  });
  ASSERT_TRUE((*other)->start());
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while ((*other)->get_switch().peers().empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ((*other)->get_switch().peers().size(), 1u);
  const auto saved = (*other)->stop();
  EXPECT_TRUE(saved) << saved.error().text();
  ASSERT_TRUE(inside.has_value());
  ASSERT_FALSE(*inside) << "it would have waited for itself";
  EXPECT_EQ(inside->error().reason, Reason::invalid_argument);
  other->reset();
  one->reset();  // stops it
  config.book_file = folder / "one.db";
  config.persistent_peers.clear();
  auto again = Node::create(config, test::numbered_key(1));
  ASSERT_TRUE(again);
  EXPECT_TRUE((*again)->start()) << "the file was closed";
}

TEST(NodeOnItsOwnRuntime, IsDestroyedWithoutAStart) {
  NodeConfig config;
  config.networks = {"test-chain"};
  config.listen = "127.0.0.1:0";
  config.shards = 1;
  EXPECT_TRUE(Node::create(config, test::numbered_key(1)));
}

// On a runtime of its own: nothing is changed before the address is ours.
TEST(NodeOfItsOwn, WhoseAddressIsTakenMakesNoBook) {
  const test::TemporaryDirectory directory;
  NodeConfig config;
  config.networks = {"test-chain"};
  config.listen = "127.0.0.1:0";
  config.shards = 1;
  auto first = Node::create(config, test::numbered_key(1));
  ASSERT_TRUE(first);
  ASSERT_TRUE((*first)->start());
  config.listen = (*first)->listen_address().endpoint.to_string();
  config.book_file = directory / "book.db";
  auto second = Node::create(config, test::numbered_key(2));
  ASSERT_TRUE(second);
  const auto started = (*second)->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason, Reason::address_in_use);
  EXPECT_EQ(directory.entries(), 0u);
  EXPECT_TRUE((*second)->stop());
  EXPECT_EQ(directory.entries(), 0u);
  ASSERT_TRUE((*first)->stop());
}

// --- save, visit ---

TEST_F(NodeTest, WhatIsSavedIsInTheFileAlone) {
  NodeConfig config = plain();
  config.book_file = folder / "book.db";
  const auto member = start(1, config);
  const auto save = [&] {
    std::optional<Result<std::size_t>> rows;
    member->node->save([&](const Result<std::size_t>& is) { rows = is; });
    EXPECT_TRUE(world.run_until([&] { return rows.has_value(); }, 10s));
    EXPECT_TRUE(rows && *rows);
    return rows ? rows->value_or(99) : 99;
  };
  EXPECT_EQ(save(), 0u);
  member->node->look([](NetworkBooks& books) {
    books.first().add({test::numbered_key(7).id(), {conn::IpAddress::v4(20, 7, 3, 1), 26656}},
                      {conn::IpAddress::v4(20, 8, 3, 1), {}, addrbook::Origin::configuration},
                      books.now());
    books.changed();
  });
  EXPECT_EQ(save(), 1u) << "at the next moment it would have been written without being asked to";
  EXPECT_EQ(save(), 0u);
  EXPECT_EQ(std::filesystem::file_size(folder / "book.db-wal"), 0u) << "a copy needs no log";
  stop(*member);
}

TEST_F(NodeTest, WithoutAFileOrPeerExchangeASaveHasNothingToDo) {
  for (const bool exchange : {true, false}) {
    NodeConfig config = plain();
    config.pex = exchange;
    const auto member = start(1, config);
    std::optional<Result<std::size_t>> rows;
    member->node->save([&](const Result<std::size_t>& is) { rows = is; });
    ASSERT_TRUE(world.run_until([&] { return rows.has_value(); }, 1s));
    EXPECT_EQ(rows->value_or(99), 0u);
    stop(*member);
  }
}

TEST_F(NodeTest, OnlyASeedVisits) {
  const auto visit = [this](Member& member) {
    std::optional<Result<AskedVisits>> asked;
    member.node->visit({}, [&](const Result<AskedVisits>& is) { asked = is; });
    EXPECT_TRUE(world.run_until([&] { return asked.has_value(); }, 1s));
    return asked ? asked->map([](const AskedVisits& is) { return is.queued; })
                 : Result<std::size_t>(99);
  };
  NodeConfig config = plain();
  const auto node = start(1, config);
  EXPECT_EQ(visit(*node).error().reason, Reason::invalid_argument);
  config.pex = false;
  const auto without = start(2, config);
  EXPECT_EQ(visit(*without).error().reason, Reason::invalid_argument);
  config = plain();
  config.exchange = PexConfig::seed();
  const auto seed = start(3, config);
  EXPECT_EQ(visit(*seed).value_or(99), 0u);
  for (Member* each : {node.get(), without.get(), seed.get()}) stop(*each);
}

}  // namespace
}  // namespace peerage::pex
