#include "cmd/ctl/list_verbs.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/live_node.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using Json = nlohmann::json;

class ListVerbsTest : public test::LiveNodeTest {
 protected:
  PexNode& other() { return add({}); }
  // Where nobody is.
  static std::string nobody(char digit = 'e') {
    return std::string(40, digit) + "@" + ip_of(199).to_string() + ":26656";
  }
  Json seeds() { return result("seeds list")["seeds"]; }
};

// --- add ---

TEST_F(ListVerbsTest, APersistentPeerThatIsAddedIsDialledAndSaysSo) {
  start();
  PexNode& peer = other();
  const CtlParams params = {{"address", peer.address().to_string()}, {"persistent", true}};
  const Json added = result("add", params);
  EXPECT_EQ(added["id"], peer.whole->id().to_string());
  EXPECT_EQ(added["changed"], true);
  EXPECT_EQ(added["state"], "dialling");
  EXPECT_EQ(added["next_dial_s"], nullptr);
  ASSERT_TRUE(joins(peer));
  EXPECT_TRUE(node().net().find_peer(peer.whole->id())->persistent());
  const Json again = result("add", params);
  EXPECT_EQ(again["changed"], false);
  EXPECT_EQ(again["state"], "connected");
}

TEST_F(ListVerbsTest, APeerThatDoesNotAnswerSaysWhenItIsDialledNext) {
  start();
  const CtlParams params = {{"address", nobody()}, {"persistent", true}};
  EXPECT_EQ(result("add", params)["state"], "dialling");
  Json again = result("add", params);
  for (int i = 0; i < 20 && again["state"] != "resting"; ++i) {
    world.run_for(1s);
    again = result("add", params);
  }
  EXPECT_EQ(again["state"], "resting");
  EXPECT_EQ(again["changed"], false);
  EXPECT_GT(again["next_dial_s"], 0);
  EXPECT_LE(again["next_dial_s"], 6);
}

TEST_F(ListVerbsTest, WithoutAListAnAddressIsDialledOnceAndTheBookHearsOfIt) {
  start();
  PexNode& peer = other();
  const CtlParams params = {{"address", peer.address().to_string()}};
  const Json added = result("add", params);
  EXPECT_EQ(added["changed"], true);
  EXPECT_EQ(added["state"], "dialling");
  EXPECT_TRUE(node().book().find(peer.net_address()) != nullptr);
  ASSERT_TRUE(joins(peer));
  EXPECT_FALSE(node().net().find_peer(peer.whole->id())->persistent());
  EXPECT_EQ(result("add", params)["changed"], false);
}

TEST_F(ListVerbsTest, APrivatePeerIsDialledAndNotInTheBook) {
  start();
  PexNode& peer = other();
  const Json added = result(
      "add", {{"address", peer.address().to_string()}, {"private", true}, {"unconditional", true}});
  EXPECT_EQ(added["changed"], true);
  ASSERT_TRUE(joins(peer));
  EXPECT_TRUE(node().net().find_peer(peer.whole->id())->is_private());
  EXPECT_TRUE(node().net().find_peer(peer.whole->id())->unconditional());
  EXPECT_EQ(node().book().find(peer.net_address()), nullptr);
}

TEST_F(ListVerbsTest, WhatCannotBeAddedIsRefused) {
  start();
  EXPECT_EQ(refusal("add", {{"address", "nowhere"}}), "invalid_params");
  EXPECT_EQ(refusal("add", {{"address", std::string(40, 'e') + "@h:0"}}), "invalid_params");
  EXPECT_EQ(refusal("add", {{"address", nobody()}, {"save", true}}), "invalid_params");
  EXPECT_EQ(refusal("add", {{"address", nobody()}, {"network", "another"}}), "not_found");
  EXPECT_EQ(refusal("add", {{"address", node().address().to_string()}, {"persistent", true}}),
            "own_address");
}

TEST_F(ListVerbsTest, ANodeThatIsDrainedDialsNobodyAndSaysSo) {
  start();
  node().net().drain(p2p::Draining::yes);
  const Json added = result("add", {{"address", nobody()}, {"persistent", true}});
  EXPECT_EQ(added["changed"], true);
  EXPECT_EQ(added["state"], "resting");
  EXPECT_EQ(added["next_dial_s"], nullptr);
}

// --- over a restart ---

TEST_F(ListVerbsTest, WhatIsSavedIsSoAfterARestart) {
  start();
  PexNode& peer = other();
  const CtlParams params = {
      {"address", peer.address().to_string()}, {"persistent", true}, {"save", true}};
  EXPECT_EQ(result("add", params)["changed"], true);
  EXPECT_EQ(result("add", params)["changed"], false);
  ASSERT_TRUE(joins(peer));
  start();
  EXPECT_TRUE(joins(peer));
  EXPECT_TRUE(node().net().find_peer(peer.whole->id())->persistent());
  EXPECT_EQ(result("remove", {{"id", peer.whole->id().to_string()}, {"save", true}})["changed"],
            true);
  start();
  EXPECT_EQ(result("remove", {{"id", peer.whole->id().to_string()}})["changed"], false);
}

TEST_F(ListVerbsTest, WhatIsNotSavedEndsWithTheProcess) {
  start();
  ASSERT_EQ(result("seeds add", {{"address", nobody()}})["changed"], true);
  EXPECT_EQ(seeds().size(), 1u);
  start();
  EXPECT_EQ(seeds().size(), 0u);
  EXPECT_EQ(text_of("data/control.toml"), "");
}

TEST_F(ListVerbsTest, WhatCannotBeSavedIsNotDone) {
  start();
  put("data/control.toml", "by hand");
  EXPECT_EQ(refusal("seeds add", {{"address", nobody()}, {"save", true}}), "config_malformed");
  EXPECT_EQ(seeds().size(), 0u);
  EXPECT_EQ(text_of("data/control.toml"), "by hand");
}

// --- remove ---

TEST_F(ListVerbsTest, APeerThatOnlyCtlKnewIsRemovedAndStaysConnected) {
  start();
  PexNode& peer = other();
  const std::string id = peer.whole->id().to_string();
  result("add", {{"address", peer.address().to_string()}, {"persistent", true}, {"private", true}});
  ASSERT_TRUE(joins(peer));
  const Json removed = result("remove", {{"id", id}});
  EXPECT_EQ(removed["changed"], true);
  EXPECT_EQ(removed["connected"], true);
  EXPECT_FALSE(node().net().find_peer(peer.whole->id())->persistent());
  EXPECT_FALSE(node().net().find_peer(peer.whole->id())->is_private());
  EXPECT_EQ(result("remove", {{"id", id}})["changed"], false);
}

TEST_F(ListVerbsTest, APeerThatIsDisconnectedIsGoneWhenItIsAnswered) {
  PexNode& peer = other();
  const std::string id = peer.whole->id().to_string();
  config("persistent_peers = \"" + peer.address().to_string() + "\"\n");
  start();
  ASSERT_TRUE(joins(peer));
  const Json removed = result("remove", {{"id", id.substr(0, 6)}, {"disconnect", true}});
  EXPECT_EQ(removed["id"], id);
  EXPECT_EQ(removed["changed"], true);
  EXPECT_EQ(removed["connected"], false);
  EXPECT_EQ(result("remove", {{"id", id}, {"disconnect", true}})["changed"], false);
}

TEST_F(ListVerbsTest, AnIdMayBeShortenedUntilItIsAmbiguous) {
  const std::string one = "abcd0" + std::string(35, '0'), two = "abcd1" + std::string(35, '0');
  config("unconditional_peer_ids = \"" + one + "," + two + "\"\n");
  start();
  EXPECT_EQ(refusal("remove", {{"id", "abcd"}}), "ambiguous");
  const auto error = ask("remove", {{"id", "abcd"}}).error();
  EXPECT_NE(error.hint.find(one), std::string::npos);
  EXPECT_NE(error.hint.find(two), std::string::npos);
  EXPECT_EQ(refusal("remove", {{"id", "abc"}}), "invalid_params");
  EXPECT_EQ(refusal("remove", {{"id", "wxyz"}}), "invalid_params");
  EXPECT_EQ(refusal("remove", {{"id", "abcd2"}}), "not_found");
  EXPECT_EQ(result("remove", {{"id", "ABCD1"}})["id"], two);
}

// --- set ---

TEST_F(ListVerbsTest, WhatAPeerIsCanBeSetAndTakenBack) {
  start();
  PexNode& peer = other();
  const std::string id = peer.whole->id().to_string();
  result("add", {{"address", peer.address().to_string()}});
  ASSERT_TRUE(joins(peer));
  const CtlParams all = {
      {"id", id}, {"persistent", true}, {"unconditional", true}, {"private", true}};
  const Json set = result("set", all);
  EXPECT_EQ(set["changed"], true);
  EXPECT_EQ(set["persistent"], true);
  EXPECT_EQ(set["unconditional"], true);
  EXPECT_EQ(set["private"], true);
  EXPECT_EQ(set["state"], "connected");
  EXPECT_TRUE(node().net().find_peer(peer.whole->id())->persistent());
  EXPECT_EQ(result("set", all)["changed"], false);

  const Json back = result("set", {{"id", id}, {"persistent", false}, {"unconditional", false}});
  EXPECT_EQ(back["changed"], true);
  EXPECT_EQ(back["persistent"], false);
  EXPECT_EQ(back["unconditional"], false);
  EXPECT_EQ(back["private"], true) << "what is not named stays";
  EXPECT_FALSE(node().net().find_peer(peer.whole->id())->persistent());
}

TEST_F(ListVerbsTest, APeerThatTheBookKnowsCanBeMadePersistent) {
  start();
  PexNode& peer = other();
  node().book().add(peer.net_address(),
                    {peer.host().address(), {}, addrbook::Origin::configuration},
                    node().books().now());
  const CtlParams params = {{"id", peer.whole->id().to_string()}, {"persistent", true}};
  EXPECT_EQ(result("set", params)["changed"], true);
  ASSERT_TRUE(joins(peer));
  EXPECT_TRUE(node().net().find_peer(peer.whole->id())->persistent());
}

TEST_F(ListVerbsTest, WithoutAnAddressNobodyIsMadePersistent) {
  start();
  EXPECT_EQ(refusal("set", {{"id", std::string(40, 'e')}, {"persistent", true}}), "not_found");
  EXPECT_EQ(refusal("set", {{"id", std::string(40, 'e')}}), "invalid_params");
  EXPECT_EQ(refusal("set", {{"id", node().whole->id().to_string()}, {"persistent", true}}),
            "own_address");
}

// --- seeds ---

TEST_F(ListVerbsTest, SeedsAreListedWithWhereTheyComeFrom) {
  config("seeds = \"" + nobody('a') + "\"\n");
  start();
  EXPECT_EQ(result("seeds add", {{"address", nobody('b')}})["changed"], true);
  EXPECT_EQ(result("seeds add", {{"address", nobody('b')}})["changed"], false);
  const Json list = seeds();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0], (Json{{"address", nobody('a')}, {"from", "settings"}}));
  EXPECT_EQ(list[1], (Json{{"address", nobody('b')}, {"from", "ctl"}}));
  EXPECT_EQ(result("seeds remove", {{"id", std::string(40, 'a')}})["changed"], true);
  EXPECT_EQ(result("seeds remove", {{"id", std::string(40, 'a')}})["changed"], false);
  EXPECT_EQ(seeds().size(), 1u);
}

TEST_F(ListVerbsTest, ASeedThatIsAddedIsAskedForAddresses) {
  PexNode& seed = add(seed_plan());
  PexNode& peer = add(plan_with_seeds({seed.address()}));
  ASSERT_TRUE(until([&] { return seed.book().verified() > 0; }, 5min));
  start();
  result("seeds add", {{"address", seed.address().to_string()}});
  EXPECT_TRUE(until([&] { return node().book().find(peer.net_address()) != nullptr; }, 10min));
}

// --- with reloads ---

TEST_F(ListVerbsTest, WhatCtlAddedOutlastsAReloadAndWhatTheFileTookOverGoesWithIt) {
  start();
  result("seeds add", {{"address", nobody('a')}});
  result("seeds add", {{"address", nobody('b')}});
  config("seeds = \"" + nobody('b') + "\"\n");
  EXPECT_EQ(result("reload")["changed"], Json({"p2p.seeds"}));
  EXPECT_EQ(seeds().size(), 2u);
  config("");
  result("reload");
  const Json left = seeds();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0]["address"], nobody('a'));
}

}  // namespace
}  // namespace peerage::cmd
