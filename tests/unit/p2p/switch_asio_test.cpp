// Switches on real sockets and threads: what the simulated network cannot show.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <thread>

#include <asio/executor_work_guard.hpp>
#include <gtest/gtest.h>

#include "conn/runtime/asio_runtime.h"
#include "p2p/base/peer_reason.h"
#include "tests/support/peers.h"
#include "tests/support/sim_node.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::Cidr;
using conn::IpAddress;
using conn::Reason;
using test::kEcho;
using test::RecordingReactor;
using namespace std::chrono_literals;

// Waits for something that other threads do. The limit is for when it never happens.
bool eventually(const std::function<bool()>& done, std::chrono::seconds limit = 60s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

SwitchConfig loopback_config(std::uint8_t c = 0, std::uint8_t d = 1) {
  SwitchConfig config;
  config.networks = {"test-chain"};
  config.p2p.laddr = "tcp://127.9." + std::to_string(static_cast<int>(c)) + "." +
                     std::to_string(static_cast<int>(d)) + ":0";
  config.p2p.allow_duplicate_ip = true;
  return config;
}

struct Node {
  Node(conn::Runtime& runtime, std::uint32_t number, const SwitchConfig& config,
       Delivery delivery = Delivery::executor)
      : reactor(std::make_shared<RecordingReactor>(std::vector<ReactorChannel>{{.id = kEcho}},
                                                   delivery)),
        node(runtime, test::numbered_key(number), config) {
    node.add_reactor(reactor);
  }
  conn::HostAddress address() const {
    const conn::NetAddress listening = node.listen_address();
    return {listening.id, listening.endpoint.ip.to_string(), listening.endpoint.port};
  }
  std::shared_ptr<RecordingReactor> reactor;
  Switch node;
};

TEST(SwitchOnSockets, TwoHundredPeersOnOneSwitchTalkComeAndGo) {
  constexpr std::uint32_t kPeers = 200;
  conn::AsioRuntime hub_runtime(2), peer_runtime(2);
  SwitchConfig config = loopback_config();
  config.p2p.max_num_outbound_peers = kPeers;
  Node hub(hub_runtime, 1, config);
  ASSERT_TRUE(hub.node.start_and_wait());
  std::atomic<std::size_t> echoed = 0;
  hub.reactor->on_receive = [&](const PeerPtr&, const Message&) { ++echoed; };

  std::vector<std::unique_ptr<Node>> peers;
  for (std::uint32_t i = 0; i < kPeers; ++i) {
    peers.push_back(std::make_unique<Node>(peer_runtime, 100 + i,
                                           loopback_config(static_cast<std::uint8_t>(1 + i / 100),
                                                           static_cast<std::uint8_t>(1 + i % 100)),
                                           Delivery::in_line));
    peers.back()->reactor->on_receive = [](const PeerPtr& peer, Message message) {
      peer->try_send(kEcho, std::move(message.bytes));
    };
    ASSERT_TRUE(peers.back()->node.start_and_wait());
    hub.node.dial(peers.back()->address());
  }
  ASSERT_TRUE(eventually([&] { return hub.node.snapshot()->peers.size() == kPeers; }));

  // Broadcasts from several threads at once, while status is read and some peers go.
  std::atomic<bool> stop = false;
  std::thread monitor([&] {
    while (!stop) {
      for (const PeerPtr& peer : hub.node.peers()) (void)peer->status();
    }
  });
  std::atomic<std::size_t> queued = 0;
  std::vector<std::thread> senders;
  for (int t = 0; t < 3; ++t) {
    senders.emplace_back([&] {
      for (int i = 0; i < 5; ++i) queued += hub.node.broadcast(kEcho, Bytes(1500, 1)).queued;
    });
  }
  for (auto& sender : senders) sender.join();
  EXPECT_TRUE(eventually([&] { return echoed == queued; }));
  EXPECT_EQ(queued, 15u * kPeers);
  for (std::uint32_t i = 0; i < 20; ++i) {
    hub.node.stop_peer(peers[i]->node.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
    peers[40 + i]->node.stop();
    hub.node.ban(*Cidr::parse("127.9.1." + std::to_string(70 + i)), 1h, "a test");
    hub.node.dial(peers[i]->address());
  }
  EXPECT_TRUE(eventually([&] { return hub.reactor->removes() >= 60; }));
  stop = true;
  monitor.join();
  hub.node.stop_and_wait();
  for (const auto& peer : peers) peer->node.stop_and_wait();
  EXPECT_EQ(hub.reactor->inits(), hub.reactor->removes());
  EXPECT_EQ(hub.reactor->breaches(), std::vector<std::string>{});
  for (const auto& peer : peers) {
    EXPECT_EQ(peer->reactor->inits(), peer->reactor->removes());
    EXPECT_EQ(peer->reactor->breaches(), std::vector<std::string>{});
  }
}

// Its connection may have been read to the end before the control shard has shown it.
TEST(SwitchOnSockets, APeerThatSendsAndGoesAtOnceIsHeardInFull) {
  constexpr std::uint32_t kSenders = 60;
  constexpr std::size_t kMessages = 50;
  conn::AsioRuntime hub_runtime(3), runtime(2);
  SwitchConfig config = loopback_config();
  config.p2p.max_num_inbound_peers = kSenders;
  Node hub(hub_runtime, 1, config, Delivery::in_line);
  ASSERT_TRUE(hub.node.start_and_wait());
  std::vector<std::unique_ptr<Switch>> senders;
  for (std::uint32_t i = 0; i < kSenders; ++i) {
    auto reactor = std::make_shared<RecordingReactor>(
        std::vector<ReactorChannel>{{.id = kEcho, .send_queue_messages = kMessages}},
        Delivery::in_line);
    reactor->on_add = [weak = std::weak_ptr(reactor)](const PeerPtr& peer) {
      for (std::size_t m = 0; m < kMessages; ++m) peer->try_send(kEcho, Bytes(64, 1));
      if (const auto self = weak.lock()) self->context().get_switch().disconnect(peer->id());
    };
    senders.push_back(
        std::make_unique<Switch>(runtime, test::numbered_key(100 + i),
                                 loopback_config(1, static_cast<std::uint8_t>(1 + i))));
    senders.back()->add_reactor(reactor);
    ASSERT_TRUE(senders.back()->start_and_wait());
    senders.back()->dial(hub.address());
    // A few at a time: no more handshakes of one neighbourhood may be under way.
    ASSERT_TRUE(eventually([&] { return hub.reactor->removes() + 4 > i; }));
  }
  EXPECT_TRUE(eventually([&] { return hub.reactor->removes() == kSenders; }));
  EXPECT_EQ(hub.reactor->received(), kSenders * kMessages);
  for (const auto& sender : senders) sender->stop_and_wait();
  hub.node.stop_and_wait();
  EXPECT_EQ(hub.reactor->breaches(), std::vector<std::string>{});
}

TEST(SwitchOnSockets, TwoSwitchesInOneProcessShareARuntimeOfSeveralShards) {
  conn::AsioRuntime runtime(3);
  Node a(runtime, 1, loopback_config(0, 1)), b(runtime, 2, loopback_config(0, 2));
  ASSERT_TRUE(a.node.start_and_wait());
  ASSERT_TRUE(b.node.start_and_wait());
  // At the same time, both ways, from other threads.
  std::thread first([&] { a.node.dial(b.address()); });
  std::thread second([&] { b.node.dial(a.address()); });
  first.join();
  second.join();
  ASSERT_TRUE(eventually([&] {
    return a.node.snapshot()->peers.size() == 1 && b.node.snapshot()->peers.size() == 1;
  }));
  // One of the two connections may be about to be dropped, with what was sent on it.
  EXPECT_TRUE(eventually([&] {
    a.node.broadcast(kEcho, Bytes(100, 1));
    return b.reactor->received() > 0;
  }));
  EXPECT_EQ(a.node.snapshot()->peers.size(), 1u);
}

TEST(SwitchOnSockets, ASwitchIsDestroyedAtAnyMoment) {
  conn::AsioRuntime runtime(2);
  Node b(runtime, 2, loopback_config(0, 2));
  ASSERT_TRUE(b.node.start_and_wait());
  for (std::uint32_t i = 0; i < 60; ++i) {
    auto a = std::make_unique<Node>(runtime, 3 + i, loopback_config(0, 3));
    if (i % 4 == 0) {
      a->node.start();  // and not waited for
    } else {
      ASSERT_TRUE(a->node.start_and_wait());
    }
    if (i % 2 == 0) a->node.dial(b.address());
    std::this_thread::sleep_for(std::chrono::microseconds(i * 50));
    const auto reactor = a->reactor;
    a.reset();
    EXPECT_EQ(reactor->inits(), reactor->removes());
    EXPECT_EQ(reactor->breaches(), std::vector<std::string>{});
  }
}

// Two nodes, everything between them full: b's reactor does not release what it gets.
struct SwitchOnFullSockets : testing::Test {
  conn::AsioRuntime runtime{2};
  Node a{runtime, 1, loopback_config(0, 1)};
  Node b{runtime, 2, loopback_config(0, 2)};
  const std::shared_ptr<const Bytes> message = std::make_shared<const Bytes>(Bytes(500'000, 1));
  PeerPtr peer;                // b, as a sees it
  std::promise<void> release;  // of what b holds; last, for it goes with the fixture

  void SetUp() override {
    ASSERT_TRUE(a.node.start_and_wait());
    ASSERT_TRUE(b.node.start_and_wait());
    b.reactor->on_receive = [released = release.get_future().share()](
                                const PeerPtr&, const Message&) { released.wait(); };
    a.node.dial(b.address());
    ASSERT_TRUE(eventually([this] { return a.node.snapshot()->peers.size() == 1; }));
    peer = a.node.snapshot()->peers.front();
    const auto is_queued = [this] {
      return peer->try_send(kEcho, message) == conn::SendResult::queued;
    };
    while (eventually(is_queued, 2s)) {
    }
  }
  // A send on a thread of the host.
  std::future<conn::SendResult> send() {
    return std::async(std::launch::async, [this] { return peer->send(kEcho, message, 1h); });
  }
};

TEST_F(SwitchOnFullSockets, SendWaitsForRoomOnAThreadOfTheHostAndNeverOnANetworkThread) {
  std::promise<conn::SendResult> answer;
  runtime.shard(1).post([&] { answer.set_value(peer->send(kEcho, message, 1h)); });
  auto refused = answer.get_future();
  ASSERT_EQ(refused.wait_for(30s), std::future_status::ready);
  EXPECT_EQ(refused.get(), conn::SendResult::channel_full);
  auto sent = send();
  EXPECT_EQ(sent.wait_for(200ms), std::future_status::timeout);
  release.set_value();
  EXPECT_EQ(sent.get(), conn::SendResult::queued);
}

TEST_F(SwitchOnFullSockets, AWaitForRoomEndsWithThePeer) {
  auto sent = send();
  a.node.stop_peer(peer->id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  EXPECT_EQ(sent.get(), conn::SendResult::closed);
}

TEST_F(SwitchOnFullSockets, AWaitForRoomEndsWithTheRuntime) {
  auto sent = send();
  std::thread stopper([this] { runtime.stop(); });
  EXPECT_EQ(sent.get(), conn::SendResult::closed);
  release.set_value();  // what b's reactor has begun is waited for
  stopper.join();
}

// As a crash: the reactor is in the midst of a call when all is taken away.
TEST(SwitchOnSockets, ARuntimeStopsWhenReactorsHaveReturnedAndThenEverythingMayGo) {
  conn::AsioRuntime others(1);
  Node b(others, 2, loopback_config(0, 2));
  ASSERT_TRUE(b.node.start_and_wait());
  for (int i = 0; i < 10; ++i) {
    auto runtime = std::make_unique<conn::AsioRuntime>(2);
    auto a = std::make_unique<Node>(*runtime, 1, loopback_config(0, 1));
    std::promise<void> called;
    std::atomic<bool> returned = false;
    a->reactor->on_add = [&](const PeerPtr&) {
      called.set_value();
      std::this_thread::sleep_for(20ms);
      a->node.broadcast(kEcho, Bytes(10, 1));
      returned = true;
    };
    ASSERT_TRUE(a->node.start_and_wait());
    a->node.dial(b.address());
    called.get_future().wait();
    runtime->stop();
    EXPECT_TRUE(returned);
    a.reset();
    runtime.reset();
  }
}

TEST(SwitchOnSockets, DestroyedWhileItsRuntimeStopsItWaitsForWhatReactorsHaveBegun) {
  conn::AsioRuntime others(1);
  Node b(others, 2, loopback_config(0, 2));
  ASSERT_TRUE(b.node.start_and_wait());
  conn::AsioRuntime runtime(2);
  auto a = std::make_unique<Node>(runtime, 1, loopback_config(0, 1));
  const auto reactor = a->reactor;
  std::promise<void> called;
  std::atomic<bool> returned = false;
  reactor->on_add = [&, node = &a->node](const PeerPtr&) {
    called.set_value();
    std::this_thread::sleep_for(100ms);
    node->broadcast(kEcho, Bytes(10, 1));
    returned = true;
  };
  ASSERT_TRUE(a->node.start_and_wait());
  a->node.dial(b.address());
  called.get_future().wait();
  // On a shard, where stopping does not wait.
  runtime.shard(0).post([&] { runtime.stop(); });
  while (!runtime.stopped()) std::this_thread::yield();
  a.reset();
  EXPECT_TRUE(returned);
}

// Stops the runtime while something is at work there, which `release` then lets end.
void stop_around(conn::AsioRuntime& runtime, std::promise<void>& release) {
  std::thread stopper([&runtime] { runtime.stop(); });
  while (!runtime.stopped()) std::this_thread::yield();
  release.set_value();
  stopper.join();
}

TEST(SwitchOnSockets, ATaskThatTheRuntimesStopOvertakesMayOwnASwitch) {
  conn::AsioRuntime runtime(2);
  auto a = std::make_shared<Node>(runtime, 1, loopback_config(0, 1));
  ASSERT_TRUE(a->node.start_and_wait());
  const std::weak_ptr<RecordingReactor> reactor = a->reactor;
  const auto executor = runtime.make_executor();
  std::promise<void> release;
  executor->post([released = release.get_future().share()] { released.wait(); });
  executor->post([a = std::exchange(a, nullptr)] { ADD_FAILURE() << "overtaken"; });
  stop_around(runtime, release);
  EXPECT_TRUE(reactor.expired());
}

TEST(SwitchOnSockets, AStopThatTheRuntimesStopOvertakesLeavesNothingBehind) {
  conn::AsioRuntime others(1);
  Node b(others, 2, loopback_config(0, 2));
  ASSERT_TRUE(b.node.start_and_wait());
  std::weak_ptr<RecordingReactor> reactor;
  {
    conn::AsioRuntime runtime(2);
    Node a(runtime, 1, loopback_config(0, 1));
    reactor = a.reactor;
    std::promise<void> release;
    a.reactor->on_stop = [released = release.get_future().share()] { released.wait(); };
    ASSERT_TRUE(a.node.start_and_wait());
    a.node.dial(b.address());
    ASSERT_TRUE(eventually([&] { return a.node.snapshot()->peers.size() == 1; }));
    a.node.stop();
    ASSERT_TRUE(eventually([&] { return a.reactor->stopped(); }));
    stop_around(runtime, release);
  }
  EXPECT_TRUE(reactor.expired());
}

TEST(SwitchOnSockets, ASwitchIsDestroyedWhileOtherShardsShakeHandsForIt) {
  conn::AsioRuntime runtime(3), others(1);
  for (std::uint32_t i = 0; i < 10; ++i) {
    Node a(runtime, 1, loopback_config(0, 1));
    ASSERT_TRUE(a.node.start_and_wait());
    std::vector<std::unique_ptr<Node>> dialling;
    for (std::uint32_t j = 0; j < 8; ++j) {
      dialling.push_back(std::make_unique<Node>(
          others, 10 + j, loopback_config(1, static_cast<std::uint8_t>(1 + j))));
      ASSERT_TRUE(dialling.back()->node.start_and_wait());
    }
    for (const auto& each : dialling) each->node.dial(a.address());
    std::this_thread::sleep_for(std::chrono::microseconds(500 * i));
  }
}

// As a host that cannot wait for its switches' end.
TEST(SwitchOnSockets, AHostsContextMayEndFirstAndKeepWhatWaitsThere) {
  std::weak_ptr<RecordingReactor> reactor;
  {
    asio::io_context host;
    const auto work = asio::make_work_guard(host);
    conn::AsioRuntime runtime(host);
    Node a(runtime, 1, loopback_config(0, 1));
    reactor = a.reactor;
    std::promise<conn::Result<void>> started;
    a.node.start([&](const conn::Result<void>& outcome) { started.set_value(outcome); });
    std::thread thread([&] { host.run(); });
    EXPECT_TRUE(started.get_future().get());
    host.stop();
    thread.join();
    a.node.dial(a.address());  // waits in the host's queue
    runtime.stop();
  }
  EXPECT_TRUE(reactor.expired());
}

TEST(SwitchOnSockets, AStartThatTheRuntimesStopOvertakesDoesNotHang) {
  conn::AsioRuntime runtime(1);
  Node a(runtime, 1, loopback_config(0, 1));
  std::promise<void> release;
  runtime.shard(0).post([released = release.get_future().share()] { released.wait(); });
  auto started = std::async(std::launch::async, [&] { return a.node.start_and_wait(); });
  EXPECT_EQ(started.wait_for(100ms), std::future_status::timeout);
  stop_around(runtime, release);
  const auto outcome = started.get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, Reason::stopping);
}

TEST(SwitchOnSockets, StoppedWithItsRuntimeGoneItDoesNotHang) {
  auto runtime = std::make_unique<conn::AsioRuntime>(1);
  Node a(*runtime, 1, loopback_config(0, 1));
  ASSERT_TRUE(a.node.start_and_wait());
  runtime->stop();
  EXPECT_FALSE(a.node.start_and_wait());
  a.node.stop_and_wait();
}

TEST(SwitchOnSockets, AReactorThatIsCalledOnTheNetworkThreadMaySendAndStopFromThere) {
  conn::AsioRuntime runtime(2);
  Node a(runtime, 1, loopback_config(0, 1), Delivery::in_line);
  Node b(runtime, 2, loopback_config(0, 2), Delivery::in_line);
  ASSERT_TRUE(a.node.start_and_wait());
  ASSERT_TRUE(b.node.start_and_wait());
  b.reactor->on_add = [](const PeerPtr& peer) { peer->send(kEcho, Bytes(10, 1)); };
  a.reactor->on_receive = [&](const PeerPtr& peer, const Message&) {
    a.node.stop_peer(peer->id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  };
  a.node.dial(b.address());
  EXPECT_TRUE(eventually([&] { return a.reactor->removes() == 1 && b.reactor->removes() == 1; }));
}

}  // namespace
}  // namespace peerage::p2p
