// The rules of conn/runtime/runtime.h for datagrams, held against both implementations: each test
// runs on UDP over loopback and on the simulated network.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "conn/runtime/runtime.h"
#include "tests/support/runtime_drivers.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

const IpAddress kAnyV4 = IpAddress::v4(0, 0, 0, 0);
const IpAddress kAny;
constexpr std::size_t kLongest = 1281;

// What was received, kept.
struct Received {
  Endpoint from;
  IpAddress local;
  std::string text;
};

template <typename DriverType>
struct DatagramTest : testing::Test {
  DriverType driver;
  std::unique_ptr<DatagramSocket> here, there;
  std::vector<Received> got;  // by `there`
  std::vector<std::size_t> batches;

  void SetUp() override {
    here = opened(driver.any_endpoint());
    there = opened(driver.any_endpoint());
  }
  void TearDown() override {
    driver.on_shard([this] {
      here.reset();
      there.reset();
    });
  }
  Result<std::unique_ptr<DatagramSocket>> open(const Endpoint& at, std::size_t longest = kLongest) {
    std::optional<Result<std::unique_ptr<DatagramSocket>>> outcome;
    driver.on_shard(
        [&] { outcome.emplace(driver.runtime().open_datagrams(driver.shard(), at, longest)); });
    return std::move(*outcome);
  }
  std::unique_ptr<DatagramSocket> opened(const Endpoint& at, std::size_t longest = kLongest) {
    auto outcome = open(at, longest);
    EXPECT_TRUE(outcome) << outcome.error().text();
    return std::move(*outcome);
  }
  void on_shard(const Task& action) { driver.on_shard(action); }
  // Lets `there` receive what comes, each time that it is told.
  void listen_there() {
    on_shard([this] { there->when_readable([this] { receive_there(); }); });
  }
  void receive_there() {
    const auto batch = there->receive();
    batches.push_back(batch.size());
    for (const Datagram& each : batch) {
      got.push_back({each.peer, each.local, std::string(as_text(each.bytes))});
    }
    there->when_readable([this] { receive_there(); });
  }
  bool come(std::size_t count) {
    return driver.wait_until([this, count] { return got.size() >= count; });
  }
};
TYPED_TEST_SUITE(DatagramTest, test::Drivers, test::DriverNames);

Datagram datagram(const Endpoint& to, std::string_view text, const IpAddress& from = {}) {
  return {to, as_bytes(text), from};
}

TYPED_TEST(DatagramTest, ADatagramArrivesWholeWithTheEndpointThatSentItAndTheAddressItCameTo) {
  this->listen_there();
  this->on_shard([this] {
    const std::vector<Datagram> two = {datagram(this->there->local_endpoint(), "first"),
                                       datagram(this->there->local_endpoint(), "")};
    EXPECT_EQ(this->here->send(two), 2u);
    EXPECT_TRUE(this->got.empty());
  });
  ASSERT_TRUE(this->come(2));
  this->on_shard([this] {
    EXPECT_EQ(this->got[0].text, "first");
    EXPECT_EQ(this->got[1].text, "") << "one without bytes is one";
    for (const Received& each : this->got) {
      EXPECT_EQ(each.from, this->here->local_endpoint());
      EXPECT_EQ(each.local, this->driver.own_v4());
    }
    EXPECT_EQ(this->here->figures().sent, 2u);
    EXPECT_EQ(this->there->figures().received, 2u);
  });
}

TYPED_TEST(DatagramTest, ABatchIsAtMostThirtyTwoAndReadinessIsToldAgainForTheRest) {
  this->on_shard([this] {
    const std::vector<Datagram> many(70, datagram(this->there->local_endpoint(), "x"));
    EXPECT_EQ(this->here->send(many), 70u);
  });
  this->driver.pass(20ms);
  this->listen_there();
  ASSERT_TRUE(this->come(70));
  this->on_shard([this] { EXPECT_EQ(this->batches, (std::vector<std::size_t>{32, 32, 6})); });
}

TYPED_TEST(DatagramTest, WithNothingToReceiveABatchIsEmpty) {
  this->on_shard([this] {
    EXPECT_TRUE(this->there->receive().empty());
    EXPECT_EQ(this->there->figures().receive_errors, 0u);
  });
}

TYPED_TEST(DatagramTest, WhatIsLongerThanAskedForIsCut) {
  this->there = this->opened(this->driver.any_endpoint(), 10);
  this->listen_there();
  this->on_shard([this] {
    const std::vector<Datagram> two = {datagram(this->there->local_endpoint(), "0123456789"),
                                       datagram(this->there->local_endpoint(), "0123456789abc")};
    this->here->send(two);
  });
  ASSERT_TRUE(this->come(2));
  this->on_shard([this] {
    EXPECT_EQ(this->got[0].text, "0123456789");
    EXPECT_EQ(this->got[1].text, "0123456789");
  });
}

TYPED_TEST(DatagramTest, WhatIsReceivedIsTheSocketsUntilTheNextCall) {
  std::span<const Datagram> first;
  this->on_shard([this] {
    const std::vector<Datagram> one = {datagram(this->there->local_endpoint(), "first")};
    this->here->send(one);
  });
  ASSERT_TRUE(this->driver.wait_until([&] {
    if (first.empty()) first = this->there->receive();
    return !first.empty();
  }));
  this->on_shard([this] {
    const std::vector<Datagram> one = {datagram(this->there->local_endpoint(), "second")};
    this->here->send(one);
  });
  this->driver.pass(20ms);
  this->on_shard([&] {
    EXPECT_EQ(as_text(first[0].bytes), "first");
    const auto second = this->there->receive();
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(as_text(second[0].bytes), "second");
  });
}

TYPED_TEST(DatagramTest, OneThatCannotBeSentIsTakenAndCountedAndStopsNoOther) {
  this->listen_there();
  const std::string too_long(66'000, 'x');
  this->on_shard([&] {
    const Endpoint to = this->there->local_endpoint();
    const std::vector<Datagram> five = {
        datagram({this->driver.own_v6(), 9}, "an IPv4 socket sends nothing there"),
        datagram(to, "first"), datagram(to, too_long),
        datagram(to, "from no address of ours", IpAddress::v4(192, 0, 2, 1)),
        datagram(to, "second")};
    EXPECT_EQ(this->here->send(five), 5u);
    EXPECT_EQ(this->here->figures().send_errors, 3u);
    EXPECT_EQ(this->here->figures().sent, 2u);
  });
  ASSERT_TRUE(this->come(2));
  this->on_shard([this] {
    EXPECT_EQ(this->got[0].text, "first");
    EXPECT_EQ(this->got[1].text, "second");
  });
}

TYPED_TEST(DatagramTest, WhereNobodyListensWhatIsSentIsLostAndNothingIsHeardOfIt) {
  this->listen_there();
  const auto nobody = this->opened(this->driver.any_endpoint());
  this->on_shard([&] {
    const Endpoint gone = nobody->local_endpoint();
    nobody->close();
    for (int i = 0; i < 3; ++i) {
      const std::vector<Datagram> two = {datagram(gone, "x"),
                                         datagram(this->there->local_endpoint(), "y")};
      EXPECT_EQ(this->here->send(two), 2u);
    }
    EXPECT_TRUE(this->here->receive().empty());
  });
  EXPECT_TRUE(this->come(3));
}

TYPED_TEST(DatagramTest, ReadinessIsToldOnceAndNeverInsideTheCall) {
  int writable = 0, readable = 0;
  this->on_shard([&] {
    this->here->when_writable([] { ADD_FAILURE() << "replaced"; });
    this->here->when_writable([&] { ++writable; });
    this->here->when_readable([] { ADD_FAILURE() << "nothing to receive"; });
    EXPECT_EQ(writable, 0);
    const std::vector<Datagram> two(2, datagram(this->there->local_endpoint(), "x"));
    this->here->send(two);
  });
  this->driver.pass(20ms);
  this->on_shard([&] {
    this->there->when_readable([] { ADD_FAILURE() << "replaced"; });
    this->there->when_readable([&] { ++readable; });
    EXPECT_EQ(readable, 0) << "it is there, and still not inside the call";
  });
  ASSERT_TRUE(this->driver.wait_until([&] { return writable == 1 && readable == 1; }));
  this->driver.pass(20ms);
  this->on_shard([&] {
    EXPECT_EQ(writable, 1);
    EXPECT_EQ(readable, 1) << "not asked for again";
  });
}

TYPED_TEST(DatagramTest, AClosedSocketRunsNoCallbackAndTakesNothing) {
  this->on_shard([this] {
    const Endpoint to = this->there->local_endpoint();
    const std::vector<Datagram> one = {datagram(to, "x")};
    this->here->send(one);
    this->there->when_readable([] { ADD_FAILURE(); });
    this->there->when_writable([] { ADD_FAILURE(); });
    this->there->close();
    this->there->close();
    EXPECT_TRUE(this->there->receive().empty());
    EXPECT_EQ(this->there->send(one), 0u);
    this->there->when_readable([] { ADD_FAILURE(); });
    this->there->when_writable([] { ADD_FAILURE(); });
    EXPECT_EQ(this->there->local_endpoint(), to);
  });
  this->driver.pass(30ms);
}

TYPED_TEST(DatagramTest, ADestroyedSocketRunsNoCallbackAlsoWhenItIsDue) {
  this->on_shard([this] {
    const std::vector<Datagram> one = {datagram(this->there->local_endpoint(), "x")};
    this->here->send(one);
  });
  this->driver.pass(20ms);
  this->on_shard([this] {
    this->there->when_readable([] { ADD_FAILURE(); });
    this->there->when_writable([] { ADD_FAILURE(); });
    this->there.reset();
  });
  this->driver.pass(30ms);
}

TYPED_TEST(DatagramTest, ASocketMayBeDestroyedByItsOwnCallback) {
  bool ran = false;
  this->on_shard([&] {
    this->there->when_writable([&] {
      this->there.reset();
      ran = true;
    });
  });
  EXPECT_TRUE(this->driver.wait_until([&] { return ran; }));
}

TYPED_TEST(DatagramTest, APortInUseIsToldAsInUseAndAFreedOneIsFree) {
  const Endpoint taken = this->there->local_endpoint();
  for (const Endpoint& at : {taken, Endpoint{kAnyV4, taken.port}, Endpoint{kAny, taken.port}}) {
    const auto second = this->open(at);
    ASSERT_FALSE(second) << at.to_string();
    EXPECT_EQ(second.error().reason, Reason::address_in_use);
    EXPECT_EQ(second.error().stage, Stage::configuration);
  }
  this->on_shard([this] { this->there.reset(); });
  const auto again = this->open(taken);
  EXPECT_TRUE(again);
}

TYPED_TEST(DatagramTest, AnAddressOfAnotherMachineCannotBeBound) {
  const auto socket = this->open({IpAddress::v4(192, 0, 2, 1), 0});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().stage, Stage::configuration);
  EXPECT_EQ(socket.error().reason, Reason::io_error);
}

TYPED_TEST(DatagramTest, OneSocketServesBothFamiliesAndAnswersFromTheAddressThatWasAsked) {
  this->there = this->opened({kAny, 0});
  const auto v6 = this->open({this->driver.own_v6(), 0});
  if (!v6) GTEST_SKIP() << "no IPv6 on loopback: " << v6.error().text();
  const std::uint16_t port = this->there->local_endpoint().port;
  ASSERT_NE(port, 0);
  this->listen_there();
  this->on_shard([&] {
    const std::vector<Datagram> by_v4 = {datagram({this->driver.own_v4(), port}, "by IPv4")};
    const std::vector<Datagram> by_v6 = {datagram({this->driver.own_v6(), port}, "by IPv6")};
    this->here->send(by_v4);
    (*v6)->send(by_v6);
  });
  ASSERT_TRUE(this->come(2));
  int answers = 0;
  this->on_shard([&] {
    for (const Received& each : this->got) {
      const bool is_v4 = each.text == "by IPv4";
      EXPECT_EQ(each.from, (is_v4 ? this->here : *v6)->local_endpoint()) << "IPv4 is not mapped";
      EXPECT_EQ(each.local, is_v4 ? this->driver.own_v4() : this->driver.own_v6());
      const std::vector<Datagram> answer = {datagram(each.from, "answer", each.local)};
      EXPECT_EQ(this->there->send(answer), 1u);
    }
    EXPECT_EQ(this->there->figures().send_errors, 0u);
    for (DatagramSocket* const socket : {this->here.get(), v6->get()}) {
      socket->when_readable([&answers, this, socket] {
        for (const Datagram& each : socket->receive()) {
          EXPECT_EQ(each.peer.port, this->there->local_endpoint().port);
          EXPECT_EQ(each.peer.ip, socket->local_endpoint().ip) << "both ends have one address";
          ++answers;
        }
      });
    }
  });
  EXPECT_TRUE(this->driver.wait_until([&] { return answers == 2; }));
  this->on_shard([&] { v6->get()->close(); });
}

TYPED_TEST(DatagramTest, WhatTheReceiveBufferHasNoRoomForIsLostAndCounted) {
  std::uint64_t sent = 0;
  const std::string text(1000, 'x');
  this->on_shard([&] {
    const std::vector<Datagram> many(100, datagram(this->there->local_endpoint(), text));
    for (int i = 0; i < 80; ++i) sent += this->here->send(many);
  });
  ASSERT_EQ(sent, 8000u) << "the sender has room";
  this->driver.pass(20ms);
  this->listen_there();
  // The system tells of the loss with what comes after it.
  ASSERT_TRUE(this->driver.wait_until([this] { return this->there->receive().empty(); }));
  this->on_shard([this] {
    const std::vector<Datagram> one = {datagram(this->there->local_endpoint(), "after")};
    this->here->send(one);
  });
  EXPECT_TRUE(this->driver.wait_until([&] {
    const DatagramFigures figures = this->there->figures();
    return figures.overflowed > 0 && figures.received + figures.overflowed == sent + 1;
  }));
}

}  // namespace
}  // namespace peerage::conn
