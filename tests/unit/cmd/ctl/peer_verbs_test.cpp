#include "cmd/ctl/peer_verbs.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/controlled_node.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using Json = nlohmann::json;

class PeerVerbsTest : public test::ControlledNodeTest {
 protected:
  // Nothing that is sent between them comes to the other side.
  void silence(const conn::IpAddress& ip) {
    world.set_link(node().host().address(), ip, {.connect = sim::LinkPlan::Connect::ignored});
  }
  static std::vector<std::string> ids(const Json& answer) {
    std::vector<std::string> ids;
    for (const Json& each : answer["peers"]) ids.push_back(each["id"]);
    return ids;
  }
};

// --- peers ---

TEST_F(PeerVerbsTest, PeersAreListedWithWhatIsMeasuredOfThem) {
  start();
  PexNode& peer = joined();
  world.run_for(90s);
  const Json peers = result("peers")["peers"];
  ASSERT_EQ(peers.size(), 1u);
  const Json& row = peers[0];
  EXPECT_EQ(row["id"], id_of(peer));
  EXPECT_EQ(row["address"], peer.host().address().to_string() + ":26656");
  EXPECT_EQ(row["direction"], "outbound");
  EXPECT_EQ(row["kind"], "ordinary");
  EXPECT_EQ(row["network"], "test-chain");
  EXPECT_TRUE(row["moniker"].is_string());
  EXPECT_TRUE(row["version"].is_string());
  EXPECT_GE(row["age_s"], 90);
  EXPECT_GT(row["rtt_ms"], 1.9) << "a millisecond each way";
  EXPECT_LT(row["rtt_ms"], 10);
  EXPECT_GT(row["sent"], 0);
  EXPECT_GT(row["received"], 0);
  EXPECT_EQ(row["queued"], 0);
}

TEST_F(PeerVerbsTest, PeersAreChosenByWhatTheyAre) {
  start();
  PexNode& out = joined();
  PexNode& in = arrived();
  PexNode& kept = other();
  node().net().add_persistent_peer(kept.address());
  ASSERT_TRUE(joins(kept));
  const auto chosen = [this](const CtlParams& params) {
    const auto all = ids(result("peers", params));
    return std::set<std::string>(all.begin(), all.end());
  };
  using Ids = std::set<std::string>;
  EXPECT_EQ(chosen({}), (Ids{id_of(out), id_of(in), id_of(kept)}));
  EXPECT_EQ(chosen({{"direction", "inbound"}}), Ids{id_of(in)});
  EXPECT_EQ(chosen({{"direction", "outbound"}}), (Ids{id_of(out), id_of(kept)}));
  EXPECT_EQ(chosen({{"kind", "persistent"}}), Ids{id_of(kept)});
  EXPECT_EQ(chosen({{"kind", "ordinary"}, {"direction", "outbound"}}), Ids{id_of(out)});
  EXPECT_EQ(chosen({{"network", "test-chain"}}).size(), 3u);
  EXPECT_EQ(chosen({{"network", "another"}}), Ids{});
}

TEST_F(PeerVerbsTest, PeersAreSortedTheMostFirstAndTextsInTheirOrder) {
  start();
  std::vector<std::string> by_age;
  for (int i = 0; i < 4; ++i) {
    by_age.push_back(id_of(joined()));
    world.run_for(5s);
  }
  EXPECT_EQ(ids(result("peers")), by_age);
  EXPECT_EQ(ids(result("peers", {{"sort", "age"}})), by_age);
  std::sort(by_age.begin(), by_age.end());
  EXPECT_EQ(ids(result("peers", {{"sort", "id"}})), by_age);
  for (const char* key : {"rtt", "sent", "received", "queued"}) {
    const Json peers = result("peers", {{"sort", key}})["peers"];
    ASSERT_EQ(peers.size(), 4u);
    const std::string member = std::string(key) == "rtt" ? "rtt_ms" : key;
    for (std::size_t i = 1; i < peers.size(); ++i) {
      const auto of = [&](std::size_t at) {
        return peers[at][member].is_null() ? -1.0 : peers[at][member].get<double>();
      };
      EXPECT_GE(of(i - 1), of(i)) << key;
    }
  }
}

// --- peer ---

TEST_F(PeerVerbsTest, AConnectedPeerIsShownWithEverythingThatIsKnownOfIt) {
  start();
  PexNode& peer = other();
  node().net().add_persistent_peer(peer.address());
  ASSERT_TRUE(joins(peer));
  world.run_for(90s);
  const Json shown = result("peer", {{"id", id_of(peer).substr(0, 8)}});
  EXPECT_EQ(shown["id"], id_of(peer));
  EXPECT_EQ(shown["connected"], true);
  EXPECT_EQ(shown["kind"], "persistent");
  EXPECT_EQ(shown["admitted"], "a persistent peer");
  EXPECT_EQ(shown["dialled"], peer.address().to_string());
  EXPECT_GE(shown["age_s"], 90);
  EXPECT_GE(shown["silence_s"], 0);
  EXPECT_EQ(shown["inbox"], 0);
  ASSERT_EQ(shown["channels"].size(), 1u);
  EXPECT_EQ(shown["channels"][0]["id"], 0);
  EXPECT_GT(shown["channels"][0]["sent_messages"], 0);
  EXPECT_EQ(shown["failures"], Json::array());
}

TEST_F(PeerVerbsTest, WhyAPeerWasAdmittedIsSaid) {
  start();
  EXPECT_EQ(result("peer", {{"id", id_of(arrived())}})["admitted"],
            "it dialled us, and there was a slot for it");
  EXPECT_EQ(result("peer", {{"id", id_of(joined())}})["admitted"],
            "an address of the book, or asked for");
}

TEST_F(PeerVerbsTest, TheLastFailuresOfANodeAreKeptWhenItIsNotConnected) {
  start();
  const std::string id(40, 'e');
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(result("dial", {{"address", nobody()}})["result"], "failed");
    world.run_for(1min);
  }
  const Json shown = result("peer", {{"id", id.substr(0, 4)}});
  EXPECT_EQ(shown["connected"], false);
  EXPECT_EQ(shown["book"], Json::array());
  ASSERT_EQ(shown["failures"].size(), 5u) << "the latest";
  for (const Json& each : shown["failures"]) {
    EXPECT_EQ(each["of"], "dial");
    EXPECT_EQ(each["stage"], "connect");
    EXPECT_TRUE(each["reason"].is_string());
    EXPECT_TRUE(each["hint"].is_string());
  }
  EXPECT_LT(shown["failures"][0]["time"], shown["failures"][4]["time"]) << "the latest last";
}

TEST_F(PeerVerbsTest, APeerThatHasGoneIsKnownByWhyItWent) {
  start();
  PexNode& peer = joined();
  result("disconnect", {{"target", id_of(peer)}, {"reason", "too loud"}});
  const Json shown = result("peer", {{"id", id_of(peer)}});
  EXPECT_EQ(shown["connected"], false);
  ASSERT_EQ(shown["failures"].size(), 1u);
  EXPECT_EQ(shown["failures"][0]["of"], "connection");
  EXPECT_EQ(shown["failures"][0]["reason"], "disconnected");
  EXPECT_EQ(shown["failures"][0]["detail"], "too loud");
}

TEST_F(PeerVerbsTest, WhatOnlyTheBookKnowsIsShown) {
  start();
  const auto address =
      conn::NetAddress{*conn::NodeId::parse(std::string(40, 'd')), {ip_of(180), 26656}};
  node().book().add(address, {ip_of(170), {}, addrbook::Origin::configuration},
                    node().books().now());
  const Json shown = result("peer", {{"id", std::string(40, 'd')}});
  EXPECT_EQ(shown["connected"], false);
  ASSERT_EQ(shown["book"].size(), 1u);
  EXPECT_EQ(shown["book"][0]["network"], "test-chain");
  EXPECT_EQ(shown["book"][0]["address"], address.to_string());
  EXPECT_EQ(shown["book"][0]["verified"], nullptr);
}

TEST_F(PeerVerbsTest, AnIdIsShortenedToFourDigitsUntilItIsAmbiguous) {
  start();
  for (const char* digits : {"abcd0", "abcd1"}) {
    EXPECT_EQ(result("dial", {{"address", nobody(digits)}})["result"], "failed");
  }
  EXPECT_EQ(refusal("peer", {{"id", "abcd"}}), "ambiguous");
  const CtlError error = ask("peer", {{"id", "ABCD"}}).error();
  EXPECT_NE(error.hint.find("abcd0eee"), std::string::npos);
  EXPECT_NE(error.hint.find("abcd1eee"), std::string::npos);
  EXPECT_EQ(result("peer", {{"id", "abcd1"}})["id"], "abcd1" + std::string(35, 'e'));
  EXPECT_EQ(refusal("peer", {{"id", "abcd2"}}), "not_found");
  EXPECT_EQ(refusal("peer", {{"id", "abc"}}), "invalid_params");
  EXPECT_EQ(refusal("peer", {{"id", "nobody"}}), "invalid_params");
  EXPECT_EQ(refusal("peer", {{"id", std::string(40, '7')}}), "not_found");
}

// --- dial ---

TEST_F(PeerVerbsTest, ADialIsAnsweredWhenItIsConnectedAndDoneOnce) {
  start();
  PexNode& peer = other();
  const CtlParams params = {{"address", peer.address().to_string()}};
  const Json first = result("dial", params);
  EXPECT_EQ(first["result"], "connected");
  EXPECT_EQ(first["changed"], true);
  EXPECT_GT(first["ms"], 0);
  EXPECT_TRUE(connected_to(peer)) << "nothing is answered before it is so";
  const Json again = result("dial", params);
  EXPECT_EQ(again["result"], "connected");
  EXPECT_EQ(again["changed"], false);
  EXPECT_EQ(node().peers(), 1u);
}

TEST_F(PeerVerbsTest, ADialThatFailsSaysAtWhichStageAndWhy) {
  start();
  PexNode& peer = other();
  const Json refused = result("dial", {{"address", nobody()}});
  EXPECT_EQ(refused["result"], "failed");
  EXPECT_EQ(refused["stage"], "connect");
  EXPECT_EQ(refused["changed"], false);
  const std::string wrong_id =
      std::string(40, 'c') + "@" + peer.host().address().to_string() + ":26656";
  const Json wrong = result("dial", {{"address", wrong_id}});
  EXPECT_EQ(wrong["result"], "failed");
  EXPECT_EQ(wrong["reason"], "wrong_id");
  EXPECT_NE(wrong["text"], "");
  EXPECT_NE(wrong["hint"], "");
}

TEST_F(PeerVerbsTest, ADialThatTakesTooLongIsAnsweredSoAndGoesOn) {
  start();
  PexNode& peer = other();
  world.set_link(node().host().address(), peer.host().address(), {.latency = 800ms});
  EXPECT_EQ(refusal("dial", {{"address", peer.address().to_string()}, {"wait", "1s"}}),
            "timed_out");
  EXPECT_FALSE(connected_to(peer));
  EXPECT_TRUE(joins(peer));
}

TEST_F(PeerVerbsTest, ADialWaitsTenSecondsUnlessToldOtherwiseAndFiveMinutesAtMost) {
  PexNode::Plan plan;
  plan.node.p2p.dial_timeout = 10min;
  start(plan);
  silence(ip_of(199));
  const auto waited = [this](const CtlParams& params) {
    const auto begun = world.now();
    std::optional<std::string> reason;
    call("dial", params, [&](const CtlResult& is) { reason = is ? "" : is.error().reason; });
    EXPECT_TRUE(until([&] { return reason.has_value(); }, 1h));
    EXPECT_EQ(reason, "timed_out");
    return world.now() - begun;
  };
  EXPECT_NEAR(static_cast<double>(waited({{"address", nobody("a")}}) / 1ms), 10'000, 100);
  EXPECT_NEAR(static_cast<double>(waited({{"address", nobody("b")}, {"wait", "2s"}}) / 1ms), 2'000,
              100);
  EXPECT_NEAR(static_cast<double>(waited({{"address", nobody("c")}, {"wait", "7d"}}) / 1ms),
              300'000, 100);
}

TEST_F(PeerVerbsTest, WhatCannotBeDialledIsRefused) {
  start();
  EXPECT_EQ(refusal("dial", {{"address", "203.0.113.7"}}), "invalid_params");
  EXPECT_EQ(refusal("dial", {{"address", "e@203.0.113.7:26656"}}), "invalid_params");
  EXPECT_EQ(refusal("dial", {{"address", std::string(40, 'e') + "@203.0.113.7:0"}}),
            "invalid_params");
  EXPECT_EQ(refusal("dial", {{"address", node().address().to_string()}}), "invalid_argument");
}

TEST_F(PeerVerbsTest, SeveralThatAskForOneDialAllHearHowItWent) {
  start();
  PexNode& peer = other();
  std::vector<Json> answers;
  for (int i = 0; i < 5; ++i) {
    call("dial", {{"address", peer.address().to_string()}}, [&](const CtlResult& is) {
      ASSERT_TRUE(is) << is.error().message;
      answers.push_back(Json::parse(*is));
    });
  }
  ASSERT_TRUE(until([&] { return answers.size() == 5; }, 20s));
  for (const Json& each : answers) EXPECT_EQ(each["result"], "connected");
  EXPECT_EQ(node().peers(), 1u);
}

TEST_F(PeerVerbsTest, TwoThatDialEachOtherAreBothConnected) {
  start();
  PexNode& peer = other();
  peer.net().dial(node().address());
  EXPECT_EQ(result("dial", {{"address", peer.address().to_string()}})["result"], "connected");
  world.run_for(5s);
  EXPECT_TRUE(connected_to(peer));
}

TEST_F(PeerVerbsTest, ADialOfABannedNodeFailsForThatReason) {
  start();
  PexNode& peer = other();
  result("ban", {{"target", id_of(peer)}});
  const Json is = result("dial", {{"address", peer.address().to_string()}});
  EXPECT_EQ(is["result"], "failed");
  EXPECT_EQ(is["reason"], "banned");
}

// --- visit ---

TEST_F(PeerVerbsTest, ASeedVisitsWhatItIsAskedToAndANodeDoesNot) {
  start();
  EXPECT_EQ(refusal("visit"), "invalid_argument");
}

class SeedVisitTest : public PeerVerbsTest {
 protected:
  void hear_of(const PexNode& peer) {
    node().book().add(peer.net_address(), {ip_of(170), {}, addrbook::Origin::configuration},
                      node().books().now());
  }
};

TEST_F(SeedVisitTest, EachAddressIsQueuedOnce) {
  start(seed_plan());
  result("drain");  // so that none begins
  PexNode& one = other();
  PexNode& two = other();
  hear_of(one);
  hear_of(two);
  const Json first = result("visit", {{"target", id_of(one).substr(0, 10)}});
  EXPECT_EQ(first["queued"], 1);
  EXPECT_EQ(first["known"], 1);
  EXPECT_EQ(first["changed"], true);
  const Json again = result("visit", {{"target", id_of(one)}});
  EXPECT_EQ(again["queued"], 0);
  EXPECT_EQ(again["known"], 1);
  EXPECT_EQ(again["changed"], false);
  EXPECT_EQ(result("visit", {{"target", "all"}})["queued"], 1);
  EXPECT_EQ(result("visit")["queued"], 0);
  EXPECT_EQ(node().report(world).visits_asked, 2u);
}

TEST_F(SeedVisitTest, AVisitThatWasAskedForIsMade) {
  start(seed_plan());
  PexNode& peer = other();
  hear_of(peer);
  world.run_for(1min);
  const auto visited = [&] { return node().book().find(peer.net_address())->last_verified; };
  const auto before = visited();
  ASSERT_NE(before, addrbook::kNever);
  world.run_for(1min);
  EXPECT_EQ(visited(), before) << "it is not due";
  EXPECT_EQ(result("visit", {{"target", id_of(peer)}})["changed"], true);
  EXPECT_TRUE(until([&] { return visited() > before; }, 10s));
}

TEST_F(SeedVisitTest, WhatNoBookKnowsIsNotVisited) {
  start(seed_plan());
  EXPECT_EQ(refusal("visit", {{"target", std::string(40, 'd')}}), "not_found");
  EXPECT_EQ(refusal("visit", {{"target", "dddd"}}), "not_found");
  EXPECT_EQ(refusal("visit", {{"target", "everything"}}), "invalid_params");
  EXPECT_EQ(result("visit", {{"target", "all"}})["changed"], false);
}

}  // namespace
}  // namespace peerage::cmd
