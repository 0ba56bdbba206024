// What a switch counts of what passes: by peer, in all, and of peers that are gone.
#include <chrono>
#include <memory>

#include <gtest/gtest.h>

#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using test::kEcho;
using test::SimNode;
using namespace std::chrono_literals;

struct SwitchTrafficTest : test::SwitchFixture {
  static Traffic total(const SimNode& node) {
    const auto snapshot = node.node->snapshot();
    Traffic sum;
    for (const PeerPtr& peer : snapshot->peers) sum += peer->traffic();
    for (const auto& [network, traffic] : *snapshot->gone) sum += traffic;
    return sum;
  }
};

TEST_F(SwitchTrafficTest, MessagesAndBytesAreCountedAtBothEnds) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  for (std::size_t i = 1; i <= 10; ++i) {
    ASSERT_EQ(a.peer(b)->try_send(kEcho, conn::Bytes(i * 100)), conn::SendResult::queued);
  }
  ASSERT_TRUE(until([&] { return b.reactor->received() == 10; }));
  const Traffic sent = a.peer(b)->traffic();
  const Traffic received = b.peer(a)->traffic();
  ASSERT_EQ(sent.channels.size(), 1u);
  EXPECT_EQ(sent.channels[0].id, kEcho);
  EXPECT_EQ(sent.channels[0].messages_sent, 10u);
  EXPECT_EQ(sent.channels[0].bytes_sent, 5500u);
  EXPECT_EQ(sent.channels[0].messages_received, 0u);
  EXPECT_EQ(received.channels[0].messages_received, 10u);
  EXPECT_EQ(received.channels[0].bytes_received, 5500u);
  EXPECT_GE(sent.wire_sent, 5500u);
  EXPECT_EQ(b.peer(a)->reactor_times().at(0).messages, 10u);
  EXPECT_EQ(b.node->reactors().at(0).stats->wait().count(), 10u);
  EXPECT_EQ(b.node->reactors().at(0).name, "recorder");
}

TEST_F(SwitchTrafficTest, FiguresOfAPeerThatIsGoneStayInTheTotals) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  ASSERT_EQ(a.peer(b)->try_send(kEcho, conn::Bytes(1000)), conn::SendResult::queued);
  ASSERT_TRUE(until([&] { return b.reactor->received() == 1; }));
  const Traffic before = total(a);
  b.stop();
  ASSERT_TRUE(until([&] { return a.peers() == 0; }));
  const Traffic after = total(a);
  EXPECT_EQ(after.channels.at(0).bytes_sent, 1000u);
  EXPECT_GE(after.wire_sent, before.wire_sent);
  EXPECT_GE(after.wire_received, before.wire_received);
  a.stop();
  ASSERT_TRUE(until([&] { return a.stopped; }));
  EXPECT_EQ(total(a).channels.at(0).bytes_sent, 1000u) << "also when it has stopped";
}

TEST_F(SwitchTrafficTest, NoTotalEverFalls) {
  SimNode& a = add();
  Traffic last;
  for (int round = 0; round < 5; ++round) {
    SimNode& b = add();
    ASSERT_TRUE(connect(a, b));
    ASSERT_EQ(b.peer(a)->try_send(kEcho, conn::Bytes(100)), conn::SendResult::queued);
    b.stop();
    for (int i = 0; i < 200; ++i) {
      world.run_for(10ms);
      const Traffic now = total(a);
      ASSERT_GE(now.wire_received, last.wire_received);
      ASSERT_GE(now.wire_sent, last.wire_sent);
      last = now;
    }
    ASSERT_TRUE(until([&] { return a.peers() == 0; }));
  }
  EXPECT_EQ(total(a).channels.at(0).messages_received, 5u);
}

TEST_F(SwitchTrafficTest, RoundTripsOfAllPeersAreCounted) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  world.run_for(5min);
  EXPECT_GE(a.node->round_trips().count(), 4u);
  EXPECT_GT(a.node->round_trips().sum, 0u);
}

TEST_F(SwitchTrafficTest, AMessageTypeThatIsNoLabelIsRefused) {
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(20, 1, 0, 1)});
  Switch node(host, test::numbered_key(77), test::node_config());
  const auto add_with = [&node](const std::string& type) {
    ReactorChannel channel;
    channel.id = conn::ChannelId{0x44};
    channel.message_types = {type};
    node.add_reactor(std::make_shared<test::RecordingReactor>(std::vector{channel}));
  };
  for (const std::string type : {"", "a-b", "a b", "\xc3\xa4"}) {
    EXPECT_THROW(add_with(type), std::invalid_argument) << type;
  }
  EXPECT_THROW(add_with(std::string(65, 'a')), std::invalid_argument);
  EXPECT_NO_THROW(add_with("mempool_Txs"));
}

}  // namespace
}  // namespace peerage::p2p
