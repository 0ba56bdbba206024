#include "cmd/status/probes.h"

#include <gtest/gtest.h>

#include "tests/unit/cmd/status/rpc_fixture.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::body_of;
using Reasons = std::vector<std::string>;

struct ProbesTest : testing::Test {
  StatusSnapshot node = test::status_of_a_seed();
  ReadySettings settings;
  Reasons why() const { return why_not_ready(node, settings); }
};

TEST_F(ProbesTest, ASeedIsReadyWithVerifiedAddressesInEachNetwork) {
  EXPECT_EQ(why(), Reasons());
  EXPECT_EQ(answer_ready(node, settings).status, 200U);
  EXPECT_EQ(body_of(answer_ready(node, settings)), R"({"ready":true})");
}

TEST_F(ProbesTest, AYoungSeedWithoutVerifiedAddressesIsNotReady) {
  node.started = node.taken - (kReadyPatience - 1s);
  node.networks[1].verified = 0;
  EXPECT_EQ(why(), Reasons{"net-2: 0 of 1 verified"});
  EXPECT_EQ(answer_ready(node, settings).status, 503U);
  EXPECT_EQ(body_of(answer_ready(node, settings)),
            R"({"ready":false,"why":["net-2: 0 of 1 verified"]})");
  settings.verified = 4;
  EXPECT_EQ(why(), (Reasons{"net-1: 3 of 4 verified", "net-2: 0 of 4 verified"}));
  node.started = node.taken - kReadyPatience;
  EXPECT_EQ(why(), Reasons()) << "a network may have no other node";
}

TEST_F(ProbesTest, ANodeIsReadyWithItsPeers) {
  node.role = pex::Role::node;
  node.networks[0].verified = 0;
  EXPECT_EQ(why(), Reasons());
  settings.peers = 2;
  node.peers = {test::recorded_peer()};
  EXPECT_EQ(why(), Reasons{"1 of 2 peers"});
  node.peers.push_back(test::recorded_peer());
  EXPECT_EQ(why(), Reasons());
}

TEST_F(ProbesTest, WhateverItLacksIsNamed) {
  node.condition = {.listening = false, .book_open = false, .draining = true};
  EXPECT_EQ(why(), (Reasons{"it drains", "it does not listen", "the address book is not open"}));
}

TEST_F(ProbesTest, AReasonIsPrintable) {
  node.started = node.taken;
  node.networks[0] = {.chain_id = "a\nb\x1b"};
  EXPECT_EQ(why(), Reasons{"a\\x0ab\\x1b: 0 of 1 verified"});
}

TEST_F(ProbesTest, ItLivesWhileItsControlShardRunsTasks) {
  node.condition.silence = 5s;
  EXPECT_EQ(answer_live(node).status, 200U);
  EXPECT_EQ(body_of(answer_live(node)), R"({"live":true})");
  node.condition.silence = 5'001ms;
  EXPECT_EQ(answer_live(node).status, 503U);
  EXPECT_EQ(body_of(answer_live(node)), R"({"live":false,"silent_seconds":5})");
  node.condition.draining = true;
  node.condition.silence = 0s;
  EXPECT_EQ(answer_live(node).status, 200U) << "a node that drains is not to be killed";
}

TEST_F(ProbesTest, RoutesAnswerFromTheLastSnapshot) {
  const auto routes =
      probes_routes(settings, [this] { return std::make_shared<const StatusSnapshot>(node); });
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].path, "/livez");
  EXPECT_EQ(routes[0].handler({}).status, 200U);
  EXPECT_EQ(routes[1].path, "/readyz");
  node.condition.listening = false;
  EXPECT_EQ(routes[1].handler({}).status, 503U);
}

}  // namespace
}  // namespace peerage::cmd
