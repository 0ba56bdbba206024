#include "cmd/ctl/node_verbs.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/file/sqlite.h"
#include "tests/support/controlled_node.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using Json = nlohmann::json;

class NodeVerbsTest : public test::ControlledNodeTest {
 protected:
  test::TemporaryDirectory home;

  PexNode::Plan on_disk() const {
    PexNode::Plan plan;
    plan.book = home / "book.db";
    return plan;
  }
  void hear_of(const conn::NetAddress& address) {
    node().book().add(address, {ip_of(170), {}, addrbook::Origin::configuration},
                      node().books().now());
    node().books().changed();
  }
  void hear_of_somebody() {
    hear_of({*conn::NodeId::parse(std::string(40, 'd')), {ip_of(180), 1}});
  }
};

// --- status, networks ---

TEST_F(NodeVerbsTest, AStatusSaysWhatTheNodeIsAndHas) {
  PexNode::Plan plan = on_disk();
  plan.networks = {"net-1", "net-2"};
  start(plan, {.version = "1.2.3"});
  world.run_for(90s);
  const Json is = result("status");
  EXPECT_EQ(is["version"], "1.2.3");
  EXPECT_EQ(is["id"], id_of(node()));
  EXPECT_EQ(is["networks"], (Json{"net-1", "net-2"}));
  EXPECT_EQ(is["listen"], node().net().listen_endpoint().to_string());
  EXPECT_GE(is["uptime_s"], 90);
  EXPECT_LT(is["uptime_s"], 100);
  EXPECT_EQ(is["peers"]["inbound"], 0);
  EXPECT_EQ(is["peers"]["outbound"], 0);
  EXPECT_GT(is["slots"]["inbound"], 0);
  EXPECT_GT(is["slots"]["outbound"], 0);
  ASSERT_EQ(is["book"].size(), 2u);
  EXPECT_EQ(is["book"][1]["network"], "net-2");
  EXPECT_EQ(is["book"][1]["addresses"], 0);
  EXPECT_EQ(is["store"]["queue"], 0);
  EXPECT_EQ(is["store"]["failure"], nullptr);
  EXPECT_EQ(is["draining"], false);
  EXPECT_EQ(is["ready"], true);
  EXPECT_EQ(is["why"], Json::array());
}

TEST_F(NodeVerbsTest, PeersAreCountedByDirectionAndNetwork) {
  start();
  PexNode& kept = other();
  node().net().add_persistent_peer(kept.address());
  ASSERT_TRUE(joins(kept));
  arrived();
  arrived();
  const Json peers = result("status")["peers"];
  EXPECT_EQ(peers["inbound"], 2);
  EXPECT_EQ(peers["outbound"], 1);
  EXPECT_EQ(peers["persistent"], 1);
  EXPECT_EQ(peers["persistent_named"], 1);
  const Json networks = result("networks")["networks"];
  ASSERT_EQ(networks.size(), 1u);
  EXPECT_EQ(networks[0]["network"], "test-chain");
  EXPECT_EQ(networks[0]["peers"], 3);
}

TEST_F(NodeVerbsTest, WithoutAFileThereIsNoStore) {
  start();
  EXPECT_EQ(result("status")["store"], nullptr);
}

TEST_F(NodeVerbsTest, ReadinessIsWhatTheProgramSaysOrThatItIsBeingDrained) {
  std::vector<std::string> why;
  start({}, {.version = "1", .not_ready = [&why] { return why; }});
  const auto ready = [this] { return result("status", {{"ready", true}}); };
  EXPECT_EQ(ready(), (Json{{"ready", true}, {"why", Json::array()}}));
  why = {"net-1: 0 of 1 verified"};
  EXPECT_EQ(ready(), (Json{{"ready", false}, {"why", {"net-1: 0 of 1 verified"}}}));
  EXPECT_EQ(result("status")["ready"], false);
  why.clear();
  result("drain");
  EXPECT_EQ(ready(), (Json{{"ready", false}, {"why", {"it drains"}}}));
}

// --- save ---

TEST_F(NodeVerbsTest, AfterASaveACopyOfTheFileAloneHasEverything) {
  start(on_disk());
  hear_of_somebody();
  const Json first = result("save");
  EXPECT_GT(first["rows"], 0);
  EXPECT_EQ(first["changed"], true);
  EXPECT_GE(first["ms"], 0);
  std::filesystem::copy(home / "book.db", home / "copy.db");
  const auto copy =
      addrbook::sqlite::Database::open(home / "copy.db", addrbook::sqlite::Access::read);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->number("SELECT count(*) FROM address").value_or(-1), 1);
  const Json again = result("save");
  EXPECT_EQ(again["rows"], 0);
  EXPECT_EQ(again["changed"], false);
}

TEST_F(NodeVerbsTest, ABookInMemoryIsSavedWithoutARow) {
  start();
  hear_of_somebody();
  EXPECT_EQ(result("save")["rows"], 0);
  EXPECT_EQ(result("save")["changed"], false);
}

TEST_F(NodeVerbsTest, ASaveWhileAnotherProgramReadsSaysSo) {
  start(on_disk());
  hear_of_somebody();
  result("save");
  auto reader = addrbook::sqlite::Database::open(home / "book.db", addrbook::sqlite::Access::read);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->execute("BEGIN"));
  ASSERT_TRUE(reader->number("SELECT count(*) FROM address"));
  hear_of({*conn::NodeId::parse(std::string(40, 'c')), {ip_of(181), 1}});
  EXPECT_EQ(refusal("save"), "book_in_use");
  ASSERT_TRUE(reader->execute("COMMIT"));
  EXPECT_TRUE(ask("save"));
}

// --- drain ---

TEST_F(NodeVerbsTest, ADrainedNodeKeepsItsPeersAndTakesNoOthers) {
  start();
  PexNode& peer = joined();
  PexNode& newcomer = other();
  const Json drained = result("drain");
  EXPECT_EQ(drained["draining"], true);
  EXPECT_EQ(drained["peers_left"], 1);
  EXPECT_EQ(drained["changed"], true);
  EXPECT_EQ(result("drain")["changed"], false);
  newcomer.net().dial(node().address());
  EXPECT_FALSE(joins(newcomer, 5s));
  const Json dialled = result("dial", {{"address", newcomer.address().to_string()}});
  EXPECT_EQ(dialled["result"], "failed");
  EXPECT_EQ(dialled["reason"], "draining");
  EXPECT_TRUE(connected_to(peer));
  const Json undone = result("drain", {{"undo", true}});
  EXPECT_EQ(undone["draining"], false);
  EXPECT_EQ(undone["changed"], true);
  EXPECT_EQ(result("drain", {{"undo", true}})["changed"], false);
  newcomer.net().dial(node().address());
  EXPECT_TRUE(joins(newcomer));
}

TEST_F(NodeVerbsTest, ADrainMayEndByItself) {
  start();
  result("drain", {{"for", "30s"}});
  world.run_for(29s);
  EXPECT_EQ(result("status")["draining"], true);
  world.run_for(2s);
  EXPECT_EQ(result("status")["draining"], false);
}

TEST_F(NodeVerbsTest, TheEndOfADrainIsThatOfTheLatestWish) {
  start();
  result("drain", {{"for", "30s"}});
  EXPECT_EQ(result("drain", {{"for", "10m"}})["changed"], false);
  world.run_for(9min);
  EXPECT_EQ(result("status")["draining"], true);
  result("drain");
  world.run_for(1h);
  EXPECT_EQ(result("status")["draining"], true) << "until it is undone";
  result("drain", {{"for", "30s"}});
  result("drain", {{"undo", true}});
  result("drain");
  world.run_for(1h);
  EXPECT_EQ(result("status")["draining"], true);
}

// --- stop ---

TEST_F(NodeVerbsTest, AStopIsAnsweredBeforeItGoesAndOnce) {
  int stops = 0;
  start({}, {.version = "1", .stop = [&stops] { ++stops; }});
  std::optional<int> stops_when_answered;
  call("stop", {}, [&](const CtlResult& is) {
    EXPECT_EQ(*is, R"({"stopping":true,"changed":true})");
    stops_when_answered = stops;
  });
  ASSERT_TRUE(until([&] { return stops == 1; }, 1s));
  EXPECT_EQ(stops_when_answered, 0);
  EXPECT_EQ(result("stop"), (Json{{"stopping", true}, {"changed", false}}));
  EXPECT_EQ(stops, 1);
}

}  // namespace
}  // namespace peerage::cmd
