#include "cmd/config/config.h"

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
    EXPECT_TRUE(config->pex);
    EXPECT_TRUE(config->addr_book_strict);
    EXPECT_EQ(p2p::handshake_deadline(config->p2p), 5s) << "20s was never in force";
    EXPECT_EQ(config->p2p.dial_timeout, 3s);
    EXPECT_TRUE(notices(*config, "p2p.flush_throttle_timeout"));
    EXPECT_FALSE(notices(*config, "p2p.max_packet_msg_payload_size"));
    EXPECT_EQ(config->p2p.max_packet_msg_payload_size, 1024u);
    EXPECT_EQ(config->rpc.laddr, "tcp://127.0.0.1:26657");
    EXPECT_EQ(config->rpc.max_open_connections, RpcConfig::kCometConnections);
    EXPECT_EQ(config->instrumentation.prometheus_listen_addr, ":26660");
    EXPECT_FALSE(config->instrumentation.prometheus);
    EXPECT_FALSE(notices(*config, "[rpc]"));
    EXPECT_TRUE(notices(*config, "[consensus]"));
    EXPECT_FALSE(notices(*config, "[instrumentation]"));
    EXPECT_TRUE(config->names_addr_book_file);
    EXPECT_EQ(config->genesis_file, "config/genesis.json");
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
  EXPECT_FALSE(config->names_addr_book_file);
  EXPECT_EQ(config->log_level, Config().log_level);
  EXPECT_EQ(config->log_format, Config().log_format);
  EXPECT_EQ(config->crawl_parallel, Config().crawl_parallel);
  EXPECT_EQ(config->visit_timeout, Config().visit_timeout);
  EXPECT_EQ(config->seed_peer_lifetime, Config().seed_peer_lifetime);
  EXPECT_EQ(config->summary_interval, Config().summary_interval);
  EXPECT_EQ(config->max_peers_per_ip, Config().max_peers_per_ip);
  EXPECT_EQ(config->seed_inbound_peers, Config().seed_inbound_peers);
  EXPECT_EQ(config->named_nodes, Config().named_nodes);
  EXPECT_EQ(config->exempt_networks, Config().exempt_networks);
  EXPECT_EQ(config->shards, Config().shards);
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
           {"[p2p]\nmax_num_inbound_peers = 40.5", "p2p.max_num_inbound_peers"},
           {"[p2p]\nmax_num_inbound_peers = \"many\"", "p2p.max_num_inbound_peers"},
           {"[p2p]\nmax_num_inbound_peers = [40]", "p2p.max_num_inbound_peers"},
           {"[p2p]\nmax_num_inbound_peers = 1e300", "p2p.max_num_inbound_peers"},
           {"[p2p]\nmax_num_inbound_peers = nan", "p2p.max_num_inbound_peers"},
           {"[p2p]\nsend_rate = true", "p2p.send_rate"},
           {"[p2p]\ndial_timeout = -1", "p2p.dial_timeout"},
           {"[p2p]\ndial_timeout = 1.5", "p2p.dial_timeout"},
           {"[p2p]\ndial_timeout = true", "p2p.dial_timeout"},
           {"[p2p]\ndial_timeout = \"soon\"", "p2p.dial_timeout"},
           {"[p2p]\nladdr = \"tcp://0.0.0.0\"", "p2p.laddr"},
           {"[p2p]\nladdr = \"\"", "p2p.laddr"},
           {"[p2p]\nladdr = \"localhost:4102\"", "p2p.laddr"},
           {"moniker = \"  \"", "moniker"},
           {"moniker = \"" + std::string(11'000, 'm') + "\"", "moniker"},
           {"[peerage]\nbook_file = \"\"", "peerage.book_file"},
           {"[peerage]\nbook_file = []", "peerage.book_file"},
           {"[p2p]\nseed_mode = true\npex = false", "p2p.seed_mode"},
           {"p2p = 3", "p2p"},
           {"moniker = 1979-05-27", "moniker"},
           {"[p2p]\nseeds = [[\"x\"]]", "p2p.seeds"},
           {"[p2p]\nseeds = 0", "p2p.seeds"},
           {"[peerage]\nnetwork = { a = 1 }", "peerage.network"}}) {
    EXPECT_EQ(refusal(toml).find(key), 0u) << toml << " -> " << refusal(toml);
  }
}

// As viper has it, which a comet node reads its file with.
TEST(Config, NumbersBooleansAndDurationsMayStandInQuotes) {
  const auto config = Config::parse(
      "moniker = 7\nfilter_peers = \"false\"\n[p2p]\nladdr = \"tcp://127.0.0.1:26656\"\n"
      "max_num_inbound_peers = \"301\"\nmax_num_outbound_peers = 1e2\npex = \"true\"\n"
      "allow_duplicate_ip = \"TRUE\"\naddr_book_strict = 0\nsend_rate = \"5_120_001\"\n"
      "recv_rate = 5.12e6\npersistent_peers_max_dial_period = 0\ndial_timeout = 4000000000\n"
      "handshake_timeout = \"3000000000\"\nseed_mode = \"\"\n"
      "[peerage]\nshards = \"2\"\nsummary_interval = \"0\"\nvisit_timeout = 2e9\n"
      "seed_inbound_peers = \"9\"\nmax_peers_per_ip = \"\"\n");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->moniker, "7");
  EXPECT_EQ(config->p2p.max_num_inbound_peers, 301u);
  EXPECT_EQ(config->p2p.max_num_outbound_peers, 100u);
  EXPECT_TRUE(config->pex);
  EXPECT_TRUE(config->p2p.allow_duplicate_ip);
  EXPECT_FALSE(config->addr_book_strict);
  EXPECT_EQ(config->p2p.send_rate, 5'120'001u);
  EXPECT_EQ(config->p2p.recv_rate, 5'120'000u);
  EXPECT_EQ(config->p2p.persistent_peers_max_dial_period, 0s);
  EXPECT_EQ(config->p2p.dial_timeout, 4s);
  EXPECT_EQ(config->p2p.handshake_timeout, 3s);
  EXPECT_FALSE(config->seed_mode);
  EXPECT_EQ(config->shards, 2u);
  EXPECT_EQ(config->summary_interval, 0s);
  EXPECT_EQ(config->visit_timeout, 2s);
  EXPECT_EQ(config->seed_inbound_peers, 9u);
  EXPECT_FALSE(config->max_peers_per_ip);
}

TEST(Config, NothingInQuotesIsTheZeroOfItsKind) {
  const auto config = Config::parse(
      "[p2p]\nmax_num_inbound_peers = \"\"\npex = \"\"\nsend_rate = \"\"\ndial_timeout = \"\"\n");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->p2p.max_num_inbound_peers, 0u);
  EXPECT_FALSE(config->pex);
  EXPECT_EQ(config->p2p.send_rate, 0u);
  EXPECT_EQ(config->p2p.dial_timeout, 0s);
}

TEST(Config, ListsAreLinesOrArraysToo) {
  const std::string a(40, 'a'), b(40, 'b');
  for (const std::string& list :
       {"\"\"\"\n" + a + "@h:1\n" + b + "@h:2\n\n\"\"\"",
        "\"\"\"" + a + "@h:1,\r\n" + b + "@h:2\r\n\"\"\"", "\"" + a + "@h:1 " + b + "@h:2\"",
        "[\"" + a + "@h:1\", \"" + b + "@h:2\"]", "[\n\"" + a + "@h:1," + b + "@h:2\",\n]"}) {
    const auto config = Config::parse("[p2p]\nseeds = " + list + "\npersistent_peers = " + list);
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_EQ(config->seeds.size(), 2u) << list;
    EXPECT_EQ(config->p2p.persistent_peers.size(), 2u) << list;
  }
  const auto config = Config::parse(
      "[p2p]\nprivate_peer_ids = [\"" + a + "\"]\nunconditional_peer_ids = \"\"\"\n" + a + "\n" +
      b + "\n\"\"\"\n[peerage]\nexempt_networks = [\"10.0.0.0/8\", \"::1\"]\nnamed_nodes = \"" + a +
      "\t" + b + "\"\nnetwork = [\"x-1\", \"y-2\"]\n");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->p2p.private_peer_ids.size(), 1u);
  EXPECT_EQ(config->p2p.unconditional_peer_ids.size(), 2u);
  EXPECT_EQ(config->exempt_networks.size(), 2u);
  EXPECT_EQ(config->named_nodes.size(), 2u);
  EXPECT_EQ(config->network, "x-1,y-2");
  EXPECT_NE(refusal("[p2p]\nseeds = \"\"\"\n" + a + "@h:1\nnonsense\n\"\"\"").find("\"nonsense\""),
            std::string::npos);
}

TEST(Config, TheCaseOfAKeyDoesNotCount) {
  const auto config = Config::parse(
      "Moniker = \"m\"\n[P2P]\nLaddr = \"tcp://1.2.3.4:5\"\nMAX_NUM_INBOUND_PEERS = 7\n[RPC]\n"
      "Laddr = \":1\"\n[MEMPOOL]\nx = 1\n");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->moniker, "m");
  EXPECT_EQ(config->p2p.laddr, "tcp://1.2.3.4:5");
  EXPECT_EQ(config->p2p.max_num_inbound_peers, 7u);
  ASSERT_EQ(config->notices.size(), 1u);
  EXPECT_TRUE(config->notices[0].starts_with("[MEMPOOL] has no effect: ")) << config->notices[0];
  EXPECT_EQ(config->rpc.laddr, ":1");
  const auto both = Config::parse("[p2p]\nPEX = false\npex = true\n");
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->pex);
  EXPECT_EQ(both->notices.size(), 1u) << "the other is named";
}

TEST(Config, AFileOfAnotherSystemBeginsWithAMarkAndHasOtherLineEnds) {
  const auto config = Config::parse(
      "\xef\xbb\xbf"
      "moniker = \"m\"\r\n[p2p]\r\npex = true\r\n");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->moniker, "m");
}

TEST(Config, ASyntaxErrorIsReportedWithItsLine) {
  EXPECT_NE(refusal("moniker = \"a\"\n[p2p\n").find("line 2"), std::string::npos);
}

// toml++ overflows its stack with a key of 40 000 components.
TEST(Config, WhatIsNestedTooDeeplyIsAnErrorWithItsLine) {
  const auto refused = [](const std::string& text) {
    const auto config = Config::parse(text);
    return config ? std::string() : config.error().detail;
  };
  std::string deep = "a";
  for (int i = 0; i < 40'000; ++i) deep += ".a";
  const std::string why = "line 2: nested too deeply";
  EXPECT_EQ(refused("moniker = \"x\"\n" + deep + " = 1\n"), why);
  EXPECT_EQ(refused("moniker = \"x\"\n[" + deep + "]\n"), why);
  EXPECT_EQ(refused("moniker = \"x\"\nx = { " + deep + " = 1 }\n"), why);
  EXPECT_EQ(refused("moniker = \"x\"\nx = " + std::string(40'000, '[') + "\n"), why);
  EXPECT_EQ(refused("s = \"\"\"\n\"\"\"  # .\n" + deep + " = 1\n"), "line 3: nested too deeply");
}

TEST(Config, DotsInStringsAndCommentsNestNothing) {
  std::string dots(1000, '.');
  dots += std::string(1000, '[');
  for (const std::string& text :
       {"x = \"" + dots + "\"\n", "x = '" + dots + "'\n", "# " + dots + "\n",
        "x = \"\"\"\n" + dots + "\n\"\"\"\n", "x = \"\\\"" + dots + "\"\n"}) {
    EXPECT_TRUE(Config::parse(text)) << text.substr(0, 30);
  }
}

TEST(Config, AnUnknownSettingIsANotice) {
  const auto config = Config::parse("[p2p]\npeers_persistent = \"\"\n[peerage]\nnetwrok = \"x\"");
  ASSERT_TRUE(config);
  EXPECT_TRUE(notices(*config, "p2p.peers_persistent"));
  EXPECT_TRUE(notices(*config, "peerage.netwrok"));
  EXPECT_EQ(config->notices.size(), 2u);
}

TEST(Config, WhatWasProbablyMeantIsSaid) {
  for (const auto& [toml, said] : std::vector<std::pair<std::string, std::string>>{
           {"[p2p]\npeers_persistent = \"\"", "did you mean p2p.persistent_peers?"},
           {"[p2p]\nladr = \"\"", "did you mean p2p.laddr?"},
           {"[p2p]\nseed = \"\"", "did you mean p2p.seeds?"},
           {"[p2p]\nmax-num-inbound-peers = 1", "did you mean p2p.max_num_inbound_peers?"},
           {"[peerage]\nnetwrok = \"x\"", "did you mean peerage.network?"},
           {"[p2p]\nmoniker = \"x\"", "did you mean moniker?"},
           {"seeds = \"\"\n[p2p]", "did you mean p2p.seeds?"},
           {"[peerge]", "did you mean peerage?"}}) {
    const auto config = Config::parse(toml);
    ASSERT_TRUE(config) << toml;
    ASSERT_EQ(config->notices.size(), 1u) << toml;
    EXPECT_NE(config->notices[0].find(said), std::string::npos) << config->notices[0];
  }
  const auto far = Config::parse("[p2p]\nzzzzzzzz = 1");
  ASSERT_TRUE(far);
  EXPECT_EQ(far->notices.front().find("did you mean"), std::string::npos) << far->notices.front();
}

std::string many_ids(unsigned count) {
  std::string list;
  for (unsigned i = 0; i < count; ++i) {
    std::string id = std::to_string(i);
    list += std::string(40 - id.size(), '0') + id + ",";
  }
  list.pop_back();
  return list;
}

TEST(Config, OurOwnSettingsAreReadWithinTheirBounds) {
  const auto config = Config::parse(
      "log_level = \"p2p:debug,*:error\"\nlog_format = \"json\"\ngenesis_file = \"g.json\"\n"
      "[peerage]\ncrawl_parallel = 1000\nvisit_timeout = \"2s\"\nseed_peer_lifetime = \"1m\"\n"
      "summary_interval = \"0s\"\nmax_peers_per_ip = 3\nexempt_networks = \"10.0.0.0/8, ::1\"\n"
      "shards = 0\nnetwork = \"a, b\"\nseed_inbound_peers = 1000\n"
      "named_nodes = \"" +
      std::string(40, 'a') + ", " + std::string(40, 'b') + "\"");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->crawl_parallel, 1000u);
  EXPECT_EQ(config->visit_timeout, 2s);
  EXPECT_EQ(config->seed_peer_lifetime, 1min);
  EXPECT_EQ(config->summary_interval, 0s);
  EXPECT_EQ(config->max_peers_per_ip, 3u);
  EXPECT_EQ(config->exempt_networks.size(), 2u);
  EXPECT_EQ(config->shards, 0u);
  EXPECT_FALSE(Config().max_peers_per_ip);
  EXPECT_EQ(config->seed_inbound_peers, 1000u);
  EXPECT_FALSE(Config().seed_inbound_peers);
  EXPECT_EQ(config->named_nodes.size(), 2u);
  for (const auto& [toml, key] : std::vector<std::pair<std::string, std::string>>{
           {"[peerage]\ncrawl_parallel = 0", "peerage.crawl_parallel"},
           {"[peerage]\ncrawl_parallel = 1001", "peerage.crawl_parallel"},
           {"[peerage]\nvisit_timeout = \"0s\"", "peerage.visit_timeout"},
           {"[peerage]\nseed_peer_lifetime = \"0s\"", "peerage.seed_peer_lifetime"},
           {"[peerage]\nmax_peers_per_ip = -1", "peerage.max_peers_per_ip"},
           {"[peerage]\nseed_inbound_peers = \"many\"", "peerage.seed_inbound_peers"},
           {"[peerage]\nexempt_networks = \"10.0.0.1/8\"", "peerage.exempt_networks"},
           {"[peerage]\nshards = 2000", "peerage.shards"},
           {"[peerage]\nnamed_nodes = \"" + many_ids(1'025) + "\"", "peerage.named_nodes"},
           {"[peerage]\nnamed_nodes = \"somebody\"", "peerage.named_nodes"},
           {"[peerage]\nnetwork = \"a,*\"", "peerage.network"},
           {"[peerage]\nnetwork = \"a \u00fc\"", "peerage.network"},
           {"log_level = \"loud\"", "log_level"},
           {"log_format = \"xml\"", "log_format"},
           {"moniker = \"\u00fc\"", "moniker"},
           {"node_key_file = \"\"", "node_key_file"}}) {
    EXPECT_EQ(refusal(toml).find(key), 0u) << toml << " -> " << refusal(toml);
  }
}

TEST(Config, WhereAnAddressAloneIsWantedAnIdOrAWebAddressIsNamedAsOne) {
  const std::string id(40, 'a');
  for (const std::string key : {"external_address", "laddr"}) {
    for (const std::string& text :
         {id + "@203.0.113.9:26656", std::string("https://203.0.113.9:26656/")}) {
      const std::string said = refusal("[p2p]\n" + key + " = \"" + text + "\"");
      EXPECT_TRUE(said.starts_with("p2p." + key + ": ")) << said;
      EXPECT_TRUE(said.ends_with("; here the address alone is wanted: 203.0.113.9:26656")) << said;
    }
  }
  EXPECT_TRUE(Config::parse("[p2p]\nexternal_address = \"tcp://203.0.113.9:26656\""));
}

TEST(Config, WhereAnIdIsWantedAnAddressIsNamedAsOne) {
  const std::string id(40, 'a');
  const std::string said = refusal("[p2p]\nprivate_peer_ids = \"" + id + "@1.2.3.4:26656\"");
  EXPECT_EQ(said, "p2p.private_peer_ids: \"" + id +
                      "@1.2.3.4:26656\" is an address; here the ID alone is wanted: \"" + id +
                      "\"");
}

TEST(Config, ATenderseedsFileIsASeeds) {
  const std::string id(40, 'a');
  const auto config = Config::parse(
      "laddr = \"tcp://0.0.0.0:1234\"\nchain_id = \"chain-1\"\nlog_level = \"error\"\n"
      "node_key_file = \"config/node_key.json\"\naddr_book_file = \"data/addrbook.json\"\n"
      "addr_book_strict = false\nmax_num_inbound_peers = 1000\nmax_packet_msg_payload_size = "
      "10240\n"
      "seeds = \"" +
      id +
      "@1.2.3.4:5\"\npeer_check_workers = 9\n"
      "seed_disconnect_wait_period = \"2m\"\nmetrics_listen_addr = \"\"\nnonsense = 1\n");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->dialect, Config::Dialect::tenderseed);
  EXPECT_TRUE(config->seed_mode);
  EXPECT_TRUE(config->p2p.allow_duplicate_ip);
  EXPECT_TRUE(config->names_addr_book_file);
  EXPECT_EQ(config->network, "chain-1");
  EXPECT_EQ(config->log_level, "error");
  EXPECT_EQ(config->p2p.laddr, "tcp://0.0.0.0:1234");
  EXPECT_FALSE(config->addr_book_strict);
  EXPECT_EQ(config->p2p.max_num_inbound_peers, 1000u);
  EXPECT_EQ(config->p2p.max_num_outbound_peers, 60u) << "its default";
  EXPECT_EQ(config->addr_book_file, "data/addrbook.json");
  EXPECT_EQ(config->seeds.size(), 1u);
  EXPECT_EQ(config->crawl_parallel, 9u);
  EXPECT_EQ(config->seed_peer_lifetime, 2min);
  EXPECT_EQ(config->p2p.max_packet_msg_payload_size, 10'240u);
  EXPECT_EQ(config->notices.size(), 1u);
  EXPECT_TRUE(notices(*config, "nonsense"));
  EXPECT_FALSE(config->instrumentation.prometheus);
  EXPECT_EQ(refusal("chain_id = \"x\"\nladdr = \"nowhere\"").find("laddr: "), 0u);
  EXPECT_EQ(refusal("chain_id = \"x \u00fc\"").find("chain_id: "), 0u);
}

TEST(Config, NoTwoServicesHaveOneAddress) {
  const std::string rpc = "[rpc]\nladdr = \"tcp://127.0.0.1:26657\"\n";
  const std::string on = "[instrumentation]\nprometheus = true\nprometheus_listen_addr = ";
  EXPECT_EQ(refusal("[rpc]\nladdr = \"tcp://127.0.0.1:26656\"\n"),
            "rpc.laddr: is an address of p2p.laddr as well: each needs one of its own")
      << "0.0.0.0 is every address";
  EXPECT_NE(
      refusal(rpc + on + "\":26657\"\n").find("prometheus_listen_addr: is an address of rpc.laddr"),
      std::string::npos);
  EXPECT_NE(refusal("[peerage]\nhttp_laddr = \"unix:///s,unix:///s\"\n").find("http_laddr"),
            std::string::npos);
  EXPECT_TRUE(Config::parse(rpc + on + "\"127.0.0.2:26657\"\n"));
  EXPECT_TRUE(Config::parse(rpc + "[instrumentation]\nprometheus_listen_addr = \":26657\"\n"))
      << "it is off";
  EXPECT_TRUE(Config::parse("[rpc]\nladdr = \"127.0.0.1:0,127.0.0.1:0\"\n"));
  EXPECT_TRUE(Config::parse("[rpc]\nladdr = \"[::1]:26656\"\n")) << "0.0.0.0 is IPv4 alone";
  EXPECT_NE(refusal(rpc + "[peerage]\nhttp_laddr = \"[::]:26657\"\n").find("http_laddr"),
            std::string::npos)
      << ":: is both";
}

TEST(Config, AnAddressTurnsTheMetricsOfATenderseedsFileOn) {
  const std::string file =
      "chain_id = \"chain-1\"\nmetrics_listen_addr = \"127.0.0.1:9\"\nmetrics_namespace = "
      "\"seed\"\n";
  const auto config = Config::parse(file);
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_TRUE(config->instrumentation.prometheus);
  EXPECT_EQ(config->instrumentation.prometheus_listen_addr, "127.0.0.1:9");
  EXPECT_EQ(config->instrumentation.metrics_namespace, "seed");

  const auto both = Config::parse(
      file + "[instrumentation]\nprometheus_listen_addr = \"127.0.0.1:8\"\nnamespace = \"own\"\n");
  ASSERT_TRUE(both) << both.error().text();
  EXPECT_FALSE(both->instrumentation.prometheus) << "the table of the Go node holds";
  EXPECT_EQ(both->instrumentation.prometheus_listen_addr, "127.0.0.1:8");
  EXPECT_EQ(both->instrumentation.metrics_namespace, "own");
}

TEST(Config, ThePacketSizeOfANetworkIsTakenAsItIsAndWhatMakesNoSenseIsRefused) {
  EXPECT_EQ(Config::parse("")->p2p.max_packet_msg_payload_size, std::nullopt);
  for (const std::uint32_t payload : {64u, 1024u, 10'240u, 102'400u, 1'048'576u, 104'857'600u}) {
    const auto config =
        Config::parse("[p2p]\nmax_packet_msg_payload_size = " + std::to_string(payload));
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_EQ(config->p2p.max_packet_msg_payload_size, payload);
  }
  for (const std::string wrong : {"0", "-1", "63", "104857601", "99999999999", "1.5"}) {
    for (const std::string section : {"[p2p]\n", "chain_id = \"x\"\n"}) {
      const std::string said = refusal(section + "max_packet_msg_payload_size = " + wrong);
      EXPECT_NE(said.find("max_packet_msg_payload_size: "), std::string::npos) << wrong << said;
    }
  }
}

TEST(Config, AFileOfUnknownKeysIsReportedInBounds) {
  std::string toml;
  for (int i = 0; i < 2000; ++i) toml += "key_" + std::to_string(i) + " = 1\n";
  const auto config = Config::parse(toml);
  ASSERT_TRUE(config);
  EXPECT_LT(config->notices.size(), 300u);
}

TEST(Config, NetworksWithoutEndAreReportedInBounds) {
  std::string list;
  for (int i = 0; i < 50'000; ++i) list += "x,";
  EXPECT_EQ(refusal("[peerage]\nnetwork = \"" + list + "\"").find("peerage.network: names more"),
            0u);
}

TEST(Config, AMissingFileIsAClearError) {
  const auto config = Config::load("/nonexistent/config.toml");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().detail.find("/nonexistent/config.toml"), std::string::npos);
}

}  // namespace
}  // namespace peerage::cmd
