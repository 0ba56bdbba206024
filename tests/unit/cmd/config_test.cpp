#include "cmd/config.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::Reason;

std::string refusal(const std::string& toml) {
  const auto config = Config::parse(toml);
  EXPECT_FALSE(config) << toml;
  return config ? "" : config.error().detail;
}

bool notices(const Config& config, const std::string& key) {
  return std::any_of(config.notices.begin(), config.notices.end(),
                     [&key](const std::string& notice) { return notice.starts_with(key + " "); });
}

TEST(Config, TheFilesThatRealNodesWriteAreUnderstood) {
  for (const std::string version : {"v0.34.35", "v0.38.25", "v1.0.1"}) {
    SCOPED_TRACE(version);
    const auto config = Config::load(PEERAGE_VECTORS "/config/config-" + version + ".toml");
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_EQ(config->moniker, "moniker-of-a-node");
    EXPECT_EQ(config->node_key_file, "config/node_key.json");
    EXPECT_EQ(config->p2p.laddr, "tcp://0.0.0.0:26656");
    EXPECT_EQ(config->p2p.max_num_inbound_peers, 40u);
    EXPECT_EQ(config->p2p.max_num_outbound_peers, 10u);
    EXPECT_EQ(config->p2p.send_rate, 5'120'000u);
    EXPECT_EQ(config->p2p.recv_rate, 5'120'000u);
    EXPECT_TRUE(config->p2p.pex);
    EXPECT_TRUE(config->p2p.addr_book_strict);
    EXPECT_EQ(config->p2p.handshake_timeout, 5s) << "20s was never in force";
    EXPECT_EQ(config->p2p.dial_timeout, 3s);
    EXPECT_TRUE(notices(*config, "p2p.flush_throttle_timeout"));
    EXPECT_TRUE(notices(*config, "p2p.max_packet_msg_payload_size"));
    for (const std::string& notice : config->notices) {
      EXPECT_EQ(notice.find("no such setting"), std::string::npos) << notice;
    }
  }
}

TEST(Config, OurOwnTemplateSaysTheDefaultsAndNothingUnknown) {
  const auto config = Config::parse(Config::template_text("a \"quoted\" name", "chain-1"));
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->moniker, "a \"quoted\" name");
  EXPECT_EQ(config->network, "chain-1");
  EXPECT_EQ(config->book_file, Config().book_file);
  EXPECT_TRUE(config->notices.empty());
  const P2pConfig defaults;
  EXPECT_EQ(config->p2p.laddr, defaults.laddr);
  EXPECT_EQ(config->p2p.max_num_inbound_peers, defaults.max_num_inbound_peers);
  EXPECT_EQ(config->p2p.handshake_timeout, defaults.handshake_timeout);
  EXPECT_EQ(config->p2p.send_rate, defaults.send_rate);
}

TEST(Config, AnEmptyFileIsAllDefaults) {
  const auto config = Config::parse("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->p2p.laddr, "tcp://0.0.0.0:26656");
}

TEST(Config, ListsAreReadAndASpoiltEntryIsNamed) {
  const std::string id = "DEADBEEFdeadbeefdeadbeefdeadbeefdeadbeef";
  const auto config =
      Config::parse("[p2p]\npersistent_peers = \" " + id + "@seed.example.org:26656 ," + id +
                    "@1.2.3.4:1\"\nprivate_peer_ids = \"" + id + ", \"");
  ASSERT_TRUE(config) << config.error().text();
  ASSERT_EQ(config->p2p.persistent_peers.size(), 2u);
  EXPECT_EQ(config->p2p.persistent_peers[0].host, "seed.example.org");
  EXPECT_EQ(config->p2p.persistent_peers[0].id.to_string(),
            "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
  EXPECT_EQ(config->p2p.private_peer_ids.size(), 1u);
  EXPECT_NE(refusal("[p2p]\nseeds = \"abc@1.2.3.4:1\"").find("p2p.seeds"), std::string::npos);
  EXPECT_NE(refusal("[p2p]\nseeds = \"1.2.3.4:1\"").find("1.2.3.4:1"), std::string::npos);
}

TEST(Config, WrongTypesAndImpossibleValuesAreNamedWithTheirKey) {
  for (const auto& [toml, key] : std::vector<std::pair<std::string, std::string>>{
           {"[p2p]\npex = \"yes\"", "p2p.pex"},
           {"[p2p]\nmax_num_inbound_peers = -1", "p2p.max_num_inbound_peers"},
           {"[p2p]\nmax_num_inbound_peers = 1e3", "p2p.max_num_inbound_peers"},
           {"[p2p]\nsend_rate = true", "p2p.send_rate"},
           {"[p2p]\ndial_timeout = 3", "p2p.dial_timeout"},
           {"[p2p]\ndial_timeout = \"soon\"", "p2p.dial_timeout"},
           {"[p2p]\nladdr = \"tcp://0.0.0.0\"", "p2p.laddr"},
           {"[p2p]\nladdr = \"\"", "p2p.laddr"},
           {"[peerage]\nbook_file = \"\"", "peerage.book_file"},
           {"[peerage]\nbook_file = 3", "peerage.book_file"},
           {"[p2p]\nseed_mode = true\npex = false", "p2p.seed_mode"},
           {"p2p = 3", "p2p"},
           {"moniker = 3", "moniker"},
           {"[peerage]\nnetwork = []", "peerage.network"}}) {
    EXPECT_EQ(refusal(toml).find(key), 0u) << toml << " -> " << refusal(toml);
  }
}

TEST(Config, ASyntaxErrorIsReportedWithItsLine) {
  EXPECT_NE(refusal("moniker = \"a\"\n[p2p\n").find("line 2"), std::string::npos);
}

TEST(Config, ASettingNobodyKnowsIsNoticed) {
  const auto config = Config::parse("[p2p]\npeers_persistent = \"\"\n[peerage]\nnetwrok = \"x\"");
  ASSERT_TRUE(config);
  EXPECT_TRUE(notices(*config, "p2p.peers_persistent"));
  EXPECT_TRUE(notices(*config, "peerage.netwrok"));
}

TEST(Config, AMissingFileIsAClearError) {
  const auto config = Config::load("/nonexistent/config.toml");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().detail.find("/nonexistent/config.toml"), std::string::npos);
}

TEST(Config, DurationsAreGosDurations) {
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("100ms"), 100ms);
  EXPECT_EQ(parse_duration("7us"), 7us);
  EXPECT_EQ(parse_duration("0"), 0s);
  for (const std::string bad :
       {"", "10", "s", "-1s", "1 s", "1d", "1..5s", "99999999999h", "1e3s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace peerage::cmd
