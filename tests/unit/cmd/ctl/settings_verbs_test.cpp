#include "cmd/ctl/settings_verbs.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/live_node.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class SettingsVerbsTest : public test::LiveNodeTest {
 protected:
  Json setting(const std::string& key) {
    const Json all = result("config");
    for (const Json& each : all["settings"]) {
      if (each["key"] == key) return each;
    }
    return {};
  }
};

TEST_F(SettingsVerbsTest, AReloadDialsWhomTheFileNamesAndNamesWhatNeedsARestart) {
  start();
  test::PexNode& peer = add({});
  config("laddr = \"tcp://0.0.0.0:7\"\npersistent_peers = \"" + peer.address().to_string() +
         "\"\n");
  const Json reloaded = result("reload");
  EXPECT_EQ(reloaded["changed"], Json({"p2p.persistent_peers"}));
  EXPECT_EQ(reloaded["ignored"], Json({"p2p.laddr"}));
  EXPECT_EQ(reloaded["errors"], Json::array());
  EXPECT_EQ(reloaded["why"]["p2p.laddr"],
            "needs a restart: \"tcp://0.0.0.0:26656\" is in force, not \"tcp://0.0.0.0:7\"");
  EXPECT_TRUE(joins(peer));
  const Json again = result("reload");
  EXPECT_EQ(again["changed"], Json::array());
  EXPECT_EQ(again["ignored"], Json({"p2p.laddr"})) << "until the restart comes";
}

TEST_F(SettingsVerbsTest, AReloadOfABrokenFileIsRefusedAndChangesNothing) {
  test::PexNode& peer = add({});
  config("persistent_peers = \"" + peer.address().to_string() + "\"\n");
  start();
  ASSERT_TRUE(joins(peer));
  config("persistent_peers = \"\"\nseeds = \"x\"\nsend_rate = \"fast\"\n");
  const auto refused = ask("reload");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, -1);
  EXPECT_EQ(refused.error().reason, "config_malformed");
  EXPECT_NE(refused.error().message.find("config.toml: line 5: p2p.seeds"), std::string::npos);
  EXPECT_NE(refused.error().message.find("config.toml: line 6: p2p.send_rate"), std::string::npos);
  EXPECT_NE(refused.error().hint.find("nothing has changed"), std::string::npos);
  EXPECT_TRUE(node().net().find_peer(peer.whole->id())->persistent());
}

TEST_F(SettingsVerbsTest, ALogLevelIsSetOnceHoweverOftenItIsAsked) {
  start();
  EXPECT_EQ(result("log", {{"level", "p2p:debug,*:error"}}),
            (Json{{"level", "p2p:debug,*:error"}, {"changed", true}}));
  EXPECT_EQ(result("log", {{"level", "p2p:debug,*:error"}})["changed"], false);
  EXPECT_EQ(refusal("log", {{"level", "loud"}}), "invalid_params");
  put("config/config.toml", "log_level = \"warn\"\n[peerage]\nnetwork = \"test-chain\"\n");
  const Json reloaded = result("reload");
  EXPECT_EQ(reloaded["ignored"], Json({"log_level"}));
  EXPECT_NE(reloaded["why"]["log_level"].get<std::string>().find("ctl log"), std::string::npos);
}

TEST_F(SettingsVerbsTest, TheConfigurationIsShownWithItsOriginsAndWhatCtlHasSaid) {
  const std::string a = std::string(40, 'a') + "@h:1", b = std::string(40, 'b') + "@h:2";
  config("seeds = \"" + a + "\"\n");
  start();
  result("seeds add", {{"address", b}, {"save", true}});
  result("seeds remove", {{"id", std::string(40, 'a')}});
  const Json all = result("config");
  EXPECT_EQ(all["networks"], Json({"test-chain"}));
  EXPECT_EQ(all["saved"]["p2p.seeds"], (Json{{"added", {b}}, {"removed", Json::array()}}));
  EXPECT_EQ(all["until_restart"]["p2p.seeds"], (Json{{"added", Json::array()}, {"removed", {a}}}));
  EXPECT_EQ(all["errors"], Json::array());
  const Json seeds = setting("p2p.seeds");
  EXPECT_EQ(seeds["value"], b);
  EXPECT_EQ(seeds["from"], "config/config.toml line 4, data/control.toml, ctl");
  EXPECT_EQ(seeds["after_restart"], a + "," + b);
  EXPECT_EQ(setting("p2p.laddr"),
            (Json{{"key", "p2p.laddr"}, {"value", "tcp://0.0.0.0:26656"}, {"from", "default"}}));
}

}  // namespace
}  // namespace peerage::cmd
