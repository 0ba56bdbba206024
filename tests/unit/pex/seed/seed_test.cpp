// A seed: what it visits, what it serves, and how long its clients stay.
#include <set>

#include <gtest/gtest.h>

#include "addrbook/file/sqlite.h"
#include "pex/exchange/messages.h"
#include "tests/support/files.h"
#include "tests/support/pex_visitor.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::IpAddress;
using conn::NetAddress;
using test::PexNode;
using test::PexVisitor;

// A node that answers each request with the same list.
class Teller {
 public:
  Teller(sim::SimHost& host, std::uint32_t number, std::vector<NetAddress> list)
      : visitor_(host, number) {
    visitor_.reactor().on_receive = [list = std::move(list)](const p2p::PeerPtr& peer,
                                                             const p2p::Message& message) {
      const auto decoded = decode(message.bytes);
      if (decoded && std::holds_alternative<Request>(*decoded)) {
        peer->try_send(conn::kPexChannel, encode_addresses(list));
      }
    };
    address_ = {visitor_.node().id(), host.address().to_string(), 26656};
  }
  const conn::HostAddress& address() const { return address_; }
  PexVisitor& visitor() { return visitor_; }

 private:
  PexVisitor visitor_;
  conn::HostAddress address_;
};

class Seed : public test::PexWorld {
 protected:
  std::vector<std::unique_ptr<PexVisitor>> visitors;
  std::vector<std::unique_ptr<Teller>> tellers;
  std::uint32_t next_key = 5000;
  std::size_t next_ip = 1000;

  sim::SimHost& new_host() { return world.add_host({ip_of(next_ip++)}, 1); }
  NetAddress address_of(const PexVisitor& visitor, const sim::SimHost& host) {
    return {const_cast<PexVisitor&>(visitor).node().id(), {host.address(), 26656}};
  }
  NetAddress live(const std::string& network = "test-chain") {
    sim::SimHost& host = new_host();
    visitors.push_back(std::make_unique<PexVisitor>(host, next_key++, 26656, network));
    return address_of(*visitors.back(), host);
  }
  // No node is there, or a host that accepts the connection and says nothing.
  NetAddress dead() { return {test::numbered_key(next_key++).id(), {ip_of(next_ip++), 26656}}; }
  NetAddress tarpit() {
    sim::SimHost& host = new_host();
    auto taken = std::make_shared<std::vector<std::unique_ptr<conn::Stream>>>();
    listeners.push_back(*host.listen(host.shard(0), {{}, 26656}, [&host, taken](auto arrival) {
      taken->push_back(arrival->claim(host.shard(0)));
    }));
    return {test::numbered_key(next_key++).id(), {host.address(), 26656}};
  }
  std::vector<std::unique_ptr<conn::Listener>> listeners;

  Teller& teller(std::vector<NetAddress> list) {
    tellers.push_back(std::make_unique<Teller>(new_host(), next_key++, std::move(list)));
    return *tellers.back();
  }
  // What a client is served, and how long it had to stay for it.
  struct Served {
    std::set<NetAddress> addresses;
    conn::Duration stay{};
    bool answered = false;
  };
  Served ask(const PexNode& seed, const std::string& network = "test-chain") {
    sim::SimHost& host = new_host();
    visitors.push_back(std::make_unique<PexVisitor>(host, next_key++, 26656, network));
    PexVisitor& client = *visitors.back();
    client.reactor().on_add = [](const p2p::PeerPtr& peer) {
      peer->try_send(conn::kPexChannel, encode_request());
    };
    client.dial(seed.address());
    EXPECT_TRUE(until([&] { return client.is_connected(); }, 5s));
    const auto begun = world.now();
    EXPECT_TRUE(until([&] { return client.ends() > 0; }, 400s));
    Served served;
    served.stay = world.now() - begun;
    for (const auto& list : client.lists()) {
      served.answered = true;
      served.addresses.insert(list.begin(), list.end());
    }
    // The client is no part of the network under test.
    client.stop();
    EXPECT_TRUE(until([&] { return client.stopped(); }, 10s));
    return served;
  }
  void TearDown() override {
    for (const auto& visitor : visitors) visitor->stop();
    for (const auto& each : tellers) each->visitor().stop();
    PexWorld::TearDown();
    world.run_for(10s);
  }
};

TEST_F(Seed, ServesExactlyWhatItHasVerifiedAMinuteAfterItsStart) {
  std::vector<NetAddress> told;
  std::set<NetAddress> alive;
  for (int i = 0; i < 3; ++i) told.push_back(live());
  alive.insert(told.begin(), told.end());
  for (int i = 0; i < 10; ++i) told.push_back(dead());
  for (int i = 0; i < 10; ++i) told.push_back(tarpit());
  PexNode::Plan plan = seed_plan();
  plan.pex.seeds = {teller(told).address()};
  PexNode& seed = add(plan);
  world.run_for(60s);
  const auto served = ask(seed);
  EXPECT_EQ(served.addresses, alive);
}

TEST_F(Seed, RecordsFromWhichSourceGroupItWasTold) {
  const test::TemporaryDirectory directory;
  PexNode::Plan plan = seed_plan();
  plan.book = directory / "book.db";
  plan.provenance = NetworkBooks::Settings::Provenance::kept;
  // What it tells of is in other groups than it is itself.
  plan.pex.seeds = {teller({dead(), dead(), dead()}).address()};
  PexNode& seed = add(plan);
  world.run_for(10s);
  seed.stop();
  ASSERT_TRUE(until([&] { return seed.stopped; }, 10s));
  const auto file = addrbook::sqlite::Database::open(plan.book, addrbook::sqlite::Access::read);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->number("SELECT count(*) FROM told").value(), 3);
  const auto group = IpAddress::parse(plan.pex.seeds[0].host)->group(conn::IpAddress::Strict::no);
  EXPECT_EQ(file->number("SELECT min(source_group) FROM told").value(),
            static_cast<std::int64_t>(group));
  EXPECT_EQ(file->number("SELECT max(source_group) FROM told").value(),
            static_cast<std::int64_t>(group));
}

TEST_F(Seed, AnswersWithinASecondAndDisconnects) {
  PexNode& seed = add(seed_plan());
  const auto served = ask(seed);
  EXPECT_TRUE(served.answered) << "also an empty list is an answer";
  EXPECT_LT(served.stay, 1s);
}

TEST_F(Seed, DisconnectsAClientThatAsksForNothing) {
  PexNode::Plan plan = seed_plan();
  plan.pex.crawl.client_life = 90s;
  PexNode& seed = add(plan);
  visitors.push_back(std::make_unique<PexVisitor>(new_host(), next_key++));
  PexVisitor& client = *visitors.back();
  client.dial(seed.address());
  ASSERT_TRUE(until([&] { return client.is_connected(); }, 5s));
  world.run_for(85s);
  EXPECT_EQ(client.ends(), 0u);
  world.run_for(10s);
  EXPECT_EQ(client.ends(), 1u);
}

TEST_F(Seed, NeverCutsPersistentPeers) {
  PexNode::Plan plan = seed_plan();
  plan.pex.crawl.client_life = 30s;
  Teller& friendly = teller({live()});
  plan.node.p2p.persistent_peers = {friendly.address()};
  PexNode& seed = add(plan);
  world.run_for(10min);
  const auto peer = seed.net().find_peer(friendly.address().id);
  ASSERT_TRUE(peer);
  EXPECT_GT(peer->status().connection.age, 9min);
  EXPECT_EQ(ask(seed).addresses.size(), 2u) << "its own address, and the one it tells of";
}

TEST_F(Seed, ServesEachNetworkItsOwn) {
  const NetAddress of_a = live("net-a");
  const NetAddress of_b = live("net-b");
  PexNode::Plan plan = seed_plan();
  plan.networks = {"net-a", "net-b"};
  PexNode& seed = add(plan);
  seed.books().find("net-a")->add(of_a, {ip_of(900), {}, addrbook::Origin::pex},
                                  seed.books().now());
  seed.books().find("net-b")->add(of_b, {ip_of(901), {}, addrbook::Origin::pex},
                                  seed.books().now());
  world.run_for(30s);
  EXPECT_EQ(ask(seed, "net-a").addresses, std::set{of_a});
  EXPECT_EQ(ask(seed, "net-b").addresses, std::set{of_b});
}

TEST_F(Seed, FindsOutOfWhichOfItsNetworksANodeIs) {
  const NetAddress of_b = live("net-b");
  PexNode::Plan plan = seed_plan();
  plan.networks = {"net-a", "net-b"};
  PexNode& seed = add(plan);
  seed.books().find("net-a")->add(of_b, {ip_of(900), {}, addrbook::Origin::pex},
                                  seed.books().now());
  world.run_for(30s);
  EXPECT_TRUE(ask(seed, "net-a").addresses.empty());
  EXPECT_EQ(ask(seed, "net-b").addresses, std::set{of_b});
}

// Only their ports distinguish them.
TEST_F(Seed, VisitsAllNodesOfOneHostAtOnce) {
  sim::SimHost& host = new_host();
  PexNode::Plan plan = seed_plan();
  plan.pex.strict = conn::IpAddress::Strict::no;
  PexNode& seed = add(plan);
  std::set<NetAddress> alive;
  for (std::uint16_t port = 1; port <= 8; ++port) {
    visitors.push_back(std::make_unique<PexVisitor>(host, next_key++, port));
    const NetAddress address = {visitors.back()->node().id(), {host.address(), port}};
    alive.insert(address);
    seed.book().add(address, {ip_of(3000), {}, addrbook::Origin::configuration},
                    seed.books().now());
  }
  world.run_for(10s);
  EXPECT_EQ(seed.book().verified(), 8u);
}

// Nodes that take their time to close after a visit hold its slot meanwhile.
TEST_F(Seed, VisitsEveryNodeThoughItsSlotsAreHeldUp) {
  sim::LinkPlan slow;
  slow.latency = 200ms;
  world.set_default_link(slow);
  std::vector<NetAddress> told;
  for (int i = 0; i < 100; ++i) told.push_back(live());
  PexNode::Plan plan = seed_plan();
  plan.pex.crawl.parallel = 2;
  plan.pex.crawl.visit = 6s;
  PexNode& seed = add(plan);
  for (std::uint32_t i = 0; i < 100; ++i) {
    seed.book().add(told[i], {ip_of(3000 + i), {}, addrbook::Origin::configuration},
                    seed.books().now());
  }
  std::size_t refused = 0;
  seed.on_event = [&](const p2p::SwitchEvent& event) {
    if (std::holds_alternative<p2p::DialFailed>(event)) ++refused;
  };
  EXPECT_TRUE(until([&] { return seed.book().verified() == 100; }, 10min));
  EXPECT_LT(refused, 300u) << "and it does not dial without a slot all the time";
}

TEST_F(Seed, GoesThroughManyTarpitsInTwoMinutes) {
  std::vector<NetAddress> told;
  std::set<NetAddress> alive;
  for (int i = 0; i < 250; ++i) {
    told.push_back(i % 5 == 0 ? live() : tarpit());
    if (i % 5 == 0) alive.insert(told.back());
  }
  PexNode::Plan plan = seed_plan();
  plan.pex.seeds = {teller(told).address()};
  PexNode& seed = add(plan);
  world.run_for(2min);
  std::size_t untried = 0;
  seed.book().for_each([&](const addrbook::KnownAddress& known) {
    if (known.last_attempt == addrbook::kNever) ++untried;
  });
  EXPECT_EQ(untried, 0u);
  // An answer is a share of them; none of it is a tarpit.
  const auto served = ask(seed);
  EXPECT_GE(served.addresses.size(), 32u);
  for (const NetAddress& each : served.addresses) EXPECT_TRUE(alive.contains(each));
}

// The same key at another IP: a pod that was rescheduled, a machine that migrated.
TEST_F(Seed, VisitsANodeThatMovedAtOnceAndServesItsNewAddressAlone) {
  PexNode& seed = add(seed_plan());
  const std::uint32_t key = next_key++;
  sim::SimHost& before = new_host();
  visitors.push_back(std::make_unique<PexVisitor>(before, key));
  PexVisitor& node = *visitors.back();
  const NetAddress old = address_of(node, before);
  node.dial(seed.address());
  world.run_for(10min);
  ASSERT_EQ(ask(seed).addresses, (std::set{old}));
  node.stop();
  ASSERT_TRUE(until([&] { return node.stopped(); }, 10s));

  sim::SimHost& after = new_host();
  visitors.push_back(std::make_unique<PexVisitor>(after, key));
  PexVisitor& moved = *visitors.back();
  const NetAddress its_new = address_of(moved, after);
  moved.reactor().on_add = [](const p2p::PeerPtr& peer) {
    peer->try_send(conn::kPexChannel, encode_request());
  };
  const auto returned = world.now();
  const auto is_verified = [&](const NetAddress& address) {
    const auto* known = seed.book().find(address);
    return known != nullptr && known->last_verified != addrbook::kNever;
  };
  while (!is_verified(its_new) && world.now() - returned < 5min) {
    moved.dial(seed.address());
    world.run_for(20s);
  }
  EXPECT_LE(world.now() - returned, 1min);
  world.run_for(1min);
  EXPECT_EQ(ask(seed).addresses, (std::set{its_new}));
  ASSERT_TRUE(seed.book().find(old)) << "both stay";
  EXPECT_GT(seed.book().find(old)->failures, 0u) << "it was visited, too";
}

TEST_F(Seed, SendsANodeThatMovedAndLingersAwayToVisitIt) {
  PexNode& seed = add(seed_plan());
  const std::uint32_t key = next_key++;
  sim::SimHost& before = new_host();
  visitors.push_back(std::make_unique<PexVisitor>(before, key));
  visitors.back()->dial(seed.address());
  world.run_for(10min);
  visitors.back()->stop();
  world.run_for(10s);
  sim::SimHost& after = new_host();
  visitors.push_back(std::make_unique<PexVisitor>(after, key));
  PexVisitor& moved = *visitors.back();
  moved.dial(seed.address());
  world.run_for(1min);
  const auto* known = seed.book().find(address_of(moved, after));
  ASSERT_TRUE(known);
  EXPECT_NE(known->last_verified, addrbook::kNever);
}

TEST_F(Seed, WhatItIsAskedToVisitWaitsWhileTheSwitchDrains) {
  PexNode& seed = add(seed_plan());
  seed.net().drain(p2p::Draining::yes);
  world.run_for(1s);
  const NetAddress address = live();
  seed.book().add(address, {ip_of(170), {}, addrbook::Origin::configuration}, seed.books().now());
  const auto ask_for = [&](std::optional<conn::NodeId> id) {
    std::optional<conn::Result<AskedVisits>> asked;
    seed.whole->visit(id, [&](const conn::Result<AskedVisits>& is) { asked = is; });
    EXPECT_TRUE(until([&] { return asked.has_value(); }, 1s));
    return asked && *asked ? **asked : AskedVisits{99, 99};
  };
  EXPECT_EQ(ask_for(address.id).queued, 1u);
  EXPECT_EQ(ask_for(address.id).known, 1u);
  EXPECT_EQ(ask_for({}).queued, 0u) << "it waits already";
  EXPECT_EQ(ask_for(dead().id).known, 0u);
  world.run_for(1min);
  EXPECT_EQ(seed.report(world).visits_made, 0u);
  EXPECT_EQ(seed.report(world).visits_asked, 1u);
  seed.net().drain(p2p::Draining::no);
  EXPECT_TRUE(
      until([&] { return seed.book().find(address)->last_verified != addrbook::kNever; }, 5s));
  EXPECT_EQ(seed.report(world).visits_asked, 0u);
}

TEST_F(Seed, AVisitThatIsAskedForIsMadeHoweverLatelyTheLastOneWas) {
  PexNode& seed = add(seed_plan());
  const NetAddress address = live();
  seed.book().add(address, {ip_of(170), {}, addrbook::Origin::configuration}, seed.books().now());
  const auto verified = [&] { return seed.book().find(address)->last_verified; };
  ASSERT_TRUE(until([&] { return verified() != addrbook::kNever; }, 1min));
  world.run_for(1min);
  const auto before = verified();
  seed.whole->visit({}, [](const conn::Result<AskedVisits>&) {});
  EXPECT_TRUE(until([&] { return verified() > before; }, 5s));
}

}  // namespace
}  // namespace peerage::pex
