// [peerage.discovery]: what it says, where it may be said, and what is refused.
#include "cmd/config/discovery.h"

#include <cstring>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmd/config/fields.h"
#include "cmd/config/node_config.h"
#include "cmd/config/settings.h"
#include "cmd/config/start_rules.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// Of spec/vectors/discovery: the sample record, and a node of the same key.
const std::string kRecord =
    "enr:-LO4QBRk4vcgkOJKWfel8_uOPryMT5uSC4WYhcJRbXddUtV8dFg-"
    "YecchtNrFJz8hALi7mXWDJEb1Fmy3WX0Ou8qiwABg2NtdOOUAAECAwQFBgcICQoLDA0ODxAREhOKdGVzdC1jaGFpboJoII"
    "J"
    "pZIJ2NIJpcIR_"
    "AAABiXNlY3AyNTZrMaEDymNMrg1JrLQB2KTGtv6MVbcNEVv0AHacwUAPMljNMTiDdGNwgmggg3VkcIJ2Xw";
const std::string kUrl =
    "enode://"
    "ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd31387574077f301b421bc84df7266c44e9"
    "e6"
    "d569fc56be00812904767bf5ccd1fc7f@127.0.0.1:30303";

class DiscoverySettings : public testing::Test {
 protected:
  test::TemporaryDirectory home;
  Environment variables;
  Flags flags;

  void write(const std::string& file, const std::string& text) const {
    const auto path = home.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  // Under [peerage.discovery].
  void config(const std::string& text) const {
    write("config/config.toml", "[peerage]\nnetwork = \"net\"\n[peerage.discovery]\n" + text);
  }
  Settings load() const {
    auto settings = load_settings(home.path(), flags, variables);
    EXPECT_TRUE(settings) << settings.error().text();
    return settings ? std::move(*settings) : Settings{};
  }
  std::string refusal() const {
    const auto settings = load_settings(home.path(), flags, variables);
    EXPECT_FALSE(settings);
    return settings ? "" : settings.error().detail;
  }
};

TEST_F(DiscoverySettings, OffIsTheDefaultAndSaysNothingToTheNode) {
  const Settings settings = load();
  EXPECT_FALSE(settings.config.discovery.is_on());
  EXPECT_FALSE(node_config(settings.config, pex::Role::node).discovery);
}

TEST_F(DiscoverySettings, AreReadFromTheFile) {
  config(
      "protocols = \"v4\"\nladdr = \"0.0.0.0:30303\"\nkey_file = \"keys/udp\"\n"
      "bootnodes = [\"" +
      kRecord + "\", \"" + kUrl +
      "\"]\nexternal_ip = \"fixed:203.0.113.7\"\n"
      "net_restrict = \"10.0.0.0/8\"\nlookups = false\nrandom_lookups = false\n"
      "only_confirmed_neighbors = true\nlookup_interval_high = \"1m\"\ncandidates = 77\n");
  const Settings settings = load();
  EXPECT_EQ(settings.discovery_key_file, home.path() / "keys/udp");
  const auto node = node_config(settings.config, pex::Role::node).discovery;
  ASSERT_TRUE(node);
  EXPECT_EQ(node->listen, "0.0.0.0:30303");
  EXPECT_THAT(node->bootnodes, ElementsAre(kRecord, kUrl));
  EXPECT_EQ(node->external_ip, "fixed:203.0.113.7");
  EXPECT_EQ(node->net_restrict.size(), 1u);
  EXPECT_FALSE(node->lookups);
  EXPECT_FALSE(node->random_lookups);
  EXPECT_TRUE(node->only_confirmed_neighbors);
  EXPECT_EQ(node->limits.lookup_interval_high, 1min);
  EXPECT_EQ(node->limits.candidates, 77u);
  EXPECT_TRUE(settings.warnings.empty());
}

TEST_F(DiscoverySettings, VariablesAndOptionsOverrideTheFile) {
  config("protocols = \"off\"\ncandidates = 77\n");
  variables["PEERAGE_DISCOVERY_PROTOCOLS"] = "v4";
  variables["PEERAGE_DISCOVERY_CANDIDATES"] = "88";
  Settings settings = load();
  EXPECT_EQ(settings.config.discovery.protocols, "v4");
  EXPECT_EQ(settings.config.discovery.limits.candidates, 88u);
  EXPECT_TRUE(settings.warnings.empty());
  flags.discovery = "off";
  flags.bootnodes = kUrl;
  settings = load();
  EXPECT_FALSE(settings.config.discovery.is_on());
  EXPECT_THAT(settings.config.discovery.bootnodes, ElementsAre(kUrl));
  EXPECT_EQ(settings.origins.at("peerage.discovery.protocols").name, "--discovery");
}

TEST_F(DiscoverySettings, AnUnknownKeyIsNamedWithTheOneThatWasProbablyMeant) {
  config("protocol = \"v4\"\n");
  variables["PEERAGE_DISCOVERY_BOOTNODE"] = kUrl;
  const Settings settings = load();
  EXPECT_THAT(settings.warnings, testing::UnorderedElementsAre(
                                     HasSubstr("did you mean peerage.discovery.protocols?"),
                                     HasSubstr("did you mean PEERAGE_DISCOVERY_BOOTNODES?")));
}

TEST_F(DiscoverySettings, MustBeATable) {
  write("config/config.toml", "[peerage]\nnetwork = \"net\"\ndiscovery = \"v4\"\n");
  EXPECT_THAT(refusal(), HasSubstr("peerage.discovery: must be a table"));
}

TEST_F(DiscoverySettings, BothIsDiscv4UntilThereIsMoreAndV5AloneIsRefused) {
  config("protocols = \"both\"\n");
  const Settings settings = load();
  EXPECT_TRUE(node_config(settings.config, pex::Role::node).discovery);
  EXPECT_THAT(std::string(missing_protocol(settings.config.discovery)), HasSubstr("discv5"));
  config("protocols = \"v5\"\n");
  EXPECT_THAT(refusal(), HasSubstr("does not speak discv5 yet"));
  config("protocols = \"v4\"\n");
  EXPECT_TRUE(missing_protocol(load().config.discovery).empty());
}

TEST_F(DiscoverySettings, WhatIsImpossibleIsNamed) {
  const std::pair<std::string, std::string> wrong[] = {
      {"protocols = \"v6\"", "peerage.discovery.protocols"},
      {"laddr = \"here\"", "peerage.discovery.laddr"},
      {"key_file = \"\"", "peerage.discovery.key_file"},
      {"bootnodes = \"enr:AAAA\"", "peerage.discovery.bootnodes"},
      {"bootnodes = \"enode://00@127.0.0.1:1\"", "peerage.discovery.bootnodes"},
      {"bootnodes = \"" + kUrl + "?discport=0\"", "peerage.discovery.bootnodes"},
      {"external_ip = \"perhaps\"", "peerage.discovery.external_ip"},
      {"net_restrict = \"10.0.0.1/8\"", "peerage.discovery.net_restrict"},
      {"candidates = 0", "peerage.discovery.candidates"},
      {"rows = 1000001", "peerage.discovery.rows"},
      {"prune_interval = \"0s\"", "peerage.discovery.prune_interval"},
      {"lookup_interval_low = \"30s\"", "peerage.discovery.lookup_interval_low"}};
  for (const auto& [text, key] : wrong) {
    config(text + "\n");
    EXPECT_THAT(refusal(), HasSubstr(key)) << text;
  }
}

TEST_F(DiscoverySettings, NeedPeerExchange) {
  write("config/config.toml",
        "[p2p]\npex = false\n[peerage]\nnetwork = \"net\"\n[peerage.discovery]\nprotocols = "
        "\"v4\"\n");
  EXPECT_THAT(refusal(), HasSubstr("needs pex = true"));
}

TEST_F(DiscoverySettings, ListenWhereTheSwitchDoesUnlessTheySayOtherwise) {
  DiscoveryConfig config;
  EXPECT_EQ(discovery_laddr(config, "tcp://127.0.0.1:26656"), "127.0.0.1:26656");
  config.laddr = "10.0.0.1:30303";
  EXPECT_EQ(discovery_laddr(config, "tcp://127.0.0.1:26656"), "10.0.0.1:30303");
}

TEST_F(DiscoverySettings, ABrokenKeyIsAnErrorThatNamesItAndAMissingOneIsMade) {
  config("protocols = \"v4\"\n");
  EXPECT_TRUE(require_discovery_key(load()));
  write("config/discovery_key", "broken\n");
  const auto sound = require_discovery_key(load());
  ASSERT_FALSE(sound);
  EXPECT_THAT(sound.error().detail, HasSubstr("config/discovery_key"));
  config("protocols = \"off\"\n");
  EXPECT_TRUE(require_discovery_key(load())) << "nobody reads it";
}

// A number that is added to the limits is to be a setting.
TEST(DiscoveryLimitSettings, MayBeWhatTheyAreByDefault) {
  check_discovery({}, [](const std::string& key, const std::string& what) {
    ADD_FAILURE() << key << ' ' << what;
  });
}

// Names of the limits that were complained of.
std::set<std::string> refused(const pex::DiscoveryLimits& limits) {
  DiscoveryConfig config;
  config.limits = limits;
  std::set<std::string> names;
  check_discovery(config, [&](const std::string& key, const std::string&) { names.insert(key); });
  return names;
}

TEST(DiscoveryLimitSettings, NoughtIsRefusedExceptWhereItMeansNone) {
  const pex::DiscoveryLimits defaults;
  for_each_discovery_limit(defaults, [](const std::string& name, const auto&) {
    pex::DiscoveryLimits limits;
    for_each_discovery_limit(limits, [&](const std::string& each, auto& value) {
      if (each == name) value = std::decay_t<decltype(value)>();
    });
    const bool may_be_nought = name == "boot_visits";
    EXPECT_EQ(refused(limits).contains("peerage.discovery." + name), !may_be_nought) << name;
  });
}

TEST(DiscoveryLimitSettings, AreAllThatThereAre) {
  pex::DiscoveryLimits limits;
  std::set<const void*> visited;
  std::size_t bytes = 0;
  for_each_discovery_limit(limits, [&](const char* name, auto& value) {
    EXPECT_TRUE(visited.insert(&value).second) << name << " is there twice";
    bytes += std::max(sizeof value, alignof(std::uint64_t));
  });
  EXPECT_EQ(bytes, sizeof limits);
}

}  // namespace
}  // namespace peerage::cmd
