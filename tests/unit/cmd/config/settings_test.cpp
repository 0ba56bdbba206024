#include "cmd/config/settings.h"

#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/book_rows.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

const std::string kId(40, 'a');

class SettingsTest : public ::testing::Test {
 protected:
  void put(const std::string& file, const std::string& text) const {
    const auto path = folder.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void config(const std::string& toml) const { put("config/config.toml", toml); }
  Environment environment() const { return variables; }
  Settings load() const {
    auto settings = load_settings(folder.path(), flags, environment());
    EXPECT_TRUE(settings) << settings.error().text();
    return settings ? std::move(*settings) : Settings{};
  }
  std::string refusal() const {
    const auto settings = load_settings(folder.path(), flags, environment());
    EXPECT_FALSE(settings);
    return settings ? "" : settings.error().detail;
  }

  test::TemporaryDirectory folder;
  Environment variables;
  Flags flags;
};

TEST_F(SettingsTest, AnEmptyHomeHasDefaultsAndNoNetwork) {
  const Settings settings = load();
  EXPECT_EQ(settings.config.p2p.laddr, "tcp://0.0.0.0:26656");
  EXPECT_EQ(settings.node_key_file, folder.path() / "config/node_key.json");
  EXPECT_EQ(settings.book_file, folder.path() / "data/addrbook.db");
  EXPECT_TRUE(settings.json_book.empty());
  EXPECT_TRUE(settings.networks.empty());
  EXPECT_TRUE(settings.warnings.empty());
  EXPECT_TRUE(settings.notices.empty());
  const auto named = require_network(settings);
  ASSERT_FALSE(named);
  for (const std::string way : {"--network", "[peerage]", "config/config.toml", "genesis.json"}) {
    EXPECT_NE(named.error().detail.find(way), std::string::npos) << named.error().detail;
  }
}

TEST_F(SettingsTest, ALaterLayerOverridesForEachKey) {
  config("moniker = \"file\"\n[p2p]\nladdr = \"1.1.1.1:1\"\nsend_rate = 1\nrecv_rate = 2\n");
  variables = {{"CMT_MONIKER", "environment"}, {"CMT_P2P_SEND_RATE", "7"}};
  flags.moniker = "flag";
  const Settings settings = load();
  EXPECT_EQ(settings.config.moniker, "flag");
  EXPECT_EQ(settings.config.p2p.send_rate, 7u);
  EXPECT_EQ(settings.config.p2p.recv_rate, 2u);
  EXPECT_EQ(settings.config.p2p.laddr, "1.1.1.1:1");
}

TEST_F(SettingsTest, TheEnvironmentIsThatOfACometNode) {
  variables = {{"CMT_P2P_LADDR", "1.1.1.1:1"},
               {"CMTP2P_LADDR", "2.2.2.2:2"},
               {"TM_P2P_SEEDS", kId + "@h:1"},
               {"CMT_P2P_PEX", "false"},
               {"TM_LOG_LEVEL", "debug"},
               {"CMT_LOG_LEVEL", "error"},
               {"TMLOG_FORMAT", "json"},
               {"CMT_P2P_DIAL_TIMEOUT", "7s"},
               {"CMT_P2P_MAX_NUM_INBOUND_PEERS", "3"},
               {"CMT_P2P_PRIVATE_PEER_IDS", kId},
               {"CMT_P2P_ADDR_BOOK_FILE", "book.json"},
               {"PEERAGE_CRAWL_PARALLEL", "3"},
               {"PEERAGE_EXEMPT_NETWORKS", "10.0.0.0/8"},
               {"CMT_MONIKER", ""},
               {"PEERAGE_NETWORK", "net-1"}};
  const Settings settings = load();
  const Config& config = settings.config;
  EXPECT_EQ(config.p2p.laddr, "2.2.2.2:2") << "a comet node copies CMTX over CMT_X";
  EXPECT_EQ(config.seeds.size(), 1u);
  EXPECT_FALSE(config.pex);
  EXPECT_EQ(config.log_level, "error");
  EXPECT_EQ(config.log_format, "json");
  EXPECT_EQ(config.p2p.dial_timeout, 7s);
  EXPECT_EQ(config.p2p.max_num_inbound_peers, 3u);
  EXPECT_EQ(config.p2p.private_peer_ids.size(), 1u);
  EXPECT_EQ(settings.json_book, folder.path() / "book.json");
  EXPECT_EQ(config.crawl_parallel, 3u);
  EXPECT_EQ(config.exempt_networks.size(), 1u);
  EXPECT_EQ(settings.networks, (std::vector<std::string>{"net-1"}));
  EXPECT_EQ(settings.networks_from, "PEERAGE_NETWORK");
}

TEST_F(SettingsTest, AMistakeIsNamedWhereItStands) {
  for (const auto& [variable, value] : std::vector<std::pair<std::string, std::string>>{
           {"CMT_P2P_PEX", "perhaps"},
           {"CMTP2P_SEEDS", "1.2.3.4:5"},
           {"TM_P2P_LADDR", "nowhere"},
           {"CMT_P2P_SEND_RATE", "-1"},
           {"CMT_P2P_MAX_NUM_OUTBOUND_PEERS", "99999999999"},
           {"PEERAGE_CRAWL_PARALLEL", "0"},
           {"CMT_LOG_LEVEL", "loud"},
           {"PEERAGE_NETWORK", "a \u00fc"},
           {"CMT_P2P_HANDSHAKE_TIMEOUT", "soon"}}) {
    variables = {{variable, value}};
    EXPECT_TRUE(refusal().starts_with(variable + ": ")) << refusal();
  }
  variables.clear();
  flags.seeds = "1.2.3.4:5";
  EXPECT_TRUE(refusal().starts_with("--seeds: \"1.2.3.4:5\"")) << refusal();
  flags.seeds.reset();
  flags.laddr = "";
  EXPECT_TRUE(refusal().starts_with("--laddr: ")) << refusal();
  flags.laddr.reset();
  config("\n[p2p]\nladdr = \"nowhere\"\n");
  EXPECT_TRUE(refusal().starts_with((folder.path() / "config/config.toml").string() +
                                    ": line 3: p2p.laddr: "))
      << refusal();
}

TEST_F(SettingsTest, AnUnknownVariableOfOursIsNamedWithTheOneMeant) {
  for (const auto& [variable, meant] :
       std::vector<std::pair<std::string, std::string>>{{"PEERAGE_NETWROK", "PEERAGE_NETWORK"},
                                                        {"PEERAGE_SEEDS", "PEERAGE_P2P_SEEDS"},
                                                        {"PEERAGE_P2P_LADR", "PEERAGE_P2P_LADDR"},
                                                        {"PEERAGE_p2p_pex", "PEERAGE_P2P_PEX"},
                                                        {"PEERAGE_LOGLEVEL", "PEERAGE_LOG_LEVEL"},
                                                        {"PEERAGE_HOM", "PEERAGE_HOME"}}) {
    variables = {{variable, "x"}};
    const auto warnings = load().warnings;
    ASSERT_EQ(warnings.size(), 1u) << variable;
    EXPECT_TRUE(warnings[0].starts_with(variable + " has no effect: there is no such setting"));
    EXPECT_TRUE(warnings[0].ends_with("; did you mean " + meant + "?")) << warnings[0];
  }
  variables = {{"PEERAGE_XYZZY", "x"}};
  EXPECT_EQ(load().warnings,
            std::vector<std::string>{"PEERAGE_XYZZY has no effect: there is no such setting"});
  variables = {{"PEERAGE_HOME", "/h"},
               {"PEERAGE_NETWROK", ""},
               {"PEERAGE_MONIKER", "m"},
               {"PEERAGE_SERVICE_HOST", "10.0.0.1"},
               {"PEERAGE_PORT_26656_TCP_ADDR", "10.0.0.1"},
               {"PEERAGES", "x"}};
  EXPECT_TRUE(load().warnings.empty());
}

TEST_F(SettingsTest, AListOfTheFileThatIsOverriddenIsNamedWithWhatDoesIt) {
  const std::string here = kId + "@here:1", there = kId + "@there:1";
  config("[p2p]\nseeds = \"" + here + "\"\npersistent_peers = \"" + here + "\"\n");
  variables = {{"CMT_P2P_SEEDS", there}, {"PEERAGE_P2P_PRIVATE_PEER_IDS", kId}};
  flags.persistent_peers = there;
  const auto overruled = load().overruled;
  ASSERT_EQ(overruled.size(), 2u);
  EXPECT_EQ(overruled[0].key, "p2p.seeds");
  EXPECT_EQ(overruled[0].by, "CMT_P2P_SEEDS");
  EXPECT_EQ(overruled[1].key, "p2p.persistent_peers");
  EXPECT_EQ(overruled[1].by, "--persistent-peers");
  variables = {{"CMT_P2P_SEEDS", here}};
  flags.persistent_peers.reset();
  EXPECT_TRUE(load().overruled.empty()) << "it says the same";
}

TEST_F(SettingsTest, TheNetworkIsNamedByTheFirstThatDoes) {
  put("config/genesis.json", R"({"chain_id":"of-genesis","app_state":{}})");
  EXPECT_EQ(load().networks, (std::vector<std::string>{"of-genesis"}));
  EXPECT_EQ(load().networks_from, (folder.path() / "config/genesis.json").string());
  config("[peerage]\nnetwork = \"of-file\"");
  EXPECT_EQ(load().networks, (std::vector<std::string>{"of-file"}));
  variables["PEERAGE_NETWORK"] = "of-environment";
  EXPECT_EQ(load().networks, (std::vector<std::string>{"of-environment"}));
  flags.network = "a, b,a";
  EXPECT_EQ(load().networks, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(load().networks_from, "--network");
  flags.network = "*";
  EXPECT_EQ(load().networks, (std::vector<std::string>{"*"}));
  EXPECT_TRUE(require_network(load()));
  flags.network = "*,a";
  EXPECT_TRUE(refusal().starts_with("--network: "));
}

TEST_F(SettingsTest, AGenesisFileWithoutAChainIdIsNoticedAndNamesNothing) {
  put("config/genesis.json", "{}");
  const Settings settings = load();
  EXPECT_TRUE(settings.networks.empty());
  ASSERT_EQ(settings.warnings.size(), 1u);
  EXPECT_NE(settings.warnings[0].find("genesis.json: there is no chain_id"), std::string::npos);
}

TEST_F(SettingsTest, WhiteSpaceAtTheEndsOfAVariableOrAnOptionIsNoPartOfIt) {
  variables = {{"PEERAGE_NETWORK", "chain-1\n"},
               {"PEERAGE_P2P_LADDR", " tcp://1.2.3.4:5\r\n"},
               {"PEERAGE_P2P_SEEDS", kId + "@h:1\n" + std::string(40, 'b') + "@h:2\n\n"},
               {"CMT_P2P_PEX", " TRUE\n"},
               {"CMT_P2P_SEND_RATE", "5.12e6\n"},
               {"CMT_P2P_DIAL_TIMEOUT", "4000000000 "},
               {"PEERAGE_LOG_LEVEL", "*:error,p2p:trace\n"},
               {"PEERAGE_MONIKER", " \n"}};
  flags.external_address = "203.0.113.9:26656\r";
  flags.persistent_peers = kId + "@h:1\r\n" + std::string(40, 'b') + "@h:2\r\n";
  const Settings settings = load();
  EXPECT_EQ(settings.networks, (std::vector<std::string>{"chain-1"}));
  EXPECT_EQ(settings.config.p2p.laddr, "tcp://1.2.3.4:5");
  EXPECT_EQ(settings.config.seeds.size(), 2u);
  EXPECT_EQ(settings.config.p2p.persistent_peers.size(), 2u);
  EXPECT_EQ(settings.config.p2p.send_rate, 5'120'000u);
  EXPECT_EQ(settings.config.p2p.dial_timeout, 4s);
  EXPECT_EQ(settings.config.p2p.external_address, "203.0.113.9:26656");
  EXPECT_TRUE(settings.config.moniker.empty()) << "not set";
  variables["PEERAGE_P2P_SEEDS"] = kId + "@h:1\nnonsense\n";
  EXPECT_NE(refusal().find("\"nonsense\""), std::string::npos);
  variables["PEERAGE_P2P_SEEDS"] = "";
  variables["CMT_P2P_SEND_RATE"] = "fast";
  EXPECT_TRUE(refusal().starts_with("CMT_P2P_SEND_RATE: must be a whole number")) << refusal();
}

TEST_F(SettingsTest, AGenesisIsReadOnlyWhereNoNetworkIsNamed) {
  put("config/genesis.json", "{\"chain_id\":\"chain-1\"}");
  EXPECT_TRUE(load().genesis_read);
  flags.network = "chain-2";
  EXPECT_FALSE(load().genesis_read);
}

TEST_F(SettingsTest, AnAddressBookOfACometNodeIsKeptWhenItIsNamed) {
  config("[p2p]\naddr_book_file = \"config/addrbook.json\"");
  EXPECT_EQ(load().json_book, folder.path() / "config/addrbook.json");
  config("[p2p]\naddr_book_file = \"/var/book.json\"");
  EXPECT_EQ(load().json_book, "/var/book.json");
  config("[p2p]\naddr_book_file = \"\"");
  EXPECT_TRUE(load().json_book.empty());
  config("[p2p]");
  EXPECT_TRUE(load().json_book.empty());
}

TEST_F(SettingsTest, ATenderseedsHomeIsTakenOver) {
  config("laddr = \"tcp://0.0.0.0:1\"\nchain_id = \"chain-1\"\nseeds = \"" + kId + "@h:1\"");
  Settings settings = load();
  EXPECT_TRUE(settings.config.seed_mode);
  EXPECT_EQ(settings.networks, (std::vector<std::string>{"chain-1"}));
  EXPECT_EQ(settings.json_book, folder.path() / "data/addrbook.json");
  EXPECT_EQ(settings.config.moniker, "chain-1-seed");
  variables = {{"TENDERSEED_CHAIN_ID", "chain-2"}, {"TENDERSEED_SEEDS", ""}};
  settings = load();
  EXPECT_EQ(settings.networks, (std::vector<std::string>{"chain-2"}));
  EXPECT_EQ(settings.networks_from, "TENDERSEED_CHAIN_ID");
  EXPECT_EQ(settings.config.seeds.size(), 1u);
}

TEST_F(SettingsTest, ATenderseedsEnvironmentAloneMakesOne) {
  variables = {{"TENDERSEED_CHAIN_ID", "chain-2"}, {"TENDERSEED_SEEDS", kId + "@h:1"}};
  const Settings settings = load();
  EXPECT_TRUE(settings.config.seed_mode);
  EXPECT_EQ(settings.config.seeds.size(), 1u);
  EXPECT_EQ(settings.config.p2p.max_num_inbound_peers, 100u);
  EXPECT_EQ(settings.json_book, folder.path() / "data/addrbook.json");
}

TEST_F(SettingsTest, ATenderseedsCommandLineAloneMakesOne) {
  flags.tenderseed = true;
  flags.config_file = "config/config.toml";
  flags.network = "chain-3";
  const Settings settings = load();
  EXPECT_TRUE(settings.config.seed_mode);
  EXPECT_EQ(settings.networks, (std::vector<std::string>{"chain-3"}));
  EXPECT_EQ(settings.json_book, folder.path() / "data/addrbook.json");
  config("[p2p]\npex = true");
  EXPECT_FALSE(load().config.seed_mode) << "a file says what it is";
}

TEST_F(SettingsTest, AnotherFileMayBeNamedAndMustThenBeThere) {
  put("other.toml", "moniker = \"other\"");
  flags.config_file = "other.toml";
  EXPECT_EQ(load().config.moniker, "other");
  flags.config_file = (folder.path() / "other.toml").string();
  EXPECT_EQ(load().config.moniker, "other");
  flags.config_file = "missing.toml";
  EXPECT_NE(refusal().find("missing.toml: cannot be read"), std::string::npos);
}

TEST_F(SettingsTest, AFileTooLongOrNoFileAtAllIsAnError) {
  config(std::string((1u << 20) + 1, '#'));
  EXPECT_NE(refusal().find("over 1 MiB"), std::string::npos);
  std::filesystem::remove(folder.path() / "config/config.toml");
  std::filesystem::create_directories(folder.path() / "config/config.toml");
  EXPECT_NE(refusal().find("cannot be read"), std::string::npos);
}

TEST_F(SettingsTest, ReadingReportsEveryMistakeOfEveryLayer) {
  config("[p2p]\npex = \"three\"\nladdr = \"\"\nodd = 1\n");
  variables = {{"CMT_P2P_SEND_RATE", "x"}};
  flags.log_level = "loud";
  const auto reading = read_settings(folder.path(), flags, environment(), Listing::brief);
  std::size_t errors = 0;
  for (const Finding& each : reading.findings) errors += each.severity == Severity::error ? 1 : 0;
  EXPECT_EQ(errors, 4u);
  EXPECT_EQ(reading.findings.size(), 5u);
}

TEST_F(SettingsTest, TheHomeIsNamedByTheEnvironment) {
  variables = {{"HOME", "/u"}};
  EXPECT_EQ(default_home(environment()), "/u/.peerage");
  variables["TMHOME"] = "/tm";
  EXPECT_EQ(default_home(environment()), "/tm");
  variables["CMTHOME"] = "/cmt";
  EXPECT_EQ(default_home(environment()), "/cmt");
  variables["PEERAGE_HOME"] = "/p";
  EXPECT_EQ(default_home(environment()), "/p");
  EXPECT_EQ(expand_home("~/x", environment()), "/u/x");
  EXPECT_EQ(expand_home("~", environment()), "/u");
  EXPECT_EQ(expand_home("/a/~/x", environment()), "/a/~/x");
}

TEST_F(SettingsTest, RelativePathsAreOfTheHomeAndAbsoluteOnesStay) {
  config("node_key_file = \"/etc/key.json\"\n[peerage]\nbook_file = \"../b.db\"");
  const Settings settings = load();
  EXPECT_EQ(settings.node_key_file, "/etc/key.json");
  EXPECT_EQ(settings.book_file, (folder.path() / "../b.db").lexically_normal());
  EXPECT_TRUE(settings.home.is_absolute());
}

}  // namespace
}  // namespace peerage::cmd
