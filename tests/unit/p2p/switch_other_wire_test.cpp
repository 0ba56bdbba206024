// Two switches over another wire than comet's (tests/support/memory_connection.h): the same
// admission, events and reactors, and no byte of comet's on the way.
#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/memory_connection.h"
#include "tests/support/sim_node.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::EndedBy;
using conn::IpAddress;
using conn::Reason;
using conn::SendResult;
using test::kEcho;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

struct SwitchOtherWire : testing::Test {
  sim::SimWorld world{11};
  sim::SimHost& host_a = world.add_host({IpAddress::v4(10, 1, 0, 1)}, 2);
  sim::SimHost& host_b = world.add_host({IpAddress::v4(10, 2, 0, 1)}, 2);
  test::MemoryWire wire;
  std::unique_ptr<SimNode> a, b;

  std::unique_ptr<SimNode> node(sim::SimHost& host, std::uint32_t number, SwitchConfig config) {
    auto made = std::make_unique<SimNode>(host, number, std::move(config),
                                          std::make_shared<test::RecordingReactor>(),
                                          wire.upgrader(test::numbered_key(number)));
    made->reactor->keep_messages();
    made->start();
    return made;
  }
  void start(SwitchConfig config_a = node_config(), SwitchConfig config_b = node_config()) {
    a = node(host_a, 1, std::move(config_a));
    b = node(host_b, 2, std::move(config_b));
    ASSERT_TRUE(until([&] { return a->started && b->started; }));
  }
  void connect() {
    start();
    a->node->dial(b->address());
    ASSERT_TRUE(until([&] { return a->reactor->adds() == 1 && b->reactor->adds() == 1; }));
  }
  bool until(const std::function<bool()>& done) { return world.run_until(done, 30s); }
  void TearDown() override {
    for (const auto* each : {&a, &b}) {
      if (!*each) continue;
      (*each)->stop();
      EXPECT_TRUE(until([&] { return (*each)->stopped; }));
      EXPECT_EQ((*each)->reactor->breaches(), std::vector<std::string>{});
      EXPECT_EQ((*each)->reactor->live(), 0u);
    }
  }
};

TEST_F(SwitchOtherWire, ADialledNodeIsAPeerOnBothSidesByTheKeyItHas) {
  connect();
  const PeerPtr b_at_a = a->peer(*b), a_at_b = b->peer(*a);
  ASSERT_TRUE(b_at_a && a_at_b);
  EXPECT_EQ(b_at_a->public_key(), test::numbered_key(2).public_key());
  EXPECT_EQ(b_at_a->id(), conn::NodeId::of(b_at_a->public_key()));
  EXPECT_EQ(b_at_a->direction(), Direction::outbound);
  EXPECT_EQ(a_at_b->direction(), Direction::inbound);
  EXPECT_EQ(a_at_b->socket().ip, host_a.address());
  EXPECT_EQ(a_at_b->network(), "test-chain");
  EXPECT_EQ(a->node->snapshot()->outbound, 1u);
  EXPECT_EQ(b->node->snapshot()->inbound, 1u);
  EXPECT_EQ(a->events<Dialled>().size(), 1u);
  EXPECT_EQ(a->events<Connected>().size(), 1u);
  EXPECT_EQ(b->events<Connected>().size(), 1u);
}

TEST_F(SwitchOtherWire, MessagesArriveInOrderOnBothSides) {
  connect();
  std::vector<Bytes> sent;
  for (std::uint8_t i = 1; i <= 10; ++i) {
    sent.push_back(Bytes(1000u * i, i));
    ASSERT_EQ(a->peer(*b)->try_send(kEcho, sent.back()), SendResult::queued);
    ASSERT_EQ(b->peer(*a)->try_send(kEcho, sent.back()), SendResult::queued);
  }
  ASSERT_TRUE(until([&] { return a->reactor->received() == 10 && b->reactor->received() == 10; }));
  EXPECT_EQ(a->reactor->messages(), sent);
  EXPECT_EQ(b->reactor->messages(), sent);
  const PeerStatus status = a->peer(*b)->status();
  EXPECT_EQ(status.connection.sent_bytes, 55'000u);
  EXPECT_EQ(status.connection.received_bytes, 55'000u);
  EXPECT_EQ(status.inbox_bytes, 0u);
}

TEST_F(SwitchOtherWire, WhatIsQueuedArrivesBeforeTheEndAndBothKnowWhoEndedIt) {
  connect();
  for (std::uint8_t i = 0; i < 5; ++i) a->peer(*b)->try_send(kEcho, Bytes(1000, i));
  a->node->disconnect(b->id());
  ASSERT_TRUE(until([&] { return a->peers() == 0 && b->peers() == 0; }));
  EXPECT_EQ(b->reactor->received(), 5u);
  ASSERT_TRUE(until([&] { return a->reactor->removes() == 1 && b->reactor->removes() == 1; }));
  EXPECT_EQ(a->reactor->last_reason().reason, Reason::stopped_locally);
  EXPECT_EQ(b->reactor->last_reason().reason, Reason::closed_by_remote);
  EXPECT_EQ(a->events<Gone>().at(0).ended_by, EndedBy::us);
  EXPECT_EQ(b->events<Gone>().at(0).ended_by, EndedBy::others);
}

TEST_F(SwitchOtherWire, APeerThatIsStoppedGoesForThatReason) {
  connect();
  const PeerPtr peer = a->peer(*b);
  a->node->stop_peer(b->id(), {conn::Stage::established, PeerReason::misbehaved, "as it did"});
  ASSERT_TRUE(until([&] { return a->peers() == 0 && b->peers() == 0; }));
  ASSERT_TRUE(until([&] { return a->reactor->removes() == 1; }));
  EXPECT_EQ(a->reactor->last_reason().detail, "as it did");
  EXPECT_EQ(a->events<Gone>().at(0).why.reason, PeerReason::misbehaved);
  EXPECT_EQ(b->events<Gone>().at(0).why.reason, Reason::closed_by_remote);
  EXPECT_FALSE(peer->is_open());
  EXPECT_EQ(peer->try_send(kEcho, Bytes(1)), SendResult::closed);
}

TEST_F(SwitchOtherWire, AFullInboxHoldsTheSenderBackAndLosesNothing) {
  SwitchConfig small = node_config();
  small.inbox.per_peer_bytes = 3000;
  start(node_config(), small);
  std::vector<Message> held;
  bool hold = true;
  b->reactor->on_receive = [&](const PeerPtr&, Message message) {
    if (hold) held.push_back(std::move(message));
  };
  a->node->dial(b->address());
  ASSERT_TRUE(until([&] { return a->peer(*b) && b->peer(*a); }));
  for (int i = 0; i < 16; ++i) {
    ASSERT_EQ(a->peer(*b)->try_send(kEcho, Bytes(1000, 1)), SendResult::queued);
  }
  world.run_for(5s);
  EXPECT_EQ(b->reactor->received(), 3u);
  EXPECT_EQ(a->peer(*b)->status().connection.queued_bytes, 13'000u);
  hold = false;
  held.clear();
  ASSERT_TRUE(until([&] { return b->reactor->received() == 16; }));
}

TEST_F(SwitchOtherWire, AdmissionRefusesItsNodesAsAnyOthers) {
  SwitchConfig full = node_config();
  full.p2p.max_num_inbound_peers = 0;
  start(node_config(), full);
  conn::HostAddress wrong = b->address();
  wrong.id = conn::NodeId::of(test::numbered_key(3).public_key());
  a->node->dial(wrong);
  ASSERT_TRUE(until([&] { return a->dial_failure() == Reason::wrong_id; }));
  a->node->dial(b->address());
  ASSERT_TRUE(until([&] { return b->refusal() == PeerReason::no_free_slot; }));
  ASSERT_TRUE(until([&] { return a->peers() == 0; }));
  EXPECT_EQ(b->reactor->inits(), 0u);
}

TEST_F(SwitchOtherWire, ANodeOfSeveralNetworksAnswersWithTheDiallersOwn) {
  SwitchConfig several = node_config();
  several.networks = {"first-chain", "test-chain"};
  start(node_config(), several);
  a->node->dial(b->address());
  ASSERT_TRUE(until([&] { return a->peer(*b) && b->peer(*a); }));
  EXPECT_EQ(b->peer(*a)->network(), "test-chain");
}

}  // namespace
}  // namespace peerage::p2p
