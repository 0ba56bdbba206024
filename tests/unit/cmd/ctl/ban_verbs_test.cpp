#include "cmd/ctl/ban_verbs.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/controlled_node.h"
#include "tests/support/files.h"
#include "tests/support/pex_visitor.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using Json = nlohmann::json;

class BanVerbsTest : public test::ControlledNodeTest {
 protected:
  // How a dial of that peer to us ends.
  bool lets_in(PexNode& peer) {
    peer.net().dial(node().address());
    return joins(peer, 3s);
  }
  Json bans(const CtlParams& params = {}) { return result("bans", params)["bans"]; }
  static PexNode::Plan dials_nobody() {
    PexNode::Plan plan;
    plan.node.p2p.max_num_outbound_peers = 0;
    return plan;
  }
  // A node that does nothing unless it is told to.
  test::PexVisitor& visitor() {
    const std::size_t number = 150 + visitors_.size();
    sim::SimHost& host = world.add_host({ip_of(number)}, 1);
    return *visitors_.emplace_back(
        std::make_unique<test::PexVisitor>(host, static_cast<std::uint32_t>(number)));
  }
  bool comes(test::PexVisitor& visitor) {
    visitor.dial(node().address());
    return until([&] { return node().net().find_peer(visitor.node().id()) != nullptr; }, 3s);
  }
  void TearDown() override {
    for (const auto& each : visitors_) each->stop();
    ControlledNodeTest::TearDown();
    for (const auto& each : visitors_) EXPECT_TRUE(until([&] { return each->stopped(); }, 10s));
  }

 private:
  std::vector<std::unique_ptr<test::PexVisitor>> visitors_;

 protected:
  static std::string ip_text(const PexNode& peer) { return peer.host().address().to_string(); }
};

// --- ban ---

TEST_F(BanVerbsTest, WhoIsBannedIsGoneWhenItIsAnswered) {
  start();
  PexNode& peer = arrived();
  const CtlParams params = {{"target", id_of(peer)}, {"for", "7d"}, {"reason", "sends rubbish"}};
  const Json banned = result("ban", params);
  EXPECT_FALSE(connected_to(peer));
  EXPECT_EQ(banned["target"], id_of(peer));
  EXPECT_EQ(banned["reason"], "sends rubbish");
  EXPECT_EQ(banned["disconnected"], 1);
  EXPECT_EQ(banned["changed"], true);
  EXPECT_TRUE(banned["until"].is_string());
  EXPECT_FALSE(lets_in(peer));
  const Json again = result("ban", params);
  EXPECT_EQ(again["disconnected"], 0);
  EXPECT_EQ(bans().size(), 1u);
}

TEST_F(BanVerbsTest, TheSameBanTwiceHasChangedNothing) {
  start();
  for (const CtlParams& params : {CtlParams{{"target", "203.0.113.7"}},
                                  CtlParams{{"target", "203.0.113.0/24"}, {"for", "1h"}},
                                  CtlParams{{"target", std::string(40, 'a')}, {"forever", true}}}) {
    EXPECT_EQ(result("ban", params)["changed"], true);
    EXPECT_EQ(result("ban", params)["changed"], false);
    CtlParams other = params;
    other["reason"] = "another";
    EXPECT_EQ(result("ban", other)["changed"], true);
  }
  EXPECT_EQ(bans().size(), 3u);
}

TEST_F(BanVerbsTest, ABanThatIsMadeLongerHasChangedAndOneForEverCannotBe) {
  start();
  const CtlParams hour = {{"target", "203.0.113.7"}, {"for", "1h"}};
  const CtlParams ever = {{"target", "203.0.113.8"}, {"forever", true}};
  EXPECT_EQ(result("ban", hour)["changed"], true);
  EXPECT_EQ(result("ban", ever)["changed"], true);
  world.run_for(5s);
  EXPECT_EQ(result("ban", hour)["changed"], false) << "who asks again means the same ban";
  world.run_for(10min);
  EXPECT_EQ(result("ban", hour)["changed"], true);
  const auto brief = [](const char* span) {
    return CtlParams{{"target", "203.0.113.9"}, {"for", span}};
  };
  EXPECT_EQ(result("ban", brief("5s"))["changed"], true);
  EXPECT_EQ(result("ban", brief("12s"))["changed"], true) << "a short one that is made longer";
  world.run_for(24h);
  EXPECT_EQ(result("ban", ever)["changed"], false);
  EXPECT_EQ(result("ban", {{"target", "203.0.113.8"}, {"for", "1h"}})["changed"], true);
}

TEST_F(BanVerbsTest, ABanLastsADayUnlessToldOtherwise) {
  start();
  const auto span_of = [this](const CtlParams& params) {
    result("ban", params);
    std::optional<conn::Duration> left;
    node().net().list_bans(
        [&](const std::vector<p2p::Ban>& all) { left = all.front().until - world.now(); });
    EXPECT_TRUE(until([&] { return left.has_value(); }, 1s));
    return std::chrono::round<std::chrono::minutes>(left.value_or(0s));
  };
  EXPECT_EQ(span_of({{"target", "203.0.113.7"}}), 24h);
  EXPECT_EQ(span_of({{"target", "203.0.113.7"}, {"for", "30m"}}), 30min);
  EXPECT_GT(span_of({{"target", "203.0.113.7"}, {"forever", true}}), 24h * 365 * 50);
  EXPECT_EQ(bans()[0]["until"], nullptr) << "for ever has no end";
}

TEST_F(BanVerbsTest, AnAddressOrANetworkIsBannedWithAllThatAreThere) {
  start();
  PexNode& one = arrived();
  PexNode& two = joined();
  EXPECT_EQ(result("ban", {{"target", ip_text(one)}})["disconnected"], 1);
  EXPECT_FALSE(connected_to(one));
  EXPECT_TRUE(connected_to(two));
  EXPECT_EQ(result("ban", {{"target", "20.0.0.0/8"}})["disconnected"], 1);
  EXPECT_FALSE(connected_to(two));
}

TEST_F(BanVerbsTest, APersistentPeerThatIsBannedIsNotDialledUntilTheBanIsLifted) {
  start();
  PexNode& peer = other();
  node().net().add_persistent_peer(peer.address());
  ASSERT_TRUE(joins(peer));
  EXPECT_EQ(result("ban", {{"target", id_of(peer).substr(0, 6)}})["disconnected"], 1);
  world.run_for(1h);
  EXPECT_FALSE(connected_to(peer));
  const Json lifted = result("unban", {{"target", id_of(peer)}});
  EXPECT_EQ(lifted["changed"], true);
  EXPECT_EQ(lifted["still_banned_by"], Json::array());
  EXPECT_TRUE(joins(peer, 1s)) << "at once";
  EXPECT_EQ(result("unban", {{"target", id_of(peer)}})["changed"], false);
}

TEST_F(BanVerbsTest, ABanEndsByItself) {
  start();
  PexNode& peer = arrived();
  result("ban", {{"target", id_of(peer)}, {"for", "10m"}});
  world.run_for(9min + 50s);
  EXPECT_FALSE(lets_in(peer));
  world.run_for(10s);
  EXPECT_TRUE(lets_in(peer));
}

TEST_F(BanVerbsTest, WhatIsNoTargetOrNoReasonIsRefused) {
  start();
  EXPECT_EQ(refusal("ban", {{"target", "example.org"}}), "invalid_params");
  EXPECT_EQ(refusal("ban", {{"target", "abcd"}}), "not_found");
  EXPECT_EQ(refusal("ban", {{"target", "203.0.113.7"}, {"reason", "\x1b[2J"}}), "invalid_params");
  EXPECT_EQ(refusal("ban", {{"target", "203.0.113.7"}, {"reason", std::string(257, 'x')}}),
            "invalid_params");
  EXPECT_EQ(refusal("disconnect", {{"target", "nobody"}}), "invalid_params");
  EXPECT_EQ(refusal("disconnect", {{"target", "203.0.113.7"}, {"reason", "\n"}}), "invalid_params");
  EXPECT_EQ(refusal("unban", {{"target", "abcd"}}), "not_found");
  EXPECT_EQ(bans(), Json::array());
}

TEST_F(BanVerbsTest, AnOperatorsBansAreRefusedBeyondTheRoomForThem) {
  start();
  for (std::size_t i = 0; i < conn::kMaxBans; ++i) {
    const auto octet = [](std::size_t value) { return static_cast<std::uint8_t>(value); };
    node().net().ban(conn::Cidr(conn::IpAddress::v4(30, 1, octet(i / 250), octet(i % 250))), 1h,
                     "");
  }
  EXPECT_EQ(refusal("ban", {{"target", "203.0.113.7"}}), "ban_list_full");
  EXPECT_EQ(result("unban", {{"target", "30.1.0.1"}})["changed"], true);
  EXPECT_EQ(result("ban", {{"target", "203.0.113.7"}})["changed"], true);
}

// --- unban, bans ---

TEST_F(BanVerbsTest, WhatStillKeepsSomebodyOutIsNamed) {
  start();
  for (const char* target : {"203.0.113.7", "203.0.113.0/24", "198.51.100.0/24"}) {
    result("ban", {{"target", target}});
  }
  result("disconnect", {{"target", "203.0.0.0/16"}, {"for", "1h"}});
  EXPECT_EQ(result("unban", {{"target", "203.0.113.7"}})["still_banned_by"],
            (Json{"203.0.113.0/24", "203.0.0.0/16"}));
}

TEST_F(BanVerbsTest, AListHasWhoKeepsOutWhomUntilWhenAndWhy) {
  start();
  result("ban", {{"target", "203.0.113.7"}, {"for", "1h"}, {"reason", "loud"}});
  result("disconnect", {{"target", "198.51.100.7"}, {"for", "2h"}});
  const Json all = bans();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["target"], "203.0.113.7");
  EXPECT_EQ(all[0]["by"], "ban");
  EXPECT_EQ(all[0]["reason"], "loud");
  EXPECT_EQ(all[0]["origin"], "operator");
  EXPECT_EQ(all[0]["active"], true);
  EXPECT_EQ(all[1]["target"], "198.51.100.7");
  EXPECT_EQ(all[1]["by"], "disconnect");
  EXPECT_LT(all[0]["until"], all[1]["until"]);
}

TEST_F(BanVerbsTest, WhatStrangersBringAboutIsListedAndCanBeLifted) {
  start();
  node().net().ban(*conn::Cidr::parse("203.0.113.7"), 10min, "floods",
                   p2p::BanOrigin::misbehaviour);
  ASSERT_EQ(bans().size(), 1u);
  EXPECT_EQ(bans()[0]["origin"], "misbehaviour");
  EXPECT_EQ(result("unban", {{"target", "203.0.113.7"}})["changed"], true);
  EXPECT_EQ(bans(), Json::array());
}

TEST_F(BanVerbsTest, ThoseThatHaveEndedAreListedUnlessOnlyTheActiveOnesAreAskedFor) {
  start();
  result("ban", {{"target", "203.0.113.7"}, {"for", "10m"}, {"reason", "loud"}});
  world.run_for(11min);
  const Json all = bans();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["target"], "203.0.113.7");
  EXPECT_EQ(all[0]["reason"], "loud");
  EXPECT_EQ(all[0]["active"], false);
  EXPECT_EQ(bans({{"active", true}}), Json::array());
}

TEST_F(BanVerbsTest, BansOutliveTheProcessAndDisconnectionsDoNot) {
  const test::TemporaryDirectory home;
  PexNode::Plan plan;
  plan.book = home / "book.db";
  start(plan);
  result("ban", {{"target", "203.0.113.7"}, {"forever", true}, {"reason", "loud"}});
  result("disconnect", {{"target", "198.51.100.7"}, {"for", "7d"}});
  stop();
  start(plan);
  const Json all = bans();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["target"], "203.0.113.7");
  EXPECT_EQ(all[0]["until"], nullptr);
  EXPECT_EQ(all[0]["reason"], "loud");
  EXPECT_EQ(all[0]["origin"], "operator");
}

// --- disconnect ---

TEST_F(BanVerbsTest, WhoIsDisconnectedIsGoneAndMayComeBack) {
  start(dials_nobody());
  test::PexVisitor& peer = visitor();
  ASSERT_TRUE(comes(peer));
  const CtlParams params = {{"target", peer.node().id().to_string()}};
  const Json gone = result("disconnect", params);
  EXPECT_EQ(node().peers(), 0u);
  EXPECT_EQ(gone["disconnected"], 1);
  EXPECT_EQ(gone["changed"], true);
  const Json again = result("disconnect", params);
  EXPECT_EQ(again["disconnected"], 0);
  EXPECT_EQ(again["changed"], false);
  world.run_for(10min);  // an address that was lost rests with the one that dialled it
  EXPECT_TRUE(comes(peer));
  EXPECT_EQ(bans(), Json::array());
}

TEST_F(BanVerbsTest, AllThatAreInANetworkAreDisconnected) {
  start(dials_nobody());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(comes(visitor()));
  EXPECT_EQ(result("disconnect", {{"target", "20.0.0.0/8"}})["disconnected"], 3);
  EXPECT_EQ(node().peers(), 0u);
}

TEST_F(BanVerbsTest, WhoIsHeldOffIsNotDialledEither) {
  start();
  result("disconnect", {{"target", ip_of(199).to_string()}, {"for", "10m"}});
  const Json dialled = result("dial", {{"address", nobody()}});
  EXPECT_EQ(dialled["result"], "failed");
  EXPECT_EQ(dialled["reason"], "held_off");
}

TEST_F(BanVerbsTest, WhoIsDisconnectedForAWhileIsNeitherLetInNorDialledUntilThen) {
  start();
  PexNode& peer = other();
  node().net().add_persistent_peer(peer.address());
  ASSERT_TRUE(joins(peer));
  const CtlParams params = {{"target", id_of(peer)}, {"for", "10m"}, {"reason", "maintenance"}};
  const Json gone = result("disconnect", params);
  EXPECT_EQ(gone["disconnected"], 1);
  EXPECT_EQ(gone["changed"], true);
  EXPECT_TRUE(gone["until"].is_string());
  EXPECT_EQ(result("disconnect", params)["changed"], false);
  world.run_for(9min);
  EXPECT_FALSE(lets_in(peer));
  EXPECT_TRUE(joins(peer, 2min));
}

TEST_F(BanVerbsTest, AnUnbanEndsADisconnectionBeforeItsTime) {
  start();
  PexNode& peer = other();
  node().net().add_persistent_peer(peer.address());
  ASSERT_TRUE(joins(peer));
  result("disconnect", {{"target", id_of(peer)}, {"for", "1h"}});
  world.run_for(1min);
  EXPECT_EQ(result("unban", {{"target", id_of(peer).substr(0, 8)}})["changed"], true);
  EXPECT_TRUE(joins(peer, 1s));
  EXPECT_EQ(bans(), Json::array());
}

}  // namespace
}  // namespace peerage::cmd
