#include "cmd/config/sanity.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cmd/config/reader.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using pex::Role;

const std::string kId(40, 'a');

std::vector<Oddity> found(const std::string& toml, Role role = Role::node) {
  ConfigReading reading = read_config(toml);
  EXPECT_EQ(first_error(reading.findings), nullptr) << toml;
  return oddities(reading.config, role);
}

TEST(Sanity, WhatCometNodesHaveIsNotOdd) {
  for (const Role role : {Role::node, Role::seed}) {
    EXPECT_TRUE(found("", role).empty());
    for (const char* version : {"v0.34.35", "v0.38.25", "v1.0.1"}) {
      const auto config =
          Config::load(std::string(PEERAGE_VECTORS "/config/config-") + version + ".toml");
      ASSERT_TRUE(config);
      EXPECT_TRUE(oddities(*config, role).empty()) << version;
    }
    EXPECT_TRUE(oddities(Config::defaults(Config::Dialect::tenderseed), role).empty());
  }
}

TEST(Sanity, EachValueThatNobodyMeansIsNamedWithItsKey) {
  const std::string p2p = "[p2p]\n", own = "[peerage]\n";
  for (const auto& [toml, role, key] : std::vector<std::tuple<std::string, Role, std::string>>{
           {p2p + "max_num_inbound_peers = 0", Role::node, "p2p.max_num_inbound_peers"},
           {p2p + "max_num_inbound_peers = 0", Role::seed, "p2p.max_num_inbound_peers"},
           {own + "seed_inbound_peers = 0", Role::seed, "peerage.seed_inbound_peers"},
           {p2p + "max_num_inbound_peers = 4294967295", Role::node, "p2p.max_num_inbound_peers"},
           {own + "seed_inbound_peers = 1000000", Role::seed, "peerage.seed_inbound_peers"},
           {p2p + "max_num_outbound_peers = 0", Role::node, "p2p.max_num_outbound_peers"},
           {p2p + "max_num_outbound_peers = 100000", Role::node, "p2p.max_num_outbound_peers"},
           {p2p + "handshake_timeout = \"1ms\"", Role::node, "p2p.handshake_timeout"},
           {p2p + "handshake_timeout = \"\"", Role::seed, "p2p.handshake_timeout"},
           {p2p + "dial_timeout = \"1ms\"", Role::node, "p2p.dial_timeout"},
           {p2p + "dial_timeout = 0", Role::node, "p2p.dial_timeout"},
           {p2p + "dial_timeout = \"1h\"", Role::node, "p2p.dial_timeout"},
           {p2p + "persistent_peers_max_dial_period = \"1ns\"", Role::node,
            "p2p.persistent_peers_max_dial_period"},
           {p2p + "persistent_peers_max_dial_period = \"24h\"", Role::node,
            "p2p.persistent_peers_max_dial_period"},
           {p2p + "send_rate = 1", Role::node, "p2p.send_rate"},
           {p2p + "recv_rate = 1000", Role::node, "p2p.recv_rate"},
           {p2p + "laddr = \"tcp://0.0.0.0:0\"", Role::node, "p2p.laddr"},
           {p2p + "seeds = \"" + kId + "@1.2.3.4:0\"", Role::node, "p2p.seeds"},
           {p2p + "persistent_peers = \"" + kId + "@0.0.0.0:1\"", Role::node,
            "p2p.persistent_peers"},
           {own + "visit_timeout = \"10ms\"", Role::seed, "peerage.visit_timeout"},
           {own + "visit_timeout = \"1h\"", Role::seed, "peerage.visit_timeout"},
           {own + "seed_peer_lifetime = \"1s\"", Role::seed, "peerage.seed_peer_lifetime"},
           {own + "seed_peer_lifetime = \"1000h\"", Role::seed, "peerage.seed_peer_lifetime"},
           {own + "shards = 1000", Role::node, "peerage.shards"}}) {
    const auto odd = found(toml, role);
    ASSERT_EQ(odd.size(), 1u) << toml;
    EXPECT_EQ(odd[0].key, key) << toml;
  }
}

TEST(Sanity, WhatTheRoleDoesNotReadIsNotOdd) {
  EXPECT_TRUE(found("[peerage]\nvisit_timeout = \"1ms\"\nseed_inbound_peers = 0\n").empty());
  EXPECT_TRUE(found("[p2p]\nmax_num_outbound_peers = 0\n", Role::seed).empty());
}

TEST(Sanity, ANumberWithoutAUnitIsExplained) {
  EXPECT_EQ(
      found("[p2p]\ndial_timeout = 3\n").at(0).what,
      "3ns is too short: most nodes cannot be reached in that time (a number without a unit is "
      "nanoseconds)");
  EXPECT_EQ(found("[p2p]\ndial_timeout = \"3ms\"\n").at(0).what,
            "3ms is too short: most nodes cannot be reached in that time");
}

TEST(Sanity, SummariesHaveAPauseBetweenThem) {
  for (const auto& [text, held] : std::vector<std::pair<std::string, conn::Duration>>{
           {"\"1ns\"", 100ms}, {"\"99ms\"", 100ms}, {"60", 100ms}}) {
    const std::string toml = "[peerage]\nsummary_interval = " + text;
    EXPECT_EQ(summary_interval(read_config(toml).config), held) << text;
    ASSERT_EQ(found(toml).size(), 1u) << text;
    EXPECT_EQ(found(toml)[0].key, "peerage.summary_interval");
    EXPECT_NE(found(toml)[0].what.find("100ms in force"), std::string::npos);
  }
  for (const auto& [text, held] : std::vector<std::pair<std::string, conn::Duration>>{
           {"\"100ms\"", 100ms}, {"0", 0ms}, {"\"\"", 0ms}, {"\"24h\"", 24h}}) {
    const std::string toml = "[peerage]\nsummary_interval = " + text;
    EXPECT_EQ(summary_interval(read_config(toml).config), held) << text;
    EXPECT_TRUE(found(toml).empty()) << text;
  }
}

}  // namespace
}  // namespace peerage::cmd
