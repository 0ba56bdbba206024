#include "cmd/config/advice.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "addrbook/record/book_reason.h"
#include "cmd/config/node_config.h"
#include "cmd/config/reader.h"
#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

using conn::Failure;
using conn::Reason;
using conn::Stage;
using Port = Surroundings::Port;

const std::string kId(40, 'a');
const std::string kOther(40, 'b');

// A home in which everything is as it should be.
struct Home {
  Home() {
    around.own_id = *conn::NodeId::parse(kId);
    around.port = Port::free;
    around.book_addresses = 7;
    use("[peerage]\nnetwork = \"net-1\"\n[p2p]\nseeds = \"" + kOther + "@1.2.3.4:5\"\n");
  }
  void use(const std::string& toml) {
    ConfigReading read = read_config(toml);
    ASSERT_TRUE(read.findings.empty()) << read.findings[0].text;
    reading.settings.config = std::move(read.config);
    reading.settings.config_file = "/h/config/config.toml";
    reading.settings.node_key_file = "/h/config/node_key.json";
    reading.settings.book_file = "/h/data/addrbook.db";
    reading.settings.networks.clear();
    for (const auto name : conn::split_list(reading.settings.config.network)) {
      reading.settings.networks.emplace_back(name);
    }
    reading.settings.origins.clear();
    for (const auto& [key, line] : read.lines) reading.settings.origins[key] = {{}, line};
  }
  std::vector<Finding> findings() const {
    return check_settings(reading, around, role_of(reading.settings.config));
  }
  // The one finding that has this in its text.
  Finding finding(const std::string& text) const {
    for (const Finding& each : findings()) {
      if (each.text.find(text) != std::string::npos) return each;
    }
    ADD_FAILURE() << text << " is not among\n" << findings_text(findings());
    return {};
  }
  SettingsReading reading;
  Surroundings around;
};

TEST(ConfigAdvice, WhatAStartRefusesIsAnError) {
  Home home;
  home.use("[peerage]\nnetwork = \"*\"\n");
  EXPECT_EQ(home.finding("knows none yet").severity, Severity::error);
  home.around.known_networks = {"net-1"};
  EXPECT_EQ(findings_text(home.findings()).find("knows none yet"), std::string::npos);
  home.around.unwritable = {{"/h/data/addrbook.db", Failure{Stage::configuration, Reason::io_error,
                                                            "/h: Read-only file system"}}};
  const Finding book = home.finding("cannot be written: /h: Read-only file system");
  EXPECT_EQ(book.severity, Severity::error);
  EXPECT_EQ(book.where, "/h/data/addrbook.db");
  home.around.book_failure = Failure{Stage::configuration, addrbook::BookReason::book_missing, ""};
  EXPECT_EQ(findings_text(home.findings()).find("a node makes one"), std::string::npos);
}

TEST(ConfigAdvice, WhatNobodyMeansIsAWarning) {
  Home home;
  home.use("[peerage]\nnetwork = \"n\"\n[p2p]\nhandshake_timeout = \"1ms\"\n");
  const Finding found = home.finding("1ms is too short");
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_EQ(found.line, 4u);
  home.around.descriptors = "9 connections need 99 descriptors";
  EXPECT_EQ(home.finding("99 descriptors").severity, Severity::warning);
}

TEST(ConfigAdvice, AHomeInOrderHasOnlyNotices) {
  const Home home;
  for (const Finding& each : home.findings()) {
    EXPECT_EQ(each.severity, Severity::notice) << each.text;
  }
}

TEST(ConfigAdvice, WithoutANetworkItSaysWhatToDo) {
  Home home;
  home.use("[p2p]\n");
  EXPECT_EQ(home.finding("use --network").severity, Severity::error);
}

TEST(ConfigAdvice, ANetworkOtherThanTheGenesisFilesIsProbablyASlip) {
  Home home;
  home.around.genesis_chain_id = "net-2";
  const Finding found = home.finding("\"net-2\"");
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_EQ(found.line, 2u);
  home.around.genesis_chain_id = "net-1";
  EXPECT_EQ(findings_text(home.findings()).find("genesis"), std::string::npos);
}

TEST(ConfigAdvice, OurOwnIdInAListIsNamedWithTheList) {
  Home home;
  home.use("[peerage]\nnetwork = \"n\"\n[p2p]\nseeds = \"" + kId +
           "@1.2.3.4:5\"\npersistent_peers = \"" + kId +
           "@1.2.3.4:5\"\nunconditional_peer_ids = \"" + kId + "\"\nprivate_peer_ids = \"" + kId +
           "\"\n");
  std::vector<std::size_t> lines;
  for (const Finding& each : home.findings()) {
    if (each.text.find("names this node itself") != std::string::npos) lines.push_back(each.line);
  }
  EXPECT_EQ(lines, (std::vector<std::size_t>{4, 5, 6, 7}));
}

TEST(ConfigAdvice, TheSecondAddressOfANodeIsNotedWhicheverListsTheyStandIn) {
  Home home;
  const std::string third(40, 'c');
  home.use("[peerage]\nnetwork = \"net-1\"\n[p2p]\nseeds = \"" + kOther + "@1.2.3.4:5," + third +
           "@3.3.3.3:3\"\npersistent_peers = \"" + kOther + "@4.3.2.1:5," + third + "@3.3.3.3:3," +
           third + "@3.3.3.3:3," + third + "@third.example:3\"\n");
  std::vector<std::string> notes;
  for (const Finding& each : home.findings()) {
    if (each.text.find("both are tried") == std::string::npos) continue;
    EXPECT_EQ(each.severity, Severity::notice);
    notes.push_back(std::to_string(each.line) + " " + each.text);
  }
  const std::vector expected = {
      "5 p2p.persistent_peers: names " + third +
          "@third.example:3, which is also at 3.3.3.3:3: both are tried",
      "4 p2p.seeds: names " + kOther +
          "@1.2.3.4:5, which is also at 4.3.2.1:5 in persistent_peers: both are tried"};
  EXPECT_EQ(notes, expected) << "the same address twice is none";
}

TEST(ConfigAdvice, AnExternalAddressThatCannotBeDialledIsNamed) {
  for (const auto& [address, text] : std::vector<std::pair<std::string, std::string>>{
           {"0.0.0.0:26656", "is no address that others can dial"},
           {"[::]:26656", "is no address that others can dial"},
           {"10.0.0.1:26656", "addr_book_strict"},
           {"127.0.0.1:26656", "addr_book_strict"},
           {"1.2.3.4:0", "port 0"}}) {
    Home home;
    home.reading.settings.config.p2p.external_address = address;
    EXPECT_EQ(home.finding(text).severity, Severity::warning) << address;
  }
  Home home;
  home.reading.settings.config.p2p.external_address = "10.0.0.1:26656";
  home.reading.settings.config.addr_book_strict = false;
  EXPECT_EQ(findings_text(home.findings()).find("warning:"), std::string::npos);
}

TEST(ConfigAdvice, APortInUseIsFineWhenItIsOurNodesAndElseAnError) {
  Home home;
  home.around.port = Port::in_use;
  EXPECT_EQ(home.finding("in use by another program").severity, Severity::error);
  home.around.book_held = true;
  EXPECT_EQ(home.finding("the node of this home runs").severity, Severity::notice);
  home.around.port = Port::not_permitted;
  EXPECT_EQ(home.finding("may not listen").severity, Severity::error);
  home.around.port = Port::not_ours;
  const Finding not_ours = home.finding("no address of this machine");
  EXPECT_EQ(not_ours.severity, Severity::error);
  EXPECT_NE(not_ours.text.find("listen on 0.0.0.0"), std::string::npos);
}

TEST(ConfigAdvice, AddressesAndTheCertificateOfHttpAreLookedAtToo) {
  Home home;
  home.around.services = {{"rpc.laddr", "127.0.0.1:26657", Port::in_use},
                          {"peerage.http_laddr", "10.9.9.9:80", Port::not_ours}};
  home.around.certificate = "the certificate /h/config/x.pem: no such file";
  const Finding in_use = home.finding("rpc.laddr: 127.0.0.1:26657 is in use by another program");
  EXPECT_EQ(in_use.severity, Severity::error);
  const Finding not_ours = home.finding("10.9.9.9:80 is no address of this machine");
  EXPECT_EQ(not_ours.text.find("external_address"), std::string::npos);
  EXPECT_EQ(home.finding("x.pem: no such file").severity, Severity::error);
}

TEST(ConfigAdvice, UnsafeMethodsWithinReachOfOthersAreNamed) {
  Home home;
  home.use("[rpc]\nladdr = \"tcp://127.0.0.1:1,unix:///run/x\"\nunsafe = true\n");
  EXPECT_EQ(findings_text(home.findings()).find("rpc.unsafe"), std::string::npos);
  home.use("[rpc]\nladdr = \"tcp://0.0.0.0:1\"\nunsafe = true\n");
  EXPECT_EQ(home.finding("rpc.unsafe: ").severity, Severity::warning);
}

TEST(ConfigAdvice, ANodeThatKnowsNoOtherIsNamed) {
  Home home;
  home.use("[peerage]\nnetwork = \"n\"\n");
  EXPECT_EQ(findings_text(home.findings()).find("can only wait"), std::string::npos);
  home.around.book_addresses = 0;
  EXPECT_EQ(home.finding("can only wait").severity, Severity::warning);
  home.around.book_failure = Failure{Stage::configuration, addrbook::BookReason::book_missing, ""};
  EXPECT_EQ(home.finding("can only wait").severity, Severity::warning);
  home.around.json_addresses = 3;
  home.reading.settings.json_book = "/h/config/addrbook.json";
  EXPECT_EQ(findings_text(home.findings()).find("can only wait"), std::string::npos);
  EXPECT_EQ(home.finding("3 addresses in /h/config/addrbook.json").severity, Severity::notice);
}

TEST(ConfigAdvice, WithoutPeerExchangeNothingWouldStart) {
  Home home;
  home.use("[peerage]\nnetwork = \"n\"\n[p2p]\npex = false\n");
  const Finding found = home.finding("leaves nothing to do");
  EXPECT_EQ(found.severity, Severity::error);
  EXPECT_EQ(found.line, 4u);
}

TEST(ConfigAdvice, WhatTheRoleOverridesIsNamedWithItsLine) {
  Home home;
  home.use("[peerage]\nnetwork = \"n\"\n[p2p]\nseed_mode = true\ndial_timeout = \"3s\"\n");
  const Finding found = home.finding("p2p.dial_timeout: 3s is not in force, but 2s: ");
  EXPECT_EQ(found.severity, Severity::notice);
  EXPECT_EQ(found.where, "/h/config/config.toml");
  EXPECT_EQ(found.line, 5u);
}

TEST(ConfigAdvice, ASeedNeedsInboundSlots) {
  const auto settings_of = [](const std::string& own, const std::string& p2p) {
    Home home;
    home.use("[peerage]\nnetwork = \"n\"\n" + own + "[p2p]\nseed_mode = true\n" + p2p);
    return home;
  };
  EXPECT_EQ(settings_of("", "max_num_inbound_peers = 0\n").finding("must accept").severity,
            Severity::warning);
  const Finding none = settings_of("seed_inbound_peers = 0\n", "max_num_inbound_peers = 40\n")
                           .finding("must accept");
  EXPECT_TRUE(none.text.starts_with("peerage.seed_inbound_peers: ")) << none.text;
}

TEST(ConfigAdvice, TheKeyFileIsThereWholeAndForItsOwnerAlone) {
  Home home;
  home.around.key_mode = 0644;
  const Finding readable = home.finding("chmod 600");
  EXPECT_EQ(readable.severity, Severity::warning);
  EXPECT_EQ(readable.where, "/h/config/node_key.json");
  home.around.own_id.reset();
  home.around.key_failure = Failure{Stage::configuration, Reason::key_file_missing, ""};
  EXPECT_EQ(home.finding("peerage init").severity, Severity::warning);
  home.around.key_failure = Failure{Stage::configuration, Reason::key_file_malformed, "no JSON"};
  EXPECT_EQ(home.finding("no JSON").severity, Severity::error);
}

TEST(ConfigAdvice, TheBookIsReportedAsItIs) {
  Home home;
  EXPECT_EQ(home.finding("7 addresses").severity, Severity::notice);
  const std::vector<std::pair<Reason, Severity>> kCases = {
      {addrbook::BookReason::book_missing, Severity::notice},
      {addrbook::BookReason::book_corrupt, Severity::warning},
      {addrbook::BookReason::book_foreign, Severity::warning},
      {addrbook::BookReason::book_unreadable, Severity::error}};
  for (const auto& [reason, severity] : kCases) {
    home.around.book_failure = Failure{Stage::configuration, reason, ""};
    EXPECT_EQ(home.finding(std::string(explain(reason))).severity, severity);
  }
}

TEST(ConfigAdvice, ATenderseedsKeysHaveTheirOwnNames) {
  Home home;
  home.use("chain_id = \"n\"\nladdr = \"0.0.0.0:1\"\n");
  home.around.port = Port::in_use;
  const Finding found = home.finding("in use by another program");
  EXPECT_TRUE(found.text.starts_with("laddr: ")) << found.text;
  EXPECT_EQ(found.line, 2u);
}

TEST(ConfigAdvice, TheReportReadsLikeACompilersAndIsJsonOnRequest) {
  const std::vector<Finding> findings = {{Severity::error, "/h/c.toml", 3, "p2p.pex: no"},
                                         {Severity::warning, "/h/key", 0, "w"},
                                         {Severity::notice, "", 0, "--seeds: n"}};
  EXPECT_EQ(findings_text(findings),
            "/h/c.toml:3: error: p2p.pex: no\n/h/key: warning: w\nnotice: --seeds: n\n"
            "1 error, 1 warning, 1 notice\n");
  EXPECT_EQ(findings_text({}), "0 errors, 0 warnings, 0 notices\n");
  const std::vector<Finding> turned(findings.rbegin(), findings.rend());
  EXPECT_EQ(findings_text(turned), findings_text(findings)) << "the worst is not first";
  EXPECT_EQ(findings_json(findings),
            R"({"severity":"error","text":"p2p.pex: no","file":"/h/c.toml","line":3})"
            "\n"
            R"({"severity":"warning","text":"w","file":"/h/key"})"
            "\n"
            R"({"severity":"notice","text":"--seeds: n"})"
            "\n");
}

}  // namespace
}  // namespace peerage::cmd
