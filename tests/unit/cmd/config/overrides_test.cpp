#include "cmd/config/overrides.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cmd/config/node_config.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using pex::Role;
using Set = Override::Set;

class Overrides : public testing::Test {
 protected:
  Settings settings_of(const std::string& toml) const {
    std::ofstream(folder / "config.toml") << toml;
    Flags flags;
    flags.config_file = "config.toml";
    auto settings = load_settings(folder.path(), flags, variables);
    EXPECT_TRUE(settings) << settings.error().text();
    return settings ? std::move(*settings) : Settings{};
  }
  // Key and text.
  std::map<std::string, std::string> told(const std::string& toml, Role role) const {
    std::map<std::string, std::string> found;
    for (const Override& each : overrides(settings_of(toml), role)) found[each.key] = each.what;
    return found;
  }
  std::string told(const std::string& toml, Role role, const std::string& key) const {
    const auto found = told(toml, role);
    return found.contains(key) ? found.at(key) : "";
  }

  test::TemporaryDirectory folder;
  Environment variables;
};

const std::string kAllOfThem =
    "[p2p]\nmax_num_inbound_peers = 40\nmax_num_outbound_peers = 25\n"
    "handshake_timeout = \"20s\"\ndial_timeout = \"3s\"\n";

TEST_F(Overrides, OfASeedAreItsSlotsAndItsTimes) {
  const auto found = told(kAllOfThem, Role::seed);
  EXPECT_EQ(found.size(), 4u);
  const auto begins = [&found](const std::string& key, const std::string& text) {
    EXPECT_TRUE(found.contains(key) && found.at(key).starts_with(text)) << key;
  };
  begins("p2p.max_num_inbound_peers", "40 is not in force, but 512: ");
  begins("p2p.max_num_outbound_peers", "25 is not in force, but 32: ");
  begins("p2p.handshake_timeout", "20s is not in force, but 3s: ");
  begins("p2p.dial_timeout", "3s is not in force, but 2s: ");
}

TEST_F(Overrides, OfACommandLineTheSlotsOfASeedAreThoseItSays) {
  for (const char* toml :
       {"", "[peerage]\nseed_inbound_peers = 7\n", "[p2p]\nmax_num_inbound_peers = 9\n"}) {
    std::ofstream(folder / "config.toml") << toml;
    Flags flags;
    flags.config_file = "config.toml";
    flags.max_inbound = "40";  // a node's default, but it was asked for
    const auto settings = load_settings(folder.path(), flags, variables);
    ASSERT_TRUE(settings) << settings.error().text();
    EXPECT_EQ(pex::settled(node_config(settings->config, Role::seed))
                  .connections.p2p.max_num_inbound_peers,
              40u)
        << toml;
    EXPECT_EQ(pex::settled(node_config(settings->config, Role::node))
                  .connections.p2p.max_num_inbound_peers,
              40u)
        << toml;
    EXPECT_TRUE(overrides(*settings, Role::seed).empty()) << toml;
  }
}

// Else the two could drift apart.
TEST_F(Overrides, AreWhatAStartMakesOfTheSettings) {
  const Settings settings = settings_of(kAllOfThem);
  pex::NodeConfig node;
  node.role = Role::seed;
  node.connections.p2p = settings.config.p2p;
  const p2p::P2pConfig now = pex::settled(node).connections.p2p;
  const auto found = told(kAllOfThem, Role::seed);
  for (const auto& [key, value] :
       {std::pair{"p2p.max_num_inbound_peers", now.max_num_inbound_peers},
        std::pair{"p2p.max_num_outbound_peers", now.max_num_outbound_peers}}) {
    EXPECT_NE(found.at(key).find("but " + std::to_string(value) + ":"), std::string::npos) << key;
  }
}

TEST_F(Overrides, FollowTheSettingsThatTheyDependOn) {
  const auto seeds = [this](const std::string& own, const std::string& p2p, const char* key) {
    return told("[peerage]\n" + own + "[p2p]\n" + p2p, Role::seed, key);
  };
  const char* const kInbound = "p2p.max_num_inbound_peers";
  EXPECT_TRUE(seeds("seed_inbound_peers = 9\n", "max_num_inbound_peers = 300\n", kInbound)
                  .starts_with("300 is not in force, but 9: of a seed, seed_inbound_peers"));
  EXPECT_EQ(seeds("seed_inbound_peers = 40\n", "max_num_inbound_peers = 40\n", kInbound), "");
  EXPECT_EQ(seeds("", "max_num_inbound_peers = 300\n", kInbound), "");
  EXPECT_EQ(
      seeds("crawl_parallel = 5\n", "max_num_outbound_peers = 10\n", "p2p.max_num_outbound_peers"),
      "")
      << "it is twice that";
  EXPECT_EQ(seeds("visit_timeout = \"1m\"\n", "dial_timeout = \"3s\"\n", "p2p.dial_timeout"), "");
  EXPECT_EQ(
      seeds("visit_timeout = \"1m\"\n", "handshake_timeout = \"20s\"\n", "p2p.handshake_timeout"),
      "20s is not in force, but 5s: it is never more");
}

TEST_F(Overrides, OfANodeAreTheLongHandshakeAndWhatSeedsAloneHave) {
  EXPECT_EQ(told(kAllOfThem, Role::node),
            (std::map<std::string, std::string>{
                {"p2p.handshake_timeout", "20s is not in force, but 5s: it is never more"}}));
  const auto found = told(
      "[peerage]\ncrawl_parallel = 99\nvisit_timeout = \"5s\"\nseed_peer_lifetime = \"1m\"\n"
      "seed_inbound_peers = 3\n",
      Role::node);
  EXPECT_EQ(found.size(), 3u) << "a default that stands there misleads nobody";
  EXPECT_EQ(found.at("peerage.crawl_parallel"),
            "99 is not in force: only a seed has it, and this node is none");
  EXPECT_TRUE(told("[peerage]\ncrawl_parallel = 99\n", Role::seed).empty());
}

TEST_F(Overrides, OfPeersAtOneHostIsTheirNumber) {
  const std::string both = "[peerage]\nmax_peers_per_ip = 3\n[p2p]\nallow_duplicate_ip = ";
  EXPECT_TRUE(told(both + "true\n", Role::node, "p2p.allow_duplicate_ip")
                  .starts_with("true is not in force, but 3 peers at one host: "));
  EXPECT_EQ(told(both + "false\n", Role::node, "p2p.allow_duplicate_ip"), "");
}

TEST_F(Overrides, AreOfWhatWasSetAndSaySoOfADefault) {
  EXPECT_TRUE(told("", Role::seed).empty()) << "nobody said anything";
  std::map<std::string, Set> set;
  for (const Override& each : overrides(settings_of(kAllOfThem), Role::seed))
    set[each.key] = each.set;
  EXPECT_EQ(set.at("p2p.max_num_inbound_peers"), Set::default_value);
  EXPECT_EQ(set.at("p2p.max_num_outbound_peers"), Set::own_value);
  EXPECT_EQ(set.at("p2p.handshake_timeout"), Set::default_value) << "of a comet node";
  EXPECT_EQ(set.at("p2p.dial_timeout"), Set::default_value);
}

TEST_F(Overrides, AreNamedAsWhoSetThem) {
  variables["CMT_P2P_DIAL_TIMEOUT"] = "4s";
  const Settings settings = settings_of("[p2p]\ndial_timeout = \"1s\"\n");
  const auto found = overrides(settings, Role::seed);
  ASSERT_EQ(found.size(), 1u);
  const Finding finding = finding_about(settings, Severity::notice, found[0].key, found[0].what);
  EXPECT_TRUE(finding.text.starts_with("CMT_P2P_DIAL_TIMEOUT: 4s is not in force, but 2s: "))
      << finding.text;
  EXPECT_EQ(finding.line, 0u);
}

}  // namespace
}  // namespace peerage::cmd
