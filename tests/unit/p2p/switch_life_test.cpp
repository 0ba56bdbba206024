// Starting and stopping a switch, at any moment and from anywhere.
#include "p2p/base/peer_reason.h"
#include "tests/support/log_lines.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::IpAddress;
using conn::Reason;
using test::kEcho;
using test::node_config;
using test::RecordingReactor;
using test::SimNode;
using namespace std::chrono_literals;

using SwitchLife = test::SwitchFixture;

TEST_F(SwitchLife, AnAddressThatIsTakenFailsTheStartWithTheReasonAndStopsTheReactors) {
  SimNode& first = add();
  auto& host = host_of(first);
  SimNode second(host, 9);
  second.start();
  ASSERT_TRUE(until([&] { return second.started.has_value(); }));
  ASSERT_FALSE(second.started->has_value());
  EXPECT_EQ(second.started->error().reason, Reason::address_in_use);
  EXPECT_TRUE(until([&] { return second.reactor->stopped(); }));
}

TEST_F(SwitchLife, AReactorThatThrowsAtItsStartFailsTheStart) {
  struct Thrower : RecordingReactor {
    void start(ReactorContext&) override { throw std::runtime_error("no disk"); }
    void stop() override {}
  };
  auto& host = world.add_host({IpAddress::v4(10, 99, 0, 1)});
  SimNode node(host, 9, node_config(), std::make_shared<Thrower>());
  node.start();
  ASSERT_TRUE(until([&] { return node.started.has_value(); }));
  ASSERT_FALSE(node.started->has_value());
  EXPECT_EQ(node.started->error().reason, PeerReason::reactor_failed);
  EXPECT_EQ(
      node.started->error().text(),
      "configuration: a reactor failed in one of its calls (recorder: start failed: no disk)");
  node.stop();
  EXPECT_TRUE(until([&] { return node.stopped; }));
}

TEST_F(SwitchLife, ReactorsThatThrowAtTheirStopAreLoggedAndDoNotHoldItUp) {
  struct Thrower : RecordingReactor {
    explicit Thrower(std::uint8_t channel, const std::string& name)
        : RecordingReactor({{.id = conn::ChannelId{channel}}}, Delivery::executor, name) {}
    void stop() override { throw std::runtime_error("no disk"); }
  };
  const auto log = std::make_shared<test::LogLines>();
  log->least = conn::LogLevel::warn;
  SwitchConfig config = node_config();
  config.log = log;
  auto& host = world.add_host({IpAddress::v4(10, 99, 0, 1)});
  SimNode node(host, 9, config, std::make_shared<Thrower>(0x70, "mempool"));
  node.node->add_reactor(std::make_shared<Thrower>(0x71, "votes"));
  node.start();
  ASSERT_TRUE(until([&] { return node.started.has_value(); }));
  node.stop();
  ASSERT_TRUE(until([&] { return node.stopped; }));
  ASSERT_EQ(log->lines.size(), 1u);
  EXPECT_EQ(log->lines[0],
            "error the stop of a reactor failed why=configuration: a reactor failed in one of its "
            "calls (mempool: stop failed: no disk; votes: stop failed: no disk)");
}

TEST_F(SwitchLife, StartedTwiceItSaysSoAndAfterItsStopThatItHasBeenStopped) {
  SimNode& a = add();
  const auto start_again = [&] {
    std::optional<conn::Result<void>> again;
    a.node->start([&again](const conn::Result<void>& outcome) { again = outcome; });
    EXPECT_TRUE(until([&] { return again.has_value(); }));
    return again && !*again ? again->error() : conn::Failure{};
  };
  const conn::Failure twice = start_again();
  EXPECT_EQ(twice.reason, Reason::invalid_argument);
  EXPECT_EQ(twice.detail, "it has been started before");
  // The first start goes on, and a stop that is under way counts.
  EXPECT_TRUE(a.node->snapshot()->free_outbound > 0);
  a.stop();
  EXPECT_EQ(start_again().detail, "it has been stopped");
  ASSERT_TRUE(until([&] { return a.stopped; }));
  EXPECT_EQ(start_again().detail, "it has been stopped");
}

TEST_F(SwitchLife, OneThatIsAskedToStopByTheCallbackOfItsStopAnswersThat) {
  SimNode& a = add();
  bool told = false;
  a.node->stop([&] { a.node->stop([&] { told = true; }); });
  EXPECT_TRUE(until([&] { return told; }));
}

TEST_F(SwitchLife, ItCanBeStoppedBeforeItsStartAndIsNotStartedAfterThat) {
  auto& host = world.add_host({IpAddress::v4(10, 99, 0, 1)});
  SimNode node(host, 9);
  node.stop();
  ASSERT_TRUE(until([&] { return node.stopped; }));
  node.start();
  ASSERT_TRUE(until([&] { return node.started.has_value(); }));
  EXPECT_FALSE(node.started->has_value());
  EXPECT_EQ(node.reactor->inits(), 0u);
}

TEST_F(SwitchLife, StoppedWhileItStartsItReportsBoth) {
  auto& host = world.add_host({IpAddress::v4(10, 99, 0, 1)});
  SimNode node(host, 9);
  node.start();
  node.stop();
  ASSERT_TRUE(until([&] { return node.stopped && node.started.has_value(); }));
  EXPECT_FALSE(node.started->has_value());
  EXPECT_TRUE(node.reactor->stopped());
}

TEST_F(SwitchLife, EveryCallerThatAsksForTheStopLearnsOfItsEnd) {
  SimNode& a = add();
  int told = 0;
  for (int i = 0; i < 3; ++i) a.node->stop([&] { ++told; });
  ASSERT_TRUE(until([&] { return told == 3; }));
  a.node->stop([&] { ++told; });
  EXPECT_TRUE(until([&] { return told == 4; }));
}

TEST_F(SwitchLife, ItCanBeStoppedFromAReactorsCallAndFromAnEventHandler) {
  SimNode& a = add();
  SimNode& b = add();
  SimNode& c = add();
  a.reactor->on_add = [&](const PeerPtr&) { a.stop(); };
  bool asked = false;
  c.node->stop_peer(b.id(), {});  // of an unknown node: nothing
  ASSERT_TRUE(connect(c, b));
  b.reactor->on_remove = [&](const PeerPtr&, const conn::Failure&) {
    if (!std::exchange(asked, true)) b.stop();
  };
  a.node->dial(c.address());
  ASSERT_TRUE(until([&] { return a.stopped; }));
  c.node->stop_peer(b.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  ASSERT_TRUE(until([&] { return b.stopped; }));
  EXPECT_EQ(b.peers(), 0u);
}

TEST_F(SwitchLife, DestroyedInACallbackItStopsSoonAfter) {
  SimNode& a = add();
  SimNode& b = add();
  bool destroyed = false;
  a.reactor->on_receive = [&](const PeerPtr&, const Message&) {
    a.node.reset();
    destroyed = true;
  };
  ASSERT_TRUE(connect(b, a));
  b.peer(a)->try_send(kEcho, Bytes(10, 1));
  ASSERT_TRUE(until([&] { return destroyed; }));
  ASSERT_TRUE(until([&] { return b.peers() == 0 && a.reactor->stopped(); }));
  EXPECT_EQ(a.reactor->removes(), 1u);
}

TEST_F(SwitchLife, ADialThatIsAskedForBeforeTheStartBeginsWithIt) {
  SimNode& b = add();
  auto& host = world.add_host({IpAddress::v4(10, 99, 0, 1)});
  SimNode a(host, 9);
  a.node->dial(b.address());
  world.run_for(1s);
  EXPECT_EQ(a.events<Dialled>().size(), 0u);
  a.start();
  EXPECT_TRUE(until([&] { return connected(a, b); }));
  a.stop();
  EXPECT_TRUE(until([&] { return a.stopped; }));
  a.node->dial(b.address());
  world.run_for(1s);
  EXPECT_EQ(a.dial_failure(), Reason::stopping);
}

TEST_F(SwitchLife, StoppingEndsDialsAndHandshakesThatAreUnderWay) {
  SimNode& a = add();
  SimNode& b = add();
  sim::LinkPlan slow;
  slow.latency = 700ms;
  world.set_link(ip_of(a), ip_of(b), slow);
  a.node->dial(b.address());
  world.run_for(2s);  // connected, and in the handshake
  a.stop();
  ASSERT_TRUE(until([&] { return a.stopped; }, 100ms));
  ASSERT_TRUE(until([&] { return b.node->snapshot()->handshakes == 0; }));
  EXPECT_EQ(a.reactor->inits() + b.reactor->inits(), 0u);
  EXPECT_TRUE(until([&] { return world.open_connections() == 0; }));
}

TEST_F(SwitchLife, APeerThatDoesNotReadCannotHoldTheStopUp) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  black_hole(a, b);
  a.peer(b)->try_send(kEcho, Bytes(900'000, 1));
  a.stop();
  ASSERT_TRUE(until([&] { return a.stopped; }, kStopTimeout + 100ms));
  EXPECT_EQ(a.reactor->last_reason().reason, Reason::flush_timed_out);
  heal(a, b);
}

TEST_F(SwitchLife, AReactorsTimersRunAsItsCallsAndNotAfterItsStop) {
  SimNode& a = add();
  int early = 0, cancelled = 0, late = 0;
  auto& context = a.reactor->context();
  const auto first = context.after(1s, [&] { ++early; });
  auto second = context.after(1s, [&] { ++cancelled; });
  const auto third = context.after(1h, [&] { ++late; });
  second.reset();
  world.run_for(2s);
  EXPECT_EQ(early, 1);
  EXPECT_EQ(cancelled, 0);
  a.stop();
  until([&] { return a.stopped; });
  world.run_for(2h);
  EXPECT_EQ(late, 0);
}

TEST_F(SwitchLife, AReactorThatKeepsATimerGoesWithItsSwitchAllTheSame) {
  struct Keeper : RecordingReactor {
    void start(ReactorContext& context) override {
      RecordingReactor::start(context);
      timer = context.after(1h, [] {});
    }
    std::shared_ptr<void> timer;
  };
  std::weak_ptr<Keeper> left;
  {
    Switch node(world.add_host({IpAddress::v4(10, 99, 0, 1)}), test::numbered_key(9),
                node_config());
    auto keeper = std::make_shared<Keeper>();
    left = keeper;
    node.add_reactor(std::move(keeper));
    node.start();
    world.run_for(1s);
  }
  EXPECT_TRUE(until([&] { return left.expired(); }));
}

TEST_F(SwitchLife, APeerMayBeKeptForLongerThanItsSwitch) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  const PeerPtr kept = a.peer(b);
  a.stop();
  ASSERT_TRUE(until([&] { return a.stopped; }));
  a.node.reset();
  world.run_for(1s);
  EXPECT_EQ(kept->try_send(kEcho, Bytes{1}), conn::SendResult::closed);
  EXPECT_EQ(kept->status().connection.reassembly_bytes, 0u);
}

TEST_F(SwitchLife, ReactorsWithTheSameChannelOrNoneOrTooManyAreRefused) {
  auto& host = world.add_host({IpAddress::v4(10, 99, 0, 1)});
  Switch node(host, test::numbered_key(9), node_config());
  node.add_reactor(std::make_shared<RecordingReactor>());
  EXPECT_THROW(node.add_reactor(std::make_shared<RecordingReactor>()), std::invalid_argument);
  EXPECT_THROW(node.add_reactor(std::make_shared<RecordingReactor>(std::vector<ReactorChannel>{})),
               std::invalid_argument);
  std::vector<ReactorChannel> many;
  for (std::uint8_t i = 0; i < 16; ++i) {
    many.push_back({.id = conn::ChannelId{i}});
  }
  EXPECT_THROW(node.add_reactor(std::make_shared<RecordingReactor>(many)), std::invalid_argument);
  many.pop_back();
  EXPECT_NO_THROW(node.add_reactor(std::make_shared<RecordingReactor>(many)));
}

TEST_F(SwitchLife, AConfigurationThatMakesNoSenseIsRefused) {
  auto& host = world.add_host({IpAddress::v4(10, 99, 0, 1)});
  const auto refused = [&](const std::function<void(SwitchConfig&)>& spoil) {
    SwitchConfig config = node_config();
    spoil(config);
    EXPECT_THROW(Switch(host, test::numbered_key(9), config), std::invalid_argument);
  };
  refused([](auto& config) { config.networks.clear(); });
  refused([](auto& config) { config.p2p.laddr = "tcp://0.0.0.0"; });
  refused([](auto& config) { config.p2p.laddr = "tcp://host.example:26656"; });
  refused([](auto& config) { config.p2p.external_address = "nonsense"; });
  refused([](auto& config) { config.p2p.external_address = "abab@203.0.113.9:26656"; });
  refused([](auto& config) { config.p2p.laddr = "abab@203.0.113.9:26656"; });
  refused([](auto& config) { config.moniker = "Z\xc3\xbcrich"; });
  refused([](auto& config) { config.moniker = " "; });
  refused([](auto& config) { config.moniker = std::string(11'000, 'm'); });
  refused([](auto& config) { config.networks = {std::string(11'000, 'n')}; });
  refused([](auto& config) { config.liveness.ping_interval = config.liveness.pong_timeout; });
}

}  // namespace
}  // namespace peerage::p2p
