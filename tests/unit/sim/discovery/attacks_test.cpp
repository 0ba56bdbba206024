// What strangers try, end to end: a real server on the simulated internet, and others that lie.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/sim/discovery/eclipse/attacker.h"
#include "tests/sim/discovery/stage.h"
#include "tests/sim/scenario/stage.h"

namespace peerage::sim::discovery {
namespace {

namespace v4 = pex::v4;

class DiscoveryAttacks : public testing::Test {
 protected:
  DiscoveryAttacks() { use_cryptography(Cryptography::cheap); }
  ~DiscoveryAttacks() override { use_cryptography(Cryptography::real); }

  // What it has heard, by kind.
  struct Listening {
    explicit Listening(SimHost& host, std::uint16_t port = 30303) : puppet(host, port) {
      puppet.on_heard = [this](Puppet& self, const Puppet::Heard& heard) {
        ++all;
        if (std::holds_alternative<v4::Ping>(heard.message)) {
          ++pings;
          last_ping = heard;
          if (polite) self.pong(heard);
        }
        if (const auto* const told = std::get_if<v4::Neighbors>(&heard.message)) {
          ++neighbors;
          for (const v4::WireNode& each : told->nodes) told_keys.insert(each.key);
        }
        pongs += std::holds_alternative<v4::Pong>(heard.message) ? 1 : 0;
        if (then) then(self, heard);
      };
    }
    Puppet puppet;
    std::size_t all = 0, pings = 0, pongs = 0, neighbors = 0;
    std::set<v4::WireKey> told_keys;
    std::optional<Puppet::Heard> last_ping;
    bool polite = true;
    std::function<void(Puppet& self, const Puppet::Heard& heard)> then;
  };

  static Options quiet_options() {
    Options options;
    options.nodes = 2;
    options.loss = 0;
    options.delay = 10ms;
    return options;
  }
  SimHost& new_host() { return stage.world.add_host({stage.internet.draw()}); }
  v4::FindNode find(const Puppet& by, const v4::WireKey& target) { return {target, by.expires()}; }
  // Both have proven that they are there.
  void befriend(Listening& node) {
    node.puppet.ping(server.endpoint());
    stage.world.run_for(2s);
  }

  Stage stage{"attacks", quiet_options()};
  Member& server = stage.add_boot_node();
};

TEST_F(DiscoveryAttacks, APongWithTheRightHashFromAForgedAddressBringsItsOwnerNothing) {
  stage.world.run_for(40s);
  Listening attacker(new_host()), bystander(new_host());
  attacker.polite = false;
  attacker.puppet.ping(server.endpoint());
  stage.world.run_for(1s);
  ASSERT_TRUE(attacker.last_ping) << "it is to prove itself";

  // In the bystander's name: the proof, and then a question.
  const auto forge = [&](const v4::Message& message) {
    server.hear(bystander.puppet.endpoint(), attacker.puppet.sealed(message));
  };
  forge(v4::Pong{{server.endpoint().ip, 30303, 0},
                 attacker.last_ping->hash,
                 attacker.puppet.expires(),
                 std::nullopt});
  forge(find(attacker.puppet, attacker.puppet.key().xy()));
  stage.world.run_for(5s);
  EXPECT_EQ(bystander.all, 0u);

  // The same from where it is.
  attacker.puppet.pong(*attacker.last_ping);
  stage.world.run_for(1s);
  attacker.puppet.send(server.endpoint(), find(attacker.puppet, attacker.puppet.key().xy()));
  stage.world.run_for(1s);
  EXPECT_GT(attacker.neighbors, 0u);
}

TEST_F(DiscoveryAttacks, WhatNobodyAskedForIsNeitherKeptNorTold) {
  stage.world.run_for(40s);
  Listening attacker(new_host()), named(new_host());
  befriend(attacker);
  attacker.puppet.send(server.endpoint(),
                       v4::Neighbors{{named.puppet.wire_node()}, attacker.puppet.expires()});
  stage.world.run_for(1s);
  attacker.puppet.send(server.endpoint(), find(attacker.puppet, named.puppet.key().xy()));
  stage.world.run_for(30s);
  EXPECT_GT(attacker.neighbors, 0u);
  EXPECT_FALSE(attacker.told_keys.contains(named.puppet.key().xy()));
  EXPECT_EQ(server.table().find_any(named.puppet.id()), nullptr);
  EXPECT_EQ(named.all, 0u);
}

TEST_F(DiscoveryAttacks, AThousandNodesThatAreSaidToBeAtOneAddressBringItThreePingsAMinute) {
  const IpAddress victim = stage.internet.draw();
  std::map<std::int64_t, std::size_t> by_minute;
  std::size_t all = 0;
  const TimePoint began = stage.world.now();
  stage.internet.set_bend([&](const IpAddress&, const IpAddress& to, LinkPlan&) {
    if (to != victim) return;
    ++all;
    ++by_minute[std::chrono::floor<std::chrono::minutes>(stage.world.now() - began).count()];
  });
  // Whatever it is asked, it names other keys at that address.
  std::vector<v4::WireNode> named;
  SimHost& liars = new_host();
  for (std::uint16_t i = 0; i < 1000; ++i) {
    const auto key =
        conn::Secp256k1Key::generate([&](conn::MutableBytes into) { liars.random(into); });
    named.push_back({{victim, static_cast<std::uint16_t>(2000 + i), 26656}, key.public_key().xy()});
  }
  std::size_t told = 0;
  Listening liar(liars);
  liar.then = [&](Puppet& self, const Puppet::Heard& heard) {
    if (!std::holds_alternative<v4::FindNode>(heard.message)) return;
    v4::Neighbors neighbors{{}, self.expires()};
    for (std::size_t i = 0; i < v4::kNodesInPacket; ++i) {
      neighbors.nodes.push_back(named[told++ % named.size()]);
    }
    self.send(heard.from, neighbors);
  };
  befriend(liar);
  stage.world.run_for(4h);
  EXPECT_GT(told, 1000u) << "it was asked often enough to name all of them";
  EXPECT_GT(all, 0u);
  for (const auto& [minute, count] : by_minute) EXPECT_LE(count, 3u) << "in minute " << minute;
}

TEST_F(DiscoveryAttacks, TenThousandIdsBehindOneAddressHaveTwoPlacesOfABucketAndTenOfTheTable) {
  AttackPlan plan;
  plan.addresses = plan.networks = 1;
  plan.ids = 10'000;
  plan.pings = 20;
  Attacker attacker(stage.world, stage.internet, plan, std::string(Member::kNetwork));
  stage.world.run_for(40s);
  attacker.flood(server.endpoint());
  stage.world.run_for(10min);
  std::map<unsigned, std::size_t> in_bucket;
  std::size_t all = 0;
  server.table().for_each([&](const pex::TableNode& node) {
    if (!attacker.owns(node.contact.udp.ip)) return;
    ++all;
    ++in_bucket[pex::log_distance(server.id(), node.contact.id)];
  });
  EXPECT_GE(all, 2u) << "it was heard";
  EXPECT_LE(all, 10u);
  for (const auto& [distance, count] : in_bucket) EXPECT_LE(count, 2u) << distance;
}

TEST_F(DiscoveryAttacks, AFloodInSomebodysNameDoesNotSilenceHimForLongerThanItLasts) {
  stage.world.run_for(40s);
  Listening honest(new_host()), attacker(new_host());
  befriend(honest);
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 1000; ++i) {
      server.hear(honest.puppet.endpoint(),
                  attacker.puppet.sealed(find(attacker.puppet, attacker.puppet.key().xy())));
    }
    stage.world.run_for(1s);
  }
  stage.world.run_for(1s);
  const std::size_t before = honest.neighbors;
  honest.puppet.send(server.endpoint(), find(honest.puppet, honest.puppet.key().xy()));
  stage.world.run_for(1s);
  EXPECT_GT(honest.neighbors, before);
}

TEST_F(DiscoveryAttacks, AFloodFromRandomAddressesFillsNoMemoryAndStopsNoLookup) {
  stage.add_nodes(20);
  stage.world.run_for(2min);
  // A packet of one key is as good as of many: what is unknown is the address.
  Listening attacker(new_host());
  const auto lookups = [this] {
    return server.core().counters().lookups[pex::index_of(pex::Protocol::v4)].finished;
  };
  const auto flood = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t draw = stage.world.random();
      const Endpoint from{
          IpAddress::v4(static_cast<std::uint8_t>(20 + draw % 80),
                        static_cast<std::uint8_t>(draw >> 8), static_cast<std::uint8_t>(draw >> 16),
                        static_cast<std::uint8_t>(draw >> 24)),
          static_cast<std::uint16_t>(2000 + (draw >> 32) % 60'000)};
      v4::Ping ping;
      ping.from = {from.ip, from.port, 26656};
      ping.to = {server.endpoint().ip, 30303, 0};
      ping.expires = attacker.puppet.expires();
      server.hear(from, attacker.puppet.sealed(ping));
    }
  };
  flood(20'000);  // what is bounded is full
  const std::size_t bytes = resident_bytes();
  const std::uint64_t before = lookups();
  for (int second = 0; second < 300; ++second) {
    flood(1000);
    stage.world.run_for(1s);
  }
  EXPECT_GT(lookups(), before + 3);
  EXPECT_LE(resident_bytes(), bytes + (std::size_t{16} << 20));
}

}  // namespace
}  // namespace peerage::sim::discovery
