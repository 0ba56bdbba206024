#include "cmd/ctl/live_settings.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/log_lines.h"

namespace peerage::cmd {
namespace {

using Save = LiveSettings::Save;

const std::string kA = std::string(40, 'a'), kB = std::string(40, 'b');
const std::string kPeer = kA + "@h:1", kOther = kB + "@h:2";

ControlWords persistent(const std::string& address, Word word) {
  ControlWords words;
  words.persistent_peers.say(*conn::HostAddress::parse(address), word);
  return words;
}

std::vector<std::string> keys_of(const std::vector<SettingChange>& changes) {
  std::vector<std::string> keys;
  for (const SettingChange& each : changes) keys.push_back(each.key);
  return keys;
}
using Keys = std::vector<std::string>;

// The settings of a home, in a node that only notes what it is told.
class LiveSettingsTest : public testing::Test {
 protected:
  void config(const std::string& toml) const {
    put("config/config.toml", "[peerage]\nnetwork = \"net-1\"\n" + toml);
  }
  void put(const std::string& name, const std::string& text) const {
    const auto path = home.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string control() const {
    std::ifstream in(control_file_of(home.path()));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  SettingsReading load() const {
    return read_settings(home.path(), flags, variables, Listing::brief);
  }
  LiveSettings& live() {
    if (!made) start();
    return *made;
  }
  // As after a restart, too.
  void start() {
    auto first = load();
    ASSERT_EQ(first_error(first.findings), nullptr) << first_error(first.findings)->text;
    lists = lists_of(first.settings.config);
    levels = {};
    others = 0;
    made = std::make_unique<LiveSettings>(
        std::move(first.settings), pex::Role::node, [this] { return load(); },
        LiveSettings::Node{[this](pex::NodeLists to) { lists = std::move(to); },
                           [this](LogLevels to) { levels = std::move(to); },
                           [this](const Config&) { ++others; }},
        conn::Log(log));
  }
  bool said(const std::string& beginning) const {
    for (const std::string& line : log->lines) {
      if (line.starts_with(beginning)) return true;
    }
    return false;
  }
  std::string persistent_now() const {
    std::string text;
    for (const auto& each : lists.persistent_peers) text += each.id.to_string().front();
    return text;
  }
  ConfigReport::Setting setting(const std::string& key) {
    for (ConfigReport::Setting& each : live().report().settings) {
      if (each.name == key) return each;
    }
    ADD_FAILURE() << key;
    return {};
  }

  test::TemporaryDirectory home;
  Flags flags;
  Environment variables;
  std::shared_ptr<test::LogLines> log = std::make_shared<test::LogLines>();
  pex::NodeLists lists;  // as the node has them
  std::optional<LogLevels> levels;
  int others = 0;
  std::unique_ptr<LiveSettings> made;
};

// --- reload ---

TEST_F(LiveSettingsTest, AReloadTakesWhatItCanAndNamesWhatNeedsARestart) {
  config("[p2p]\nladdr = \"tcp://0.0.0.0:1\"\n");
  start();
  config("log_peers = true\n[p2p]\nladdr = \"tcp://0.0.0.0:2\"\npersistent_peers = \"" + kPeer +
         "\"\n");
  const auto outcome = live().reload();
  EXPECT_TRUE(outcome.errors.empty());
  EXPECT_EQ(keys_of(outcome.changed), (Keys{"peerage.log_peers", "p2p.persistent_peers"}));
  ASSERT_EQ(keys_of(outcome.ignored), Keys{"p2p.laddr"});
  EXPECT_EQ(outcome.ignored[0].running, "tcp://0.0.0.0:1");
  EXPECT_EQ(outcome.ignored[0].read, "tcp://0.0.0.0:2");
  EXPECT_EQ(persistent_now(), "a");
  EXPECT_EQ(others, 1);
  EXPECT_TRUE(said("warn a setting has changed that needs a restart key=p2p.laddr"));
  EXPECT_TRUE(said("info lists read again"));
}

TEST_F(LiveSettingsTest, AReloadOfTheSameChangesNothing) {
  config("[p2p]\npersistent_peers = \"" + kPeer + "\"\n");
  start();
  for (int i = 0; i < 2; ++i) {
    const auto outcome = live().reload();
    EXPECT_TRUE(outcome.changed.empty());
    EXPECT_TRUE(outcome.ignored.empty());
    EXPECT_EQ(persistent_now(), "a");
  }
}

TEST_F(LiveSettingsTest, WithAnErrorAnywhereNothingChanges) {
  config("[p2p]\npersistent_peers = \"" + kPeer + "\"\n");
  start();
  config("log_level = \"debug\"\n[p2p]\npersistent_peers = \"" + kOther +
         "\"\nsend_rate = \"fast\"\nseeds = \"nobody\"\n");
  const auto outcome = live().reload();
  ASSERT_EQ(outcome.errors.size(), 2u);
  const std::string file = (home.path() / "config/config.toml").string();
  EXPECT_TRUE(outcome.errors[0].starts_with(file + ": line ")) << outcome.errors[0];
  EXPECT_TRUE(outcome.changed.empty());
  EXPECT_EQ(persistent_now(), "a");
  EXPECT_FALSE(levels);
  EXPECT_EQ(others, 0);
  EXPECT_TRUE(said("error the settings stay as they are"));
  EXPECT_FALSE(said("info lists read again"));
  put("config/config.toml", "[p2p\n");
  EXPECT_EQ(live().reload().errors.size(), 1u);
  EXPECT_EQ(persistent_now(), "a");
}

TEST_F(LiveSettingsTest, AControlFileThatIsBrokenIsSuchAnError) {
  config("");
  start();
  config("[p2p]\npersistent_peers = \"" + kPeer + "\"\n");
  put("data/control.toml", "[seeds]\nx = 1\n");
  const auto outcome = live().reload();
  ASSERT_EQ(outcome.errors.size(), 1u);
  EXPECT_NE(outcome.errors[0].find("control.toml: line 2: "), std::string::npos);
  EXPECT_EQ(persistent_now(), "");
}

TEST_F(LiveSettingsTest, SettingsThatNoNodeStartsWithAreAnErrorToo) {
  config("");
  start();
  put("config/config.toml", "[p2p]\npersistent_peers = \"" + kPeer + "\"\n");
  EXPECT_EQ(live().reload().errors.size(), 1u) << "no network is named";
  config("[p2p]\npex = false\n");
  EXPECT_EQ(live().reload().errors.size(), 1u);
}

TEST_F(LiveSettingsTest, AListThatAVariableOverridesIsToldAtEachReload) {
  config("[p2p]\nseeds = \"" + kPeer + "\"\n");
  flags.seeds = kOther;
  start();
  EXPECT_TRUE(live().reload().changed.empty());
  EXPECT_TRUE(said("warn a list of the file has no effect"));
}

// --- words of ctl ---

TEST_F(LiveSettingsTest, WhatIsNotSavedOutlastsAReloadAndEndsWithTheProcess) {
  config("[p2p]\npersistent_peers = \"" + kPeer + "\"\n");
  EXPECT_TRUE(*live().say(persistent(kOther, Word::added), Save::no));
  EXPECT_TRUE(*live().say(persistent(kPeer, Word::removed), Save::no));
  EXPECT_EQ(persistent_now(), "b");
  live().reload();
  EXPECT_EQ(persistent_now(), "b");
  EXPECT_EQ(control(), "");
  start();
  EXPECT_EQ(persistent_now(), "a");
}

TEST_F(LiveSettingsTest, WhatIsSavedIsSoAfterARestart) {
  config("[p2p]\npersistent_peers = \"" + kPeer + "\"\n");
  EXPECT_TRUE(*live().say(persistent(kOther, Word::added), Save::yes));
  EXPECT_TRUE(*live().say(persistent(kPeer, Word::removed), Save::yes));
  EXPECT_EQ(persistent_now(), "b");
  EXPECT_TRUE(live().reload().changed.empty()) << "the reload reads what is so already";
  EXPECT_EQ(persistent_now(), "b");
  start();
  EXPECT_EQ(persistent_now(), "b");
}

TEST_F(LiveSettingsTest, SayingItTwiceChangesNothing) {
  config("");
  EXPECT_TRUE(*live().say(persistent(kPeer, Word::added), Save::no));
  EXPECT_FALSE(*live().say(persistent(kPeer, Word::added), Save::no));
  EXPECT_TRUE(*live().say(persistent(kPeer, Word::added), Save::yes)) << "now it is saved, too";
  const std::string saved = control();
  EXPECT_FALSE(*live().say(persistent(kPeer, Word::added), Save::yes));
  EXPECT_EQ(control(), saved);
}

TEST_F(LiveSettingsTest, WhatOnlyCtlKnewLeavesNoTraceWhenItIsRemoved) {
  config("");
  EXPECT_TRUE(*live().say(persistent(kPeer, Word::added), Save::no));
  EXPECT_TRUE(*live().say(persistent(kPeer, Word::removed), Save::yes));
  EXPECT_EQ(persistent_now(), "");
  EXPECT_EQ(control(), "") << "no file is made for it";
}

TEST_F(LiveSettingsTest, AReloadThatTakesOverWhatCtlAddedMayDropItAgain) {
  config("");
  EXPECT_TRUE(*live().say(persistent(kPeer, Word::added), Save::no));
  config("[p2p]\npersistent_peers = \"" + kPeer + "\"\n");
  live().reload();
  EXPECT_TRUE(live().report().since_start.empty());
  config("");
  live().reload();
  EXPECT_EQ(persistent_now(), "");
}

TEST_F(LiveSettingsTest, WhatCannotBeSavedIsNotDone) {
  config("");
  start();
  put("data/control.toml", "# by hand\nsomething = 1\n");
  const auto failed = live().say(persistent(kPeer, Word::added), Save::yes);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().detail.find("line 2"), std::string::npos);
  EXPECT_EQ(control(), "# by hand\nsomething = 1\n") << "nothing of it is lost";
  EXPECT_EQ(persistent_now(), "");
  EXPECT_TRUE(live().report().since_start.empty());
}

TEST_F(LiveSettingsTest, LinesThatAnOperatorPutIntoTheControlFileStay) {
  config("");
  start();
  put("data/control.toml", "[seeds]\n\"" + kOther + "\" = \"added\"\n");
  EXPECT_TRUE(*live().say(persistent(kPeer, Word::added), Save::yes));
  EXPECT_NE(control().find(kOther), std::string::npos);
  EXPECT_NE(control().find(kPeer), std::string::npos);
}

TEST_F(LiveSettingsTest, ThereIsABoundOnWhatIsSaid) {
  config("");
  ControlWords words;
  for (std::uint16_t port = 1; port <= ControlWords::kMostWords; ++port) {
    words.persistent_peers.say({*conn::NodeId::parse(kA), "h", port}, Word::added);
  }
  EXPECT_TRUE(live().say(words, Save::yes));
  EXPECT_FALSE(live().say(persistent(kPeer.substr(0, 41) + "h:5000", Word::added), Save::yes));
  EXPECT_TRUE(live().say(persistent(kA + "@h:5000", Word::added), Save::no));
  start();
  EXPECT_EQ(lists.persistent_peers.size(), ControlWords::kMostWords) << "it can be read again";
}

// --- the log level ---

TEST_F(LiveSettingsTest, ALogLevelOfCtlOutlastsAReload) {
  config("");
  EXPECT_TRUE(*live().set_log_level("p2p:debug,*:error"));
  EXPECT_FALSE(*live().set_log_level("p2p:debug,*:error"));
  ASSERT_TRUE(levels);
  EXPECT_TRUE(levels->wants("p2p", conn::LogLevel::debug));
  levels.reset();
  put("config/config.toml", "log_level = \"warn\"\n[peerage]\nnetwork = \"net-1\"\n");
  const auto outcome = live().reload();
  EXPECT_FALSE(levels);
  EXPECT_TRUE(outcome.changed.empty());
  EXPECT_EQ(keys_of(outcome.overruled), Keys{"log_level"});
  EXPECT_TRUE(*live().set_log_level("warn")) << "as the settings say: from now on they do";
  put("config/config.toml", "log_level = \"error\"\n[peerage]\nnetwork = \"net-1\"\n");
  EXPECT_EQ(keys_of(live().reload().changed), Keys{"log_level"});
  EXPECT_FALSE(levels->wants("p2p", conn::LogLevel::warn));
}

TEST_F(LiveSettingsTest, ALogLevelThatIsNoneChangesNothing) {
  config("");
  EXPECT_FALSE(live().set_log_level("loud"));
  EXPECT_FALSE(levels);
}

// --- the report ---

TEST_F(LiveSettingsTest, TheReportSaysWhereEachSettingComesFrom) {
  config("shards = 2\n[p2p]\npersistent_peers = \"" + kPeer + "\"\n");
  variables = {{"CMT_P2P_LADDR", "tcp://0.0.0.0:7"}};
  flags.moniker = "me";
  start();
  EXPECT_EQ(setting("peerage.shards").from, "config/config.toml line 3");
  EXPECT_EQ(setting("p2p.laddr").from, "CMT_P2P_LADDR");
  EXPECT_EQ(setting("moniker").from, "--moniker");
  EXPECT_EQ(setting("p2p.pex").from, "default");
  EXPECT_EQ(setting("p2p.pex").value, "true");

  ASSERT_TRUE(live().say(persistent(kOther, Word::added), Save::yes));
  ASSERT_TRUE(live().say(persistent(kB + "@h:3", Word::added), Save::no));
  ASSERT_TRUE(live().set_log_level("debug"));
  const auto peers = setting("p2p.persistent_peers");
  EXPECT_EQ(peers.from, "config/config.toml line 5, data/control.toml, ctl");
  EXPECT_EQ(peers.value, kPeer + "," + kOther + "," + kB + "@h:3");
  EXPECT_EQ(peers.after_restart, kPeer + "," + kOther);
  EXPECT_EQ(setting("log_level").from, "default, ctl");
  EXPECT_EQ(setting("log_level").after_restart, "info");
}

TEST_F(LiveSettingsTest, TheReportSaysWhatARestartWouldChange) {
  config("");
  start();
  config("[p2p]\nsend_rate = 7\n");
  EXPECT_EQ(setting("p2p.send_rate").value, "5120000");
  EXPECT_EQ(setting("p2p.send_rate").after_restart, "7");
  EXPECT_EQ(setting("p2p.recv_rate").after_restart, std::nullopt);
  config("[p2p]\nsend_rate = \"x\"\n");
  EXPECT_EQ(setting("p2p.send_rate").after_restart, std::nullopt);
  EXPECT_EQ(live().report().errors.size(), 1u) << "a restart would fail";
}

TEST_F(LiveSettingsTest, TheReportSaysWhatIsNotInForceAsItIsSet) {
  config("[p2p]\nhandshake_timeout = \"9s\"\n");
  EXPECT_NE(setting("p2p.handshake_timeout").note.find("not in force, but 5s"), std::string::npos);
}

}  // namespace
}  // namespace peerage::cmd
