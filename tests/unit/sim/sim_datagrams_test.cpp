// The rules that the simulated network has for datagrams: what a link, a host and a NAT do to them.
// (What a socket promises stands in tests/unit/conn/runtime/datagram_test.cpp.)
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"

namespace peerage::sim {
namespace {

using conn::as_bytes;
using conn::as_text;
using conn::Datagram;
using conn::DatagramSocket;

const IpAddress kAnyV4 = IpAddress::v4(0, 0, 0, 0);
constexpr std::uint16_t kPort = 30303;

// A socket, and what it has heard.
struct Node {
  struct Heard {
    Endpoint from;
    std::string text;
    TimePoint when;
  };
  explicit Node(SimHost& on, const Endpoint& at = {IpAddress{}, kPort})
      : host(on), socket(std::move(*on.open_datagrams(on.shard(0), at, 1281))) {
    listen();
  }
  void listen() {
    socket->when_readable([this] {
      for (const Datagram& each : socket->receive()) {
        heard.push_back({each.peer, std::string(as_text(each.bytes)), host.shard(0).now()});
      }
      listen();
    });
  }
  std::size_t say(const Endpoint& to, std::string_view text) {
    const std::vector<Datagram> one = {{to, as_bytes(text)}};
    return socket->send(one);
  }
  Endpoint at() const { return {host.address(), kPort}; }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const Heard& each : heard) all.push_back(each.text);
    return all;
  }

  SimHost& host;
  std::unique_ptr<DatagramSocket> socket;
  std::vector<Heard> heard;
};

struct SimDatagramsTest : testing::Test {
  SimWorld world{3};
  Node a{world.add_host({IpAddress::v4(20, 0, 0, 1), *IpAddress::parse("2001:db8:a::1")})};
  Node b{world.add_host({IpAddress::v4(20, 1, 0, 1), *IpAddress::parse("2001:db8:b::1")})};
  const IpAddress b_v6 = *IpAddress::parse("2001:db8:b::1");

  const SimWorld::Harm::Datagrams& counts() const { return world.harm().datagrams; }
  void link(const LinkPlan& plan) { world.set_default_link(plan); }
  void settle() { world.run_for(1s); }
  void say_numbers(int count) {
    for (int i = 0; i < count; ++i) a.say(b.at(), std::to_string(i));
  }
};

// --- links ---

TEST_F(SimDatagramsTest, ADatagramTakesTheLatencyAndComesInOrder) {
  link({.latency = 40ms});
  const TimePoint sent = world.now();
  say_numbers(50);
  settle();
  ASSERT_EQ(b.heard.size(), 50u);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(b.heard[static_cast<std::size_t>(i)].text, std::to_string(i));
    EXPECT_EQ(b.heard[static_cast<std::size_t>(i)].when, sent + 40ms);
  }
}

TEST_F(SimDatagramsTest, OfManyThatPartIsLostWhichThePlanSays) {
  link({.loss = 0.2});
  for (int i = 0; i < 100; ++i) {
    say_numbers(100);
    settle();
  }
  EXPECT_NEAR(static_cast<double>(counts().lost), 2000, 150);
  EXPECT_EQ(b.heard.size() + counts().lost, 10'000u) << "and what is lost does not come later";
}

TEST_F(SimDatagramsTest, JitterMakesDatagramsOvertakeOneAnotherAndNoneLaterThanItSays) {
  link({.latency = 10ms, .jitter = 20ms});
  const TimePoint sent = world.now();
  say_numbers(100);
  settle();
  ASSERT_EQ(b.heard.size(), 100u);
  EXPECT_EQ(counts().delayed, 100u);
  const std::vector<std::string> in_order = [] {
    std::vector<std::string> all;
    for (int i = 0; i < 100; ++i) all.push_back(std::to_string(i));
    return all;
  }();
  EXPECT_NE(b.texts(), in_order);
  for (const auto& each : b.heard) {
    EXPECT_GE(each.when, sent + 10ms);
    EXPECT_LE(each.when, sent + 30ms);
  }
}

TEST_F(SimDatagramsTest, ThePartThatIsSentTwiceComesTwice) {
  link({.duplication = 0.1});
  for (int i = 0; i < 100; ++i) {
    say_numbers(100);
    settle();
  }
  EXPECT_NEAR(static_cast<double>(counts().duplicated), 1000, 120);
  EXPECT_EQ(b.heard.size(), 10'000 + counts().duplicated);
}

TEST_F(SimDatagramsTest, WhatIsLongerThanTheMtuWithItsHeadersIsDropped) {
  a.say(b.at(), std::string(1472, 'x'));
  a.say(b.at(), std::string(1473, 'x'));
  a.say({b_v6, kPort}, std::string(1452, 'x'));
  a.say({b_v6, kPort}, std::string(1453, 'x'));
  settle();
  EXPECT_EQ(b.heard.size(), 2u);
  EXPECT_EQ(counts().too_long, 2u);
}

TEST_F(SimDatagramsTest, ABlackHoleSwallowsUntilThePlanChanges) {
  world.set_link(a.host.address(), b.host.address(), {.datagrams = LinkPlan::Datagrams::swallowed});
  a.say(b.at(), "there");
  b.say(a.at(), "back");
  a.say({b_v6, kPort}, "another way");
  settle();
  EXPECT_EQ(counts().swallowed, 2u);
  EXPECT_EQ(b.texts(), std::vector<std::string>{"another way"});
  world.set_link(a.host.address(), b.host.address(), {});
  a.say(b.at(), "again");
  settle();
  EXPECT_EQ(b.heard.size(), 2u);
}

std::uint64_t trace(std::uint64_t seed) {
  SimWorld world(seed);
  world.set_default_link({.loss = 0.1, .jitter = 30ms, .duplication = 0.1});
  Node from(world.add_host({IpAddress::v4(20, 0, 0, 1)}));
  Node to(world.add_host({IpAddress::v4(20, 1, 0, 1)}));
  for (int i = 0; i < 1000; ++i) from.say(to.at(), std::to_string(i));
  world.run_for(1s);
  return world.trace_hash();
}

TEST(SimDatagramsTraceTest, TheSameSeedGivesTheSameTraceAndAnotherSeedAnother) {
  EXPECT_EQ(trace(5), trace(5));
  EXPECT_NE(trace(5), trace(6));
}

// --- hosts ---

TEST_F(SimDatagramsTest, AFullReceiveBufferLosesWhatComesAndHasRoomAgainOnceItIsRead) {
  b.host.set_receive_buffer(3 * (512 + 4));
  b.socket->when_readable([] {});
  for (int i = 0; i < 5; ++i) a.say(b.at(), "1234");
  settle();
  EXPECT_EQ(counts().overflowed, 2u);
  EXPECT_EQ(b.socket->figures().overflowed, 2u);
  EXPECT_EQ(b.socket->receive().size(), 3u);
  for (int i = 0; i < 3; ++i) a.say(b.at(), "1234");
  settle();
  EXPECT_EQ(b.socket->receive().size(), 3u);
  EXPECT_EQ(counts().overflowed, 2u);
}

TEST_F(SimDatagramsTest, ASocketThatMayNotSendTakesNothingUntilItMayAgain) {
  a.host.set_sending(SimHost::Sending::blocked);
  int writable = 0;
  EXPECT_EQ(a.say(b.at(), "x"), 0u);
  a.socket->when_writable([&] { ++writable; });
  settle();
  EXPECT_EQ(writable, 0);
  EXPECT_TRUE(b.heard.empty());
  a.host.set_sending(SimHost::Sending::allowed);
  EXPECT_EQ(writable, 0) << "not inside the call";
  settle();
  EXPECT_EQ(writable, 1);
  EXPECT_EQ(a.say(b.at(), "x"), 1u);
}

TEST_F(SimDatagramsTest, WhatReachesAHostThatSleepsWaitsForItToWake) {
  const TimePoint wakes = world.now() + 10s;
  b.host.pause_until(wakes);
  say_numbers(3);
  settle();
  EXPECT_TRUE(b.heard.empty());
  world.run_for(10s);
  ASSERT_EQ(b.heard.size(), 3u);
  EXPECT_EQ(b.heard[0].when, wakes);
}

TEST_F(SimDatagramsTest, AHostThatIsUnpluggedNeitherHearsNorSends) {
  b.host.stop();
  a.say(b.at(), "x");
  b.say(a.at(), "y");
  settle();
  EXPECT_TRUE(a.heard.empty());
  EXPECT_EQ(counts().arrived, 0u);
}

TEST_F(SimDatagramsTest, APortThatAnotherProgramHasCannotBeOpened) {
  a.host.set_listening(SimHost::Listening::refused);
  const auto socket = a.host.open_datagrams(a.host.shard(0), {kAnyV4, 5}, 100);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().reason, conn::Reason::address_in_use);
  EXPECT_EQ(world.harm().listening_refused, 1u);
}

TEST_F(SimDatagramsTest, AHostThatMovesIsReachedAtItsNewAddressAndSpeaksFromIt) {
  const Endpoint old = b.at();
  const Endpoint fresh{IpAddress::v4(20, 9, 0, 9), kPort};
  Node bound(b.host, {old.ip, 7});
  b.host.set_addresses({fresh.ip});
  a.say(old, "old");
  a.say(fresh, "new");
  b.say(a.at(), "from where");
  bound.say(a.at(), "bound to what is gone");
  a.say({old.ip, 7}, "bound to what is gone");
  settle();
  EXPECT_EQ(b.texts(), std::vector<std::string>{"new"});
  EXPECT_TRUE(bound.heard.empty());
  ASSERT_EQ(a.heard.size(), 1u);
  EXPECT_EQ(a.heard[0].from, fresh);
  EXPECT_EQ(bound.socket->figures().send_errors, 1u);
}

TEST_F(SimDatagramsTest, TheConnectionsOfAHostThatMovesHang) {
  std::unique_ptr<conn::Stream> dialled, accepted;
  const auto listener = std::move(*b.host.listen(b.host.shard(0), b.at(), [&](const auto& arrival) {
    accepted = arrival->claim(b.host.shard(0));
  }));
  const auto pending = a.host.connect(a.host.shard(0), conn::Route(b.at()), 5s,
                                      [&](auto stream) { dialled = std::move(*stream); });
  settle();
  ASSERT_TRUE(dialled && accepted);
  b.host.set_addresses({IpAddress::v4(20, 9, 0, 9)});
  bool readable = false;
  accepted->when_readable([&] { readable = true; });
  const conn::ByteView word = as_bytes("x");
  EXPECT_EQ(dialled->write({&word, 1}).status, conn::IoStatus::ok);
  world.run_for(60s);
  EXPECT_FALSE(readable);
  EXPECT_GT(world.harm().swallowed, 0u);
}

// --- NATs ---

struct SimNatTest : SimDatagramsTest {
  const IpAddress outside = IpAddress::v4(30, 0, 0, 1);
  const IpAddress private_ip = IpAddress::v4(192, 168, 0, 2);
  Node inside{world.add_host({private_ip, *IpAddress::parse("2001:db8:c::1")})};
  Node beside{world.add_host({IpAddress::v4(192, 168, 0, 3)})};

  void put_behind(NatPlan::Filter filter = NatPlan::Filter::address_and_port_dependent) {
    world.add_nat({.outside = outside, .filter = filter}, {&inside.host, &beside.host});
  }
  // As whom the inside node appears to the other.
  Endpoint seen_by(Node& other) {
    other.heard.clear();
    inside.say(other.at(), "hello");
    settle();
    return other.heard.empty() ? Endpoint{} : other.heard.front().from;
  }
  bool hears(Node& from, const Endpoint& to) {
    inside.heard.clear();
    from.say(to, "knock");
    settle();
    return !inside.heard.empty();
  }
};

TEST_F(SimNatTest, AHostAppearsAtTheOutsideAddressWithOnePortForAllAndIsAnsweredThere) {
  put_behind();
  const Endpoint seen = seen_by(a);
  EXPECT_EQ(seen.ip, outside);
  EXPECT_EQ(seen_by(b), seen) << "whoever it talks to";
  EXPECT_TRUE(hears(a, seen));
  EXPECT_EQ(inside.heard.front().from, a.at());
}

TEST_F(SimNatTest, NobodyReachesTheInsideAddress) {
  put_behind();
  seen_by(a);
  EXPECT_FALSE(hears(a, inside.at()));
  EXPECT_EQ(counts().unmapped + counts().filtered, 0u);
}

TEST_F(SimNatTest, ThoseBehindOneNatReachOneAnotherDirectlyAndByTheOutsideAddress) {
  put_behind(NatPlan::Filter::endpoint_independent);
  EXPECT_TRUE(hears(beside, inside.at()));
  EXPECT_EQ(inside.heard.front().from, beside.at()) << "no NAT between them";
  const Endpoint seen = seen_by(a);
  EXPECT_TRUE(hears(beside, seen));
  EXPECT_EQ(inside.heard.front().from.ip, outside);
}

TEST_F(SimNatTest, AMappingEndsThirtySecondsAfterSomethingWentOutAndWhatComesInDoesNotProlongIt) {
  put_behind(NatPlan::Filter::endpoint_independent);
  const TimePoint sent = world.now();
  const Endpoint seen = seen_by(a);
  world.run_for(sent + 20s - world.now());
  EXPECT_TRUE(hears(b, seen));
  world.run_for(sent + 29s - world.now());
  EXPECT_TRUE(hears(a, seen)) << "it arrives after 29.001 s";
  world.run_for(sent + 30s - world.now());
  EXPECT_FALSE(hears(a, seen));
  EXPECT_EQ(counts().unmapped, 1u);
  const Endpoint anew = seen_by(a);
  EXPECT_EQ(anew.ip, outside);
  EXPECT_NE(anew.port, seen.port);
  EXPECT_FALSE(hears(a, seen));
  EXPECT_TRUE(hears(a, anew));
}

TEST_F(SimNatTest, WhatGoesOutKeepsAMapping) {
  put_behind();
  const Endpoint seen = seen_by(a);
  for (int i = 0; i < 10; ++i) {
    world.run_for(25s);
    EXPECT_EQ(seen_by(a), seen);
  }
}

TEST_F(SimNatTest, AFilterLetsInWhomItSays) {
  using Filter = NatPlan::Filter;
  struct Case {
    Filter filter;
    bool same_endpoint, same_address, stranger;
  };
  for (const Case& each : {Case{Filter::endpoint_independent, true, true, true},
                           Case{Filter::address_dependent, true, true, false},
                           Case{Filter::address_and_port_dependent, true, false, false}}) {
    SimWorld other(1);
    Node asked(other.add_host({IpAddress::v4(20, 0, 0, 1)}));
    Node same(asked.host, {IpAddress{}, 40'000});
    Node stranger(other.add_host({IpAddress::v4(20, 1, 0, 1)}));
    Node behind(other.add_host({private_ip}));
    other.add_nat({.outside = outside, .filter = each.filter}, {&behind.host});
    behind.say(asked.at(), "hello");
    other.run_for(1s);
    const Endpoint seen = asked.heard.at(0).from;
    const auto enters = [&](Node& from) {
      behind.heard.clear();
      from.say(seen, "knock");
      other.run_for(1s);
      return !behind.heard.empty();
    };
    EXPECT_EQ(enters(asked), each.same_endpoint);
    EXPECT_EQ(enters(same), each.same_address);
    EXPECT_EQ(enters(stranger), each.stranger);
    EXPECT_EQ(other.harm().datagrams.filtered,
              (each.same_address ? 0u : 1u) + (each.stranger ? 0u : 1u));
  }
}

TEST_F(SimNatTest, TheLeaveOfAPeerEndsAsTheMappingDoesThoughOthersKeepTheMapping) {
  put_behind();
  const Endpoint seen = seen_by(a);
  world.run_for(20s);
  EXPECT_EQ(seen_by(b), seen);
  world.run_for(15s);
  EXPECT_FALSE(hears(a, seen));
  EXPECT_TRUE(hears(b, seen));
  EXPECT_EQ(counts().filtered, 1u);
}

TEST_F(SimNatTest, HostsBehindDifferentNatsMayHaveTheSameAddress) {
  put_behind();
  Node twin(world.add_host({private_ip}));
  const IpAddress other_outside = IpAddress::v4(30, 0, 0, 2);
  world.add_nat({.outside = other_outside}, {&twin.host});
  twin.say(a.at(), "twin");
  inside.say(a.at(), "inside");
  settle();
  ASSERT_EQ(a.heard.size(), 2u);
  EXPECT_EQ(a.heard[0].from.ip, other_outside);
  EXPECT_EQ(a.heard[1].from.ip, outside);
  a.say(a.heard[0].from, "to the twin");
  settle();
  EXPECT_EQ(twin.texts(), std::vector<std::string>{"to the twin"});
  EXPECT_TRUE(inside.heard.empty());
}

TEST_F(SimNatTest, ANatOfIPv4LeavesIPv6Alone) {
  put_behind();
  const IpAddress v6 = *IpAddress::parse("2001:db8:c::1");
  EXPECT_TRUE(hears(a, {v6, kPort}));
  inside.say({b_v6, kPort}, "x");
  settle();
  ASSERT_EQ(b.heard.size(), 1u);
  EXPECT_EQ(b.heard[0].from, (Endpoint{v6, kPort}));
}

TEST_F(SimNatTest, ConnectionsComeFromTheOutsideAddressAndNoneGetsIn) {
  put_behind();
  std::unique_ptr<conn::Stream> dialled, accepted;
  const auto connect = [&](SimHost& from, const Endpoint& to) {
    dialled.reset();
    const auto pending = from.connect(from.shard(0), conn::Route(to), 5s, [&](auto stream) {
      if (stream) dialled = std::move(*stream);
    });
    settle();
    return dialled != nullptr;
  };
  const auto listen = [&](Node& node) {
    return std::move(*node.host.listen(node.host.shard(0), node.at(), [&](const auto& arrival) {
      accepted = arrival->claim(node.host.shard(0));
    }));
  };
  const auto outer = listen(a), inner = listen(inside);
  ASSERT_TRUE(connect(inside.host, a.at()));
  EXPECT_EQ(accepted->remote_endpoint().ip, outside);
  EXPECT_EQ(dialled->local_endpoint().ip, private_ip);
  EXPECT_FALSE(connect(a.host, inside.at()));
  EXPECT_FALSE(connect(a.host, {outside, kPort}));
  EXPECT_TRUE(connect(beside.host, inside.at())) << "behind the same NAT";
  EXPECT_EQ(accepted->remote_endpoint().ip, beside.host.address());
}

}  // namespace
}  // namespace peerage::sim
