// The stop of a switch, forced into every moment of what goes on. However much waits for a reactor:
// nothing is called after its stop, and every peer that it was shown has been removed before.
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/support/effort.h"
#include "tests/support/sim_node.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::IpAddress;
using test::kEcho;
using test::node_config;
using test::RecordingReactor;
using test::SimNode;
using namespace std::chrono_literals;

// What the reactor does with a message.
enum class Manner : std::uint8_t { prompt, slow, throws };
// Where the stop comes from.
enum class From : std::uint8_t { outside, init, add, receive, remove };
struct Case {
  std::size_t messages;
  Delivery delivery;
  Manner manner;
  From from;
  bool peer_goes_first;
  conn::Duration after{};    // for From::outside: since the messages were sent
  std::size_t received = 0;  // for From::receive: at this message

  friend std::ostream& operator<<(std::ostream& out, const Case& value) {
    return out << value.messages << " messages, "
               << (value.delivery == Delivery::in_line ? "in line" : "executor") << ", manner "
               << int(value.manner) << ", from " << int(value.from) << ", peer goes first "
               << value.peer_goes_first << ", after " << value.after / 1ms << " ms, at message "
               << value.received;
  }
};

std::shared_ptr<RecordingReactor> reactor_of(Delivery delivery) {
  return std::make_shared<RecordingReactor>(
      std::vector<ReactorChannel>{{.id = kEcho, .send_queue_messages = 1000}}, delivery);
}

class Stopping {
 public:
  explicit Stopping(const Case& one) : case_(one) {
    target_.reactor->on_init = [this](const PeerPtr&) { stop_from(From::init); };
    target_.reactor->on_add = [this](const PeerPtr&) { stop_from(From::add); };
    target_.reactor->on_receive = [this](const PeerPtr&, const Message&) { on_message(); };
    target_.reactor->on_remove = [this](const PeerPtr&, const conn::Failure&) {
      stop_from(From::remove);
    };
  }

  void run() {
    target_.start();
    source_.start();
    world_.run_for(10ms);
    source_.node->dial(target_.address());
    world_.run_until([this] { return source_.peers() == 1 || target_.stopped; }, 1min);
    world_.run_for(1ms);
    if (const PeerPtr peer = source_.peer(target_)) {
      for (std::size_t i = 0; i < case_.messages; ++i) peer->send(kEcho, Bytes(50, 1));
    }
    if (case_.peer_goes_first) {
      // With all that it has said, so that none of it is lost.
      world_.run_for(5ms);
      source_.node->disconnect(target_.id());
    }
    world_.run_for(case_.after);
    if (case_.from == From::outside) target_.stop();
    if (case_.from == From::remove) source_.node->disconnect(target_.id());
    ASSERT_TRUE(world_.run_until([this] { return target_.stopped; }, 1min));
    const RecordingReactor& reactor = *target_.reactor;
    EXPECT_TRUE(reactor.stopped());
    EXPECT_EQ(reactor.removes(), reactor.inits());
    const std::size_t calls = reactor.received() + reactor.adds() + reactor.removes();
    world_.run_for(30s);
    EXPECT_EQ(reactor.received() + reactor.adds() + reactor.removes(), calls);
    EXPECT_EQ(reactor.breaches(), std::vector<std::string>());
    EXPECT_EQ(source_.reactor->breaches(), std::vector<std::string>());
  }

 private:
  void on_message() {
    ++received_;
    if (case_.manner == Manner::slow) host_.block_executor(10ms);
    if (received_ == case_.received) stop_from(From::receive);
    if (case_.manner == Manner::throws && received_ == case_.messages / 2 + 1) {
      throw std::runtime_error("half is enough");
    }
  }
  void stop_from(From where) {
    if (case_.from == where) target_.stop();
  }

  const Case case_;
  sim::SimWorld world_{1};
  sim::SimHost& host_ = world_.add_host({IpAddress::v4(51, 1, 0, 1)});
  SimNode target_{host_, 1, node_config(), reactor_of(case_.delivery)};
  SimNode source_{world_.add_host({IpAddress::v4(52, 1, 0, 1)}), 2, node_config(),
                  reactor_of(Delivery::executor)};
  std::size_t received_ = 0;
};

class SwitchStop : public testing::TestWithParam<std::size_t> {
 protected:
  static void expect_clean(const Case& one) {
    SCOPED_TRACE(testing::PrintToString(one));
    Stopping(one).run();
  }
};

TEST_P(SwitchStop, FromOutsideAtAnyMomentReachesAReactorLast) {
  const auto step = test::by_effort<int>({.whole = 1, .usual = 7, .sanitized = 49});
  for (const Delivery delivery : {Delivery::executor, Delivery::in_line}) {
    for (const Manner manner : {Manner::prompt, Manner::slow, Manner::throws}) {
      if (delivery == Delivery::in_line && manner == Manner::slow) continue;  // it must not
      for (const bool peer_goes_first : {false, true}) {
        for (int ms = 0; ms <= 100; ms += step) {
          expect_clean({GetParam(), delivery, manner, From::outside, peer_goes_first,
                        std::chrono::milliseconds(ms)});
        }
      }
    }
  }
}

TEST_P(SwitchStop, FromEachOfItsCallsReachesAReactorLast) {
  for (const Delivery delivery : {Delivery::executor, Delivery::in_line}) {
    for (const From from : {From::init, From::add, From::remove}) {
      expect_clean({GetParam(), delivery, Manner::prompt, from, false});
    }
    for (const std::size_t message : {std::size_t{1}, GetParam() / 2 + 1, GetParam()}) {
      for (const bool peer_goes_first : {false, true}) {
        expect_clean(
            {GetParam(), delivery, Manner::prompt, From::receive, peer_goes_first, 0ms, message});
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Messages, SwitchStop,
                         testing::Values(1, 2, 40, 63, 64, 65, 100, 300, 1000));

// What waits is dropped, or a reactor could put the stop off for as long as its inbox is deep.
TEST(SwitchStopTime, DoesNotDependOnHowManyMessagesWait) {
  sim::SimWorld world{1};
  sim::SimHost& host = world.add_host({IpAddress::v4(51, 1, 0, 1)});
  SimNode target(host, 1, node_config(), reactor_of(Delivery::executor));
  SimNode source(world.add_host({IpAddress::v4(52, 1, 0, 1)}), 2, node_config(),
                 reactor_of(Delivery::executor));
  target.reactor->on_receive = [&host](const PeerPtr&, const Message&) { host.block_executor(1s); };
  target.start();
  source.start();
  world.run_for(10ms);
  source.node->dial(target.address());
  ASSERT_TRUE(world.run_until([&] { return source.peers() == 1; }, 1min));
  for (int i = 0; i < 1000; ++i) source.peer(target)->send(kEcho, Bytes(50, 1));
  world.run_for(100ms);
  target.stop();
  EXPECT_TRUE(world.run_until([&] { return target.stopped; }, 5s));
  EXPECT_EQ(target.reactor->breaches(), std::vector<std::string>());
}

TEST(SwitchStopRefusal, AReactorThatWaitsForItsOwnStopIsRefusedAtOnce) {
  sim::SimWorld world{1};
  SimNode target(world.add_host({IpAddress::v4(51, 1, 0, 1)}), 1);
  SimNode source(world.add_host({IpAddress::v4(52, 1, 0, 1)}), 2);
  bool refused = false;
  target.reactor->on_add = [&](const PeerPtr&) {
    try {
      target.node->stop_and_wait();
    } catch (const std::logic_error&) {
      refused = true;
    }
    EXPECT_FALSE(target.node->start_and_wait());
  };
  target.start();
  source.start();
  world.run_for(10ms);
  source.node->dial(target.address());
  EXPECT_TRUE(world.run_until([&] { return refused; }, 1min));
  world.run_for(1s);
  EXPECT_FALSE(target.stopped);
  EXPECT_EQ(target.peers(), 1u) << "nothing has come of it";
}

TEST(SwitchStopRefusal, NoReactorAndNoHandlerIsAddedAfterTheStart) {
  sim::SimWorld world{1};
  SimNode node(world.add_host({IpAddress::v4(51, 1, 0, 1)}), 1);
  node.start();
  EXPECT_THROW(node.node->add_reactor(std::make_shared<RecordingReactor>()), std::logic_error);
  EXPECT_THROW(node.node->on_event([](const SwitchEvent&) {}), std::logic_error);
  world.run_for(10ms);
  EXPECT_THROW(node.node->add_reactor(std::make_shared<RecordingReactor>()), std::logic_error);
}

}  // namespace
}  // namespace peerage::p2p
