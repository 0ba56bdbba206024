// The switch on the simulated network: connecting, talking, stopping.
#include <gtest/gtest.h>

#include "tests/support/sim_node.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::IpAddress;
using conn::Reason;
using test::kEcho;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

struct SwitchTest : testing::Test {
  sim::SimWorld world{11};
  sim::SimHost& host_a = world.add_host({IpAddress::v4(10, 1, 0, 1)}, 2);
  sim::SimHost& host_b = world.add_host({IpAddress::v4(10, 2, 0, 1)}, 2);
  sim::SimHost& host_c = world.add_host({IpAddress::v4(10, 3, 0, 1)}, 2);

  bool until(const std::function<bool()>& done, conn::Duration limit = 30s) {
    return world.run_until(done, limit);
  }
  void expect_no_breach(const SimNode& node) {
    EXPECT_EQ(node.reactor->breaches(), std::vector<std::string>{});
  }
};

TEST_F(SwitchTest, ADialledNodeBecomesAPeerOnBothSides) {
  SimNode a(host_a, 1), b(host_b, 2);
  a.start();
  b.start();
  ASSERT_TRUE(until([&] { return a.started && b.started; }));
  ASSERT_TRUE(a.started->has_value());
  a.node->dial(b.address());
  ASSERT_TRUE(until([&] { return a.reactor->adds() == 1 && b.reactor->adds() == 1; }));
  const PeerPtr b_at_a = a.peer(b), a_at_b = b.peer(a);
  ASSERT_TRUE(b_at_a && a_at_b);
  EXPECT_EQ(b_at_a->direction(), Direction::outbound);
  EXPECT_EQ(a_at_b->direction(), Direction::inbound);
  EXPECT_EQ(b_at_a->network(), "test-chain");
  EXPECT_EQ(b_at_a->public_key(), test::numbered_key(2).public_key());
  EXPECT_EQ(b_at_a->id(), b.id());
  EXPECT_EQ(a_at_b->socket().ip, host_a.address());
  EXPECT_EQ(a.events<Connected>().size(), 1u);
  EXPECT_EQ(a.events<Dialled>().size(), 1u);
}

TEST_F(SwitchTest, MessagesArriveInOrderOnBothSides) {
  SimNode a(host_a, 1), b(host_b, 2);
  a.reactor->keep_messages();
  b.reactor->keep_messages();
  a.start();
  b.start();
  until([&] { return a.started && b.started; });
  a.node->dial(b.address());
  ASSERT_TRUE(until([&] { return a.peer(b) && b.peer(a); }));
  std::vector<Bytes> sent;
  for (std::uint8_t i = 1; i <= 10; ++i) {
    sent.push_back(Bytes(1000u * i, i));
    ASSERT_EQ(a.peer(b)->try_send(kEcho, sent.back()), conn::SendResult::queued);
    ASSERT_EQ(b.peer(a)->try_send(kEcho, sent.back()), conn::SendResult::queued);
  }
  ASSERT_TRUE(until([&] { return a.reactor->received() == 10 && b.reactor->received() == 10; }));
  EXPECT_EQ(a.reactor->messages(), sent);
  EXPECT_EQ(b.reactor->messages(), sent);
  EXPECT_EQ(a.peer(b)->status().inbox_bytes, 0u);
}

TEST_F(SwitchTest, StoppingEndsEveryPeerAndDeliversWhatWasQueued) {
  SimNode a(host_a, 1), b(host_b, 2);
  a.start();
  b.start();
  until([&] { return a.started && b.started; });
  a.node->dial(b.address());
  ASSERT_TRUE(until([&] { return a.peer(b) && b.peer(a); }));
  a.peer(b)->try_send(kEcho, Bytes(100'000, 7));
  a.stop();
  ASSERT_TRUE(until([&] { return a.stopped; }));
  ASSERT_TRUE(until([&] { return b.peers() == 0; }));
  EXPECT_EQ(b.reactor->received_bytes(), 100'000u);
  EXPECT_EQ(a.reactor->removes(), 1u);
  EXPECT_EQ(a.reactor->last_reason().reason, Reason::stopped_locally);
  EXPECT_TRUE(a.reactor->stopped());
  EXPECT_EQ(b.reactor->removes(), 1u);
  EXPECT_EQ(b.reactor->last_reason().reason, Reason::closed_by_remote);
  expect_no_breach(a);
  expect_no_breach(b);
}

}  // namespace
}  // namespace peerage::p2p
