#include "cmd/ctl/node_control.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cmd/ctl/book_verbs.h"
#include "cmd/ctl/list_verbs.h"
#include "cmd/ctl/settings_verbs.h"
#include "tests/support/controlled_node.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using Json = nlohmann::json;

class NodeControlTest : public test::ControlledNodeTest {
 protected:
  // Whatever it is called.
  void call_as_it_is(const std::string& verb, CtlDone done) {
    control().call({verb, {}, {}}, std::move(done));
  }
  CtlDone count_answers() {
    return [this](const CtlResult& result) {
      ++answers;
      last = result;
    };
  }
  std::size_t answers = 0;
  CtlResult last;
};

TEST_F(NodeControlTest, EachVerbOfTheTableIsANodesOwnOrOneThatTheProgramAdds) {
  start();
  std::set<std::string> added = {"events"};  // of the protocol
  for (const auto& verbs : {list_verbs(*node().whole, nullptr), settings_verbs(nullptr),
                            book_verbs(*node().whole, nullptr)}) {
    for (const NamedVerb& each : verbs) EXPECT_TRUE(added.emplace(each.name).second) << each.name;
  }
  // Parameters are checked before; here each verb is only to be one.
  for (const CtlVerb& each : ctl_verbs()) {
    const std::string name(each.name);
    if (added.contains(name)) continue;
    answers = 0;
    call_as_it_is(name, count_answers());
    ASSERT_TRUE(until([&] { return answers > 0; }, 20s)) << name;
    EXPECT_TRUE(last || last.error().reason != "unknown_verb") << name;
  }
}

TEST_F(NodeControlTest, WhatIsNoVerbIsAnsweredSo) {
  start();
  call_as_it_is("nonsense", count_answers());
  ASSERT_TRUE(until([&] { return answers == 1; }, 1s));
  EXPECT_EQ(last.error().reason, "unknown_verb");
  EXPECT_EQ(last.error().code, -1);
}

TEST_F(NodeControlTest, NothingIsAnsweredInsideTheCallThatAsks) {
  start();
  call("status", {}, count_answers());
  EXPECT_EQ(answers, 0u);
  ASSERT_TRUE(until([&] { return answers == 1; }, 1s));
}

TEST_F(NodeControlTest, AVerbThatAnswersTwiceHasAnsweredOnce) {
  start();
  control().add("save", [](const CtlCall&, const CtlDone& done) {
    done(CtlResult("{\"n\":1}"));
    done(CtlResult("{\"n\":2}"));
  });
  call("save", {}, count_answers());
  world.run_for(1s);
  EXPECT_EQ(answers, 1u);
  EXPECT_EQ(*last, "{\"n\":1}") << "and the added one is in place of the node's own";
}

TEST_F(NodeControlTest, AVerbThatAnswersNobodyHasFailedBecauseTheNodeStops) {
  start();
  CtlDone kept;
  control().add("save", [&kept](const CtlCall&, CtlDone done) { kept = std::move(done); });
  call("save", {}, count_answers());
  world.run_for(1s);
  EXPECT_EQ(answers, 0u) << "it may still answer";
  kept = nullptr;
  EXPECT_EQ(answers, 1u);
  EXPECT_EQ(last.error().reason, "stopping");
}

TEST_F(NodeControlTest, AVerbThatRunsApartHoldsUpNoOther) {
  start();
  control().add(
      "reload",
      [this](const CtlCall&, const CtlDone& done) {
        node().host().block_executor(5s);
        done(CtlResult("{}"));
      },
      NodeControl::Runs::apart);
  std::size_t reloads = 0;
  for (int i = 0; i < 2; ++i) call("reload", {}, [&](const CtlResult&) { ++reloads; });
  call("status", {}, count_answers());
  ASSERT_TRUE(until([&] { return answers == 1; }, 1s));
  EXPECT_LT(reloads, 2u);
  EXPECT_TRUE(until([&] { return reloads == 2; }, 10s));
}

TEST_F(NodeControlTest, CallsUnderWayWhenTheNodeStopsAreAnsweredOnceEach) {
  start();
  PexNode& peer = joined();
  const std::vector<std::pair<std::string, CtlParams>> asked = {
      {"dial", {{"address", nobody()}}},
      {"ban", {{"target", id_of(peer)}}},
      {"unban", {{"target", "203.0.113.7"}}},
      {"disconnect", {{"target", id_of(peer)}}},
      {"disconnect", {{"target", "203.0.113.0/24"}, {"for", "10m"}}},
      {"bans", {}},
      {"peers", {}},
      {"peer", {{"id", id_of(peer)}}},
      {"visit", {}},
      {"save", {}},
      {"drain", {}},
      {"status", {}},
      {"networks", {}}};
  std::vector<int> told(asked.size());
  const auto ask_all = [&] {
    for (std::size_t i = 0; i < asked.size(); ++i) {
      call(asked[i].first, asked[i].second, [&told, i](const CtlResult&) { ++told[i]; });
    }
  };
  world.set_link(node().host().address(), ip_of(199), {.connect = sim::LinkPlan::Connect::ignored});
  ask_all();
  stop();
  world.run_for(20s);
  for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(told[i], 1) << asked[i].first;
  ask_all();  // of one that has stopped
  world.run_for(20s);
  for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(told[i], 2) << asked[i].first;
}

TEST_F(NodeControlTest, ItMayGoBeforeTheNode) {
  start();
  std::size_t events = 0;
  control().subscribe({}, [&](const std::string&) { ++events; });
  let_go_of_control();
  joined();
  EXPECT_EQ(events, 0u);
}

TEST_F(NodeControlTest, EventsOfTheNodeComeToThoseThatSubscribed) {
  start();
  std::vector<std::string> seen;
  const auto subscription =
      control().subscribe({"connected", "gone"}, [&](const std::string& event) {
        seen.push_back(Json::parse(event)["event"].get<std::string>());
      });
  PexNode& peer = joined();
  result("disconnect", {{"target", id_of(peer)}});
  EXPECT_EQ(seen, (std::vector<std::string>{"connected", "gone"}));
  control().unsubscribe(subscription);
  joined();
  EXPECT_EQ(seen.size(), 2u);
}

}  // namespace
}  // namespace peerage::cmd
