// Reactors that are slow, that throw, that keep messages: nothing else notices.
#include <map>
#include <stdexcept>
#include <string>

#include "p2p/base/peer_reason.h"
#include "tests/support/log_lines.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::ChannelId;
using test::node_config;
using test::RecordingReactor;
using test::SimNode;
using namespace std::chrono_literals;

constexpr ChannelId kSlow{0x50}, kQuick{0x51};

struct SwitchReactor : test::SwitchFixture {
  // A node with a slow reactor (its recorder) and a quick one.
  struct Pair {
    std::shared_ptr<RecordingReactor> slow;
    std::shared_ptr<RecordingReactor> quick;
  };
  std::vector<Pair> pairs;
  unsigned last_number = 0;

  SimNode& add_pair(FullInbox when_full, std::size_t inbox_bytes = 1u << 20) {
    Pair pair;
    const ReactorChannel quick = {
        .id = kQuick, .send_queue_messages = 10'000, .send_queue_bytes = 64u << 20};
    ReactorChannel slow = quick;
    slow.id = kSlow;
    slow.when_full = when_full;
    slow.inbox_bytes = inbox_bytes;
    pair.slow = std::make_shared<RecordingReactor>(std::vector{slow});
    pair.quick =
        std::make_shared<RecordingReactor>(std::vector{quick}, Delivery::executor, "quick");
    const auto number = static_cast<std::uint8_t>(++last_number);
    hosts.push_back(&world.add_host({conn::IpAddress::v4(10, number, 0, 1)}));
    SwitchConfig config = node_config();
    config.send_queue.per_peer_bytes = 64u << 20;
    nodes.push_back(std::make_unique<SimNode>(*hosts.back(), number, config, pair.slow));
    nodes.back()->node->add_reactor(pair.quick);
    nodes.back()->start();
    until([&] { return nodes.back()->started.has_value(); });
    pairs.push_back(pair);
    return *nodes.back();
  }
};

TEST_F(SwitchReactor, AReactorThatBlocksForTwoMinutesHoldsUpNothingElse) {
  SimNode& a = add_pair(FullInbox::back_pressure);
  SimNode& b = add_pair(FullInbox::back_pressure);
  ASSERT_TRUE(connect(a, b));
  pairs[1].slow->on_receive = [&](const PeerPtr&, const Message&) {
    hosts[1]->block_executor(120s);
  };
  a.peer(b)->try_send(kSlow, Bytes(1000, 1));
  world.run_for(1s);
  // Two megabytes for the blocked reactor, which fit the peer's inbox, and a stream for the other.
  for (int i = 0; i < 20; ++i) a.peer(b)->try_send(kSlow, Bytes(100'000, 1));
  for (int second = 0; second < 115; ++second) {
    a.peer(b)->try_send(kQuick, Bytes(50'000, 2));
    world.run_for(1s);
  }
  EXPECT_EQ(pairs[1].slow->received(), 1u);
  EXPECT_GE(pairs[1].quick->received(), 114u);
  EXPECT_TRUE(connected(a, b));
  EXPECT_TRUE(a.peer(b)->round_trip());
  EXPECT_LT(*a.peer(b)->round_trip(), 100ms);
  EXPECT_LE(b.peer(a)->status().inbox_bytes, 4u << 20);
  pairs[1].slow->on_receive = nullptr;
  EXPECT_TRUE(until([&] { return pairs[1].slow->received() == 21; }, 130s));
}

TEST_F(SwitchReactor, BackPressureBoundsTheMemoryKeepsThePeerAndLosesNothing) {
  SimNode& a = add_pair(FullInbox::back_pressure);
  SimNode& b = add_pair(FullInbox::back_pressure);
  ASSERT_TRUE(connect(a, b));
  pairs[1].slow->on_receive = [&](const PeerPtr&, const Message&) {
    if (pairs[1].slow->received() == 1) hosts[1]->block_executor(120s);
  };
  std::size_t queued = 1;
  a.peer(b)->try_send(kSlow, Bytes(1000, 1));
  world.run_for(1s);
  for (int i = 1; i < 300; ++i) {
    queued += a.peer(b)->try_send(kSlow, Bytes(100'000, 1)) == conn::SendResult::queued ? 1 : 0;
  }
  ASSERT_EQ(queued, 300u);
  std::size_t most = 0;
  for (int second = 0; second < 115; ++second) {
    world.run_for(1s);
    most = std::max(most, b.peer(a)->status().inbox_bytes);
    ASSERT_TRUE(connected(a, b)) << second;
  }
  EXPECT_GT(most, 3u << 20);
  EXPECT_LE(most, (4u << 20) + 200'000);
  EXPECT_TRUE(until([&] { return pairs[1].slow->received() == queued; }, 120s));
}

TEST_F(SwitchReactor, DroppingTheNewestLetsTheOtherChannelsFlowAtFullRate) {
  SimNode& a = add_pair(FullInbox::drop_newest, 200'000);
  SimNode& b = add_pair(FullInbox::drop_newest, 200'000);
  ASSERT_TRUE(connect(a, b));
  pairs[1].slow->on_receive = [&](const PeerPtr&, const Message&) {
    hosts[1]->block_executor(120s);
  };
  for (int second = 0; second < 115; ++second) {
    for (int i = 0; i < 10; ++i) a.peer(b)->try_send(kSlow, Bytes(100'000, 1));
    for (int i = 0; i < 10; ++i) a.peer(b)->try_send(kQuick, Bytes(100'000, 2));
    world.run_for(1s);
  }
  EXPECT_GE(pairs[1].quick->received(), 1140u);  // of 1150
  EXPECT_GT(b.peer(a)->status().inbox_dropped, 1000u);
  EXPECT_LE(b.peer(a)->status().inbox_bytes, 210'000u);
}

TEST_F(SwitchReactor, ThePolicyToDisconnectEndsThePeer) {
  SimNode& a = add_pair(FullInbox::disconnect, 200'000);
  SimNode& b = add_pair(FullInbox::disconnect, 200'000);
  ASSERT_TRUE(connect(a, b));
  pairs[1].slow->on_receive = [&](const PeerPtr&, const Message&) {
    hosts[1]->block_executor(10s);
  };
  for (int i = 0; i < 10; ++i) a.peer(b)->try_send(kSlow, Bytes(100'000, 1));
  ASSERT_TRUE(until([&] { return b.peers() == 0; }));
  EXPECT_TRUE(until([&] { return pairs[1].quick->removes() == 1; }));
  EXPECT_EQ(pairs[1].quick->last_reason().reason, PeerReason::inbox_full);
}

TEST_F(SwitchReactor, OneThatThrowsLosesThatPeerAndNoOther) {
  const std::map<std::string, std::string> names = {
      {"init", "init_peer"}, {"add", "add_peer"}, {"receive", "receive"}, {"remove", ""}};
  for (const auto& [which, name] : names) {
    SCOPED_TRACE(which);
    nodes.clear();
    hosts.clear();
    pairs.clear();
    SimNode& a = add_pair(FullInbox::back_pressure);
    SimNode& b = add_pair(FullInbox::back_pressure);
    SimNode& c = add_pair(FullInbox::back_pressure);
    ASSERT_TRUE(connect(c, b));
    const auto fail_for_a = [&a](const PeerPtr& peer) {
      if (peer->id() == a.id()) throw std::runtime_error("cannot do this");
    };
    if (which == "init") pairs[1].slow->on_init = fail_for_a;
    if (which == "add") pairs[1].slow->on_add = fail_for_a;
    if (which == "receive") {
      pairs[1].slow->on_receive = [&](const PeerPtr& peer, const Message&) { fail_for_a(peer); };
    }
    if (which == "remove") {
      pairs[1].slow->on_remove = [&](const PeerPtr& peer, const conn::Failure&) {
        fail_for_a(peer);
      };
    }
    a.node->dial(b.address());
    ASSERT_TRUE(until([&] { return a.reactor->inits() == 1; }));
    if (a.peer(b)) a.peer(b)->try_send(kSlow, Bytes(10, 1));
    world.run_for(1s);
    if (which == "remove")
      a.node->stop_peer(b.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
    ASSERT_TRUE(
        until([&] { return pairs[1].slow->removes() == 1 && pairs[1].quick->removes() == 1; }));
    EXPECT_EQ(pairs[1].slow->inits(), 2u);
    if (which != "remove") {
      EXPECT_EQ(pairs[1].quick->last_reason().reason, PeerReason::reactor_failed);
      EXPECT_EQ(pairs[1].quick->last_reason().detail,
                "recorder: " + name + " failed: cannot do this");
    }
    EXPECT_TRUE(connected(c, b));
    EXPECT_EQ(pairs[1].slow->breaches(), std::vector<std::string>{});
    SwitchFixture::TearDown();
  }
}

// The peer has gone for another reason, which all have been told: only the log is left.
TEST_F(SwitchReactor, OneThatThrowsInRemovePeerIsLogged) {
  const auto log = std::make_shared<test::LogLines>();
  log->least = conn::LogLevel::warn;
  SwitchConfig config = node_config();
  config.log = log;
  SimNode& a = add(config);
  SimNode& b = add();
  a.reactor->on_remove = [](const PeerPtr&, const conn::Failure&) {
    throw std::runtime_error("cannot let go");
  };
  ASSERT_TRUE(connect(a, b));
  a.node->stop_peer(b.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  ASSERT_TRUE(until([&] { return a.reactor->removes() == 1; }));
  world.run_for(1s);
  ASSERT_EQ(log->lines.size(), 1u);
  EXPECT_EQ(log->lines[0],
            "warn a reactor failed on a peer that is gone peer=" + b.id().to_string() +
                " why=recorder: remove_peer failed: cannot let go");
}

TEST_F(SwitchReactor, HoldingAMessageHoldsItsRoomAndDroppingItGivesItBack) {
  SimNode& a = add_pair(FullInbox::back_pressure);
  SimNode& b = add_pair(FullInbox::back_pressure);
  ASSERT_TRUE(connect(a, b));
  std::vector<Message> held;
  pairs[1].slow->on_receive = [&](const PeerPtr&, Message message) {
    held.push_back(std::move(message));
  };
  for (int i = 0; i < 100; ++i) a.peer(b)->try_send(kSlow, Bytes(100'000, 1));
  world.run_for(30s);
  EXPECT_LT(held.size(), 50u);
  EXPECT_GE(b.peer(a)->status().inbox_bytes, 4u << 20);
  while (pairs[1].slow->received() < 100) {
    held.clear();
    ASSERT_TRUE(until([&] { return !held.empty(); }));
    world.run_for(10s);
  }
  const PeerPtr peer = b.peer(a);
  held.clear();
  EXPECT_EQ(peer->status().inbox_bytes, 0u);
}

TEST_F(SwitchReactor, APeerKeepsWhatReactorsKeepWithIt) {
  SimNode& a = add_pair(FullInbox::back_pressure);
  SimNode& b = add_pair(FullInbox::back_pressure);
  pairs[0].slow->on_init = [](const PeerPtr& peer) { peer->set("height", 7); };
  ASSERT_TRUE(connect(a, b));
  ASSERT_TRUE(until([&] { return pairs[0].slow->adds() == 1; }));
  EXPECT_EQ(a.peer(b)->get<int>("height"), 7);
  EXPECT_EQ(a.peer(b)->get<std::string>("height"), std::nullopt);
  EXPECT_EQ(a.peer(b)->get<int>("round"), std::nullopt);
}

TEST_F(SwitchReactor, APeerThatIsGoneRefusesToSend) {
  SimNode& a = add_pair(FullInbox::back_pressure);
  SimNode& b = add_pair(FullInbox::back_pressure);
  ASSERT_TRUE(connect(a, b));
  const PeerPtr peer = a.peer(b);
  a.node->stop_peer(b.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  ASSERT_TRUE(until([&] { return a.peers() == 0; }));
  EXPECT_EQ(peer->send(kSlow, Bytes(1, 1)), conn::SendResult::closed);
  EXPECT_FALSE(peer->is_open());
  EXPECT_EQ(a.peer(b), nullptr);
}

}  // namespace
}  // namespace peerage::p2p
