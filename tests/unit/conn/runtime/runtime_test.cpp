// The rules of conn/runtime/runtime.h, held against both implementations: each test runs on TCP
// over loopback and on the simulated network.
#include "conn/runtime/runtime.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/runtime_drivers.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

struct Streams {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Pending> pending;
  std::unique_ptr<Stream> dialled;
  std::unique_ptr<Stream> accepted;
};

template <typename DriverType>
struct RuntimeTest : testing::Test {
  DriverType driver;
  Streams streams;

  void connect() {
    driver.on_shard([this] {
      streams.listener = std::move(*driver.runtime().listen(
          driver.shard(), driver.any_endpoint(), [this](std::unique_ptr<Arrival> arrival) {
            streams.accepted = arrival->claim(driver.shard());
          }));
      streams.pending = driver.runtime().connect(
          driver.shard(), streams.listener->local_endpoint(), 5s,
          [this](Result<std::unique_ptr<Stream>> stream) { streams.dialled = std::move(*stream); });
    });
    ASSERT_TRUE(driver.wait_until([this] { return streams.dialled && streams.accepted; }));
  }
  void TearDown() override {
    driver.on_shard([this] { streams = {}; });
  }
  // What an attempt to connect ends with.
  Result<std::unique_ptr<Stream>> connect_to(const Endpoint& endpoint, Duration timeout) {
    std::optional<Result<std::unique_ptr<Stream>>> outcome;
    std::unique_ptr<Pending> pending;
    driver.on_shard([&] {
      pending = driver.runtime().connect(
          driver.shard(), endpoint, timeout,
          [&](Result<std::unique_ptr<Stream>> stream) { outcome.emplace(std::move(stream)); });
    });
    EXPECT_TRUE(driver.wait_until([&] { return outcome.has_value(); }));
    driver.on_shard([&] { pending.reset(); });
    return std::move(*outcome);
  }
  Result<std::vector<IpAddress>> resolve(const std::string& host, Duration timeout) {
    return looked_up<std::vector<IpAddress>>(
        [&](auto done) { return driver.runtime().resolve(driver.shard(), host, timeout, done); });
  }
  Result<std::vector<std::string>> resolve_txt(const std::string& name, Duration timeout) {
    return looked_up<std::vector<std::string>>([&](auto done) {
      return driver.runtime().resolve_txt(driver.shard(), name, timeout, done);
    });
  }
  template <typename Answer, typename Begin>
  Result<Answer> looked_up(const Begin& begin) {
    std::optional<Result<Answer>> outcome;
    std::unique_ptr<Pending> pending;
    driver.on_shard([&] {
      pending = begin([&outcome](Result<Answer> answer) { outcome = std::move(answer); });
      EXPECT_FALSE(outcome) << "never inside the call";
    });
    EXPECT_TRUE(driver.wait_until([&] { return outcome.has_value(); }));
    driver.on_shard([&] { pending.reset(); });
    return *outcome;
  }
};
TYPED_TEST_SUITE(RuntimeTest, test::Drivers, test::DriverNames);

TYPED_TEST(RuntimeTest, TasksPostedFromOneThreadRunInOrderAndNeverInsidePost) {
  std::vector<int> order;
  this->driver.on_shard([&] {
    for (int i = 0; i < 100; ++i) {
      this->driver.shard().post([&order, i] { order.push_back(i); });
      EXPECT_TRUE(order.empty());
    }
  });
  ASSERT_TRUE(this->driver.wait_until([&] { return order.size() == 100; }));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TYPED_TEST(RuntimeTest, ATimerFiresOnceAtItsTimeAndNeverInsideArm) {
  std::unique_ptr<Timer> timer;
  int fired = 0;
  TimePoint due, seen;
  this->driver.on_shard([&] {
    Shard& shard = this->driver.shard();
    timer = shard.make_timer([&] {
      ++fired;
      seen = shard.now();
    });
    due = shard.now() + 20ms;
    timer->arm(due);
    EXPECT_EQ(fired, 0);
  });
  ASSERT_TRUE(this->driver.wait_until([&] { return fired > 0; }));
  EXPECT_GE(seen, due);
  this->driver.pass(50ms);
  this->driver.on_shard([&] {
    EXPECT_EQ(fired, 1);
    timer->arm(TimePoint{});  // long past: at once, but not inside the call
    EXPECT_EQ(fired, 1);
  });
  ASSERT_TRUE(this->driver.wait_until([&] { return fired == 2; }));
  this->driver.on_shard([&] { timer.reset(); });
}

TYPED_TEST(RuntimeTest, ArmingAgainReplacesAndCancellingVoids) {
  std::unique_ptr<Timer> moved, cancelled, destroyed;
  int fired = 0, wrong = 0;
  this->driver.on_shard([&] {
    Shard& shard = this->driver.shard();
    moved = shard.make_timer([&] { ++fired; });
    cancelled = shard.make_timer([&] { ++wrong; });
    destroyed = shard.make_timer([&] { ++wrong; });
    moved->arm(shard.now());
    moved->arm(shard.now() + 10ms);
    cancelled->arm(shard.now());
    destroyed->arm(shard.now());
    // Due already, and still void.
    cancelled->cancel();
    destroyed.reset();
  });
  this->driver.pass(50ms);
  this->driver.on_shard([&] {
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(wrong, 0);
    moved.reset();
    cancelled.reset();
  });
}

TYPED_TEST(RuntimeTest, ATimerMayBeDestroyedByItsOwnCallback) {
  std::unique_ptr<Timer> timer;
  bool fired = false;
  this->driver.on_shard([&] {
    timer = this->driver.shard().make_timer([&] {
      timer.reset();
      fired = true;
    });
    timer->arm(this->driver.shard().now());
  });
  EXPECT_TRUE(this->driver.wait_until([&] { return fired; }));
}

TYPED_TEST(RuntimeTest, BytesArriveInOrderAlsoWhenMoreThanTheBuffersHold) {
  this->connect();
  Bytes sent(8u << 20);
  std::iota(sent.begin(), sent.end(), std::uint8_t{0});
  Bytes received;
  std::size_t written = 0;
  bool blocked = false;
  std::function<void()> write, read;
  write = [&] {
    while (written < sent.size()) {
      const ByteView rest = ByteView(sent).subspan(written);
      const ByteView parts[2] = {rest.first(rest.size() / 2), rest.subspan(rest.size() / 2)};
      const IoResult put = this->streams.dialled->write(parts);
      if (put.status == IoStatus::would_block) {
        blocked = true;
        this->streams.dialled->when_writable(write);
        return;
      }
      ASSERT_EQ(put.status, IoStatus::ok);
      written += put.bytes;
    }
  };
  Bytes buffer(100'000);
  read = [&] {
    const IoResult got = this->streams.accepted->read(buffer);
    if (got.status == IoStatus::ok) {
      received.insert(received.end(), buffer.begin(),
                      buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
    }
    this->streams.accepted->when_readable(read);
  };
  this->driver.on_shard([&] { write(); });
  EXPECT_TRUE(blocked) << "nothing was read yet";
  this->driver.on_shard([&] { read(); });
  ASSERT_TRUE(this->driver.wait_until([&] { return received.size() == sent.size(); }));
  EXPECT_EQ(received, sent);
}

TYPED_TEST(RuntimeTest, AfterShutdownTheOtherReadsEverythingThenTheEnd) {
  this->connect();
  std::string received;
  bool ended = false;
  std::function<void()> read = [&] {
    ByteArray<64> buffer;
    const IoResult got = this->streams.accepted->read(buffer);
    if (got.status == IoStatus::ok) received += as_text(ByteView(buffer).first(got.bytes));
    ended = got.status == IoStatus::end;
    if (!ended) this->streams.accepted->when_readable(read);
  };
  this->driver.on_shard([&] {
    const ByteView word = as_bytes("goodbye");
    this->streams.dialled->write({&word, 1});
    this->streams.dialled->shutdown_write();
    read();
  });
  ASSERT_TRUE(this->driver.wait_until([&] { return ended; }));
  EXPECT_EQ(received, "goodbye");
  // The other direction still works.
  bool answered = false;
  this->driver.on_shard([&] {
    const ByteView word = as_bytes("bye");
    EXPECT_EQ(this->streams.accepted->write({&word, 1}).bytes, 3u);
    this->streams.dialled->when_readable([&] {
      ByteArray<64> buffer;
      answered = this->streams.dialled->read(buffer).bytes == 3;
    });
  });
  EXPECT_TRUE(this->driver.wait_until([&] { return answered; }));
}

TYPED_TEST(RuntimeTest, ReadinessIsReportedOnceAndNeverInsideTheCall) {
  this->connect();
  int ready = 0;
  this->driver.on_shard([&] {
    this->streams.dialled->when_writable([&] { ++ready; });
    EXPECT_EQ(ready, 0);
    this->streams.dialled->when_readable([] { ADD_FAILURE() << "replaced"; });
    this->streams.dialled->when_readable([] { ADD_FAILURE() << "nothing to read"; });
  });
  ASSERT_TRUE(this->driver.wait_until([&] { return ready == 1; }));
  this->driver.pass(30ms);
  this->driver.on_shard([&] { EXPECT_EQ(ready, 1); });
}

TYPED_TEST(RuntimeTest, AClosedStreamRunsNoCallback) {
  this->connect();
  this->driver.on_shard([&] {
    this->streams.dialled->when_readable([] { ADD_FAILURE(); });
    this->streams.dialled->when_writable([] { ADD_FAILURE(); });
    this->streams.dialled->close();
    this->streams.dialled->close();
    ByteArray<8> buffer;
    EXPECT_EQ(this->streams.dialled->read(buffer).status, IoStatus::failed);
    const ByteView word = as_bytes("x");
    EXPECT_EQ(this->streams.dialled->write({&word, 1}).status, IoStatus::failed);
  });
  this->driver.pass(30ms);
}

TYPED_TEST(RuntimeTest, BothEndsKnowBothEndpoints) {
  this->connect();
  this->driver.on_shard([&] {
    EXPECT_EQ(this->streams.dialled->local_endpoint(), this->streams.accepted->remote_endpoint());
    EXPECT_EQ(this->streams.dialled->remote_endpoint(), this->streams.accepted->local_endpoint());
    EXPECT_EQ(this->streams.dialled->remote_endpoint(), this->streams.listener->local_endpoint());
  });
}

TYPED_TEST(RuntimeTest, AnArrivalThatIsNotClaimedIsReset) {
  std::unique_ptr<Listener> listener;
  this->driver.on_shard([&] {
    listener = std::move(*this->driver.runtime().listen(
        this->driver.shard(), this->driver.any_endpoint(), [](std::unique_ptr<Arrival>) {}));
  });
  auto stream = this->connect_to(listener->local_endpoint(), 5s);
  ASSERT_TRUE(stream);
  std::optional<IoResult> got;
  this->driver.on_shard([&] {
    (*stream)->when_readable([&] {
      ByteArray<8> buffer;
      got = (*stream)->read(buffer);
    });
  });
  ASSERT_TRUE(this->driver.wait_until([&] { return got.has_value(); }));
  EXPECT_EQ(got->status, IoStatus::failed);
  EXPECT_EQ(got->reason, Reason::connection_reset);
  this->driver.on_shard([&] {
    stream->reset();
    listener.reset();
  });
}

TYPED_TEST(RuntimeTest, ConnectingWhereNothingListensIsRefused) {
  const auto stream = this->connect_to(this->driver.refusing_endpoint(), 5s);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().reason, Reason::connection_refused);
  EXPECT_EQ(stream.error().stage, Stage::connect);
}

TYPED_TEST(RuntimeTest, AnAbandonedAttemptRunsNoCallback) {
  const Endpoint nowhere = this->driver.refusing_endpoint();
  this->driver.on_shard([&] {
    auto connecting = this->driver.runtime().connect(this->driver.shard(), nowhere, 5s,
                                                     [](auto) { ADD_FAILURE(); });
    auto resolving = this->driver.runtime().resolve(this->driver.shard(), "127.0.0.1", 5s,
                                                    [](auto) { ADD_FAILURE(); });
    auto txt = this->driver.runtime().resolve_txt(this->driver.shard(), "many.test", 5s,
                                                  [](auto) { ADD_FAILURE(); });
    connecting.reset();
    resolving.reset();
    txt.reset();
  });
  this->driver.pass(50ms);
}

TYPED_TEST(RuntimeTest, AnAddressInUseIsReportedAsInUse) {
  this->driver.on_shard([&] {
    auto first = this->driver.runtime().listen(this->driver.shard(), this->driver.any_endpoint(),
                                               [](auto) {});
    ASSERT_TRUE(first);
    const auto second = this->driver.runtime().listen(this->driver.shard(),
                                                      (*first)->local_endpoint(), [](auto) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, Reason::address_in_use);
  });
}

TYPED_TEST(RuntimeTest, ALiteralIsItsOwnAddress) {
  const auto addresses = this->resolve("192.0.2.7", 1s);
  ASSERT_TRUE(addresses);
  EXPECT_EQ(*addresses, std::vector{IpAddress::v4(192, 0, 2, 7)});
}

TYPED_TEST(RuntimeTest, ANameThatDoesNotExistIsNotFound) {
  const auto addresses = this->resolve("missing.test", 5s);
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().reason, Reason::name_not_found);
  EXPECT_EQ(addresses.error().stage, Stage::resolve);
}

TYPED_TEST(RuntimeTest, ALookupThatHangsTimesOutAndHoldsNothingUp) {
  const auto addresses = this->resolve(this->driver.hanging_name(), 50ms);
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().reason, Reason::name_lookup_timed_out);
}

TYPED_TEST(RuntimeTest, ANameHasAtMost16Addresses) {
  const auto addresses = this->resolve("many.test", 5s);
  ASSERT_TRUE(addresses);
  EXPECT_LE(addresses->size(), kMaxResolvedAddresses);
  EXPECT_GE(addresses->size(), 1u);
}

TYPED_TEST(RuntimeTest, OfTheTxtRecordsOfANameAsManyAreHandedOnAsMayBeAndNoneThatIsTooLong) {
  const auto records = this->resolve_txt("many.test", 5s);
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), kMaxTxtRecords);
  EXPECT_EQ(records->front(), std::string(kMaxTxtBytes, 'y'));
}

TYPED_TEST(RuntimeTest, ANameWithoutTxtRecordsOrThatIsNoneIsNotFound) {
  for (const std::string& name :
       {std::string("missing.test"), std::string("192.0.2.7"), std::string("many.test\0x", 11)}) {
    const auto records = this->resolve_txt(name, 5s);
    ASSERT_FALSE(records) << printable(name);
    EXPECT_EQ(records.error().reason, Reason::name_not_found);
    EXPECT_EQ(records.error().stage, Stage::resolve);
  }
}

TYPED_TEST(RuntimeTest, ATxtLookupThatHangsTimesOutAndHoldsUpNoLookupOfAnAddress) {
  std::vector<std::unique_ptr<Pending>> hanging;
  int timed_out = 0;
  this->driver.on_shard([&] {
    for (int i = 0; i < 10; ++i) {
      hanging.push_back(this->driver.runtime().resolve_txt(
          this->driver.shard(), this->driver.hanging_name(), 50ms, [&](auto records) {
            EXPECT_EQ(records.error().reason, Reason::name_lookup_timed_out);
            ++timed_out;
          }));
    }
  });
  EXPECT_TRUE(this->resolve("many.test", 5s));
  EXPECT_TRUE(this->driver.wait_until([&] { return timed_out == 10; }));
  this->driver.on_shard([&] { hanging.clear(); });
}

TYPED_TEST(RuntimeTest, RandomBytesAreNotAllTheSame) {
  ByteArray<32> one{}, other{};
  this->driver.runtime().random(one);
  this->driver.runtime().random(other);
  EXPECT_NE(one, other);
}

TEST(SimWorldTest, WhatATaskOwnsGoesWithTheWorldAlsoWhenItIsTheExecutorThatWasToRunIt) {
  auto owned = std::make_shared<int>();
  const std::weak_ptr<int> left = owned;
  {
    sim::SimWorld world;
    const std::shared_ptr<Executor> executor =
        world.add_host({IpAddress::v4(10, 0, 0, 1)}).make_executor();
    executor->post([executor, owned = std::exchange(owned, nullptr)] {});
  }
  EXPECT_TRUE(left.expired());
}

}  // namespace
}  // namespace peerage::conn
