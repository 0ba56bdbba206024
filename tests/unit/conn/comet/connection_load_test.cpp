// Connections over TCP that are closed, paused and stopped while other threads send on them.
#include <array>
#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "conn/comet/connection.h"
#include "conn/runtime/asio_runtime.h"
#include "tests/support/peers.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

constexpr ChannelId kFirst{0x20}, kSecond{0x21};

// One end: what it has received, and how it ended. Touched on its shard, read when that is over.
struct Side {
  std::shared_ptr<Connection> connection;
  std::atomic<std::size_t> messages = 0;
  std::atomic<std::size_t> out_of_order = 0;
  std::array<std::uint32_t, 256> next{};  // by sending thread
  std::promise<Failure> closed;
  std::function<void()> on_message;

  void open(Shard& shard, std::unique_ptr<Stream> stream, SecretSession session,
            const ConnectionConfig& config, ReassemblyBudget& budget) {
    const std::vector<ChannelDescriptor> channels = {
        {.id = kFirst, .priority = 1, .send_queue_messages = 64},
        {.id = kSecond, .priority = 10, .send_queue_messages = 64}};
    connection =
        Connection::create(shard, std::move(stream), std::move(session), channels, config, budget,
                           {.message =
                                [this](const ChannelMessage& message) {
                                  // The sender's number, then a count of its own.
                                  std::uint32_t count = 0;
                                  for (int i = 0; i < 4; ++i)
                                    count |= std::uint32_t{message.bytes[1 + i]} << (8 * i);
                                  if (next[message.bytes[0]]++ != count) ++out_of_order;
                                  ++messages;
                                  if (on_message) on_message();
                                },
                            .closed = [this](const Failure& why) { closed.set_value(why); }});
    connection->start();
  }
};

Bytes numbered(std::uint8_t sender, std::uint32_t count, std::size_t size) {
  Bytes bytes(size);
  bytes[0] = sender;
  for (int i = 0; i < 4; ++i) bytes[1 + i] = static_cast<std::uint8_t>(count >> (8 * i));
  return bytes;
}

struct ConnectionUnderLoad : testing::Test {
  NodeKey our_key = test::key_from(1);
  NodeKey their_key = test::key_from(2);
  ReassemblyBudget budget;
  ConnectionConfig config = {
      .liveness = {}, .reassembly = {}, .send_queue = {}, .send_rate = 0, .receive_rate = 0};
  Side us, them;
  AsioRuntime runtime{2};  // goes first: after that nothing calls back
  bool stopped = false;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Pending> pending;

  // Runs `action` on a shard and waits for it.
  void on(std::size_t shard, const Task& action) {
    std::promise<void> done;
    runtime.shard(shard).post([&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  void SetUp() override {
    std::promise<std::unique_ptr<Stream>> dialled, accepted;
    on(0, [&] {
      listener =
          std::move(*runtime.listen(runtime.shard(0), {IpAddress::v4(127, 0, 0, 1), 0},
                                    [&](std::unique_ptr<Arrival> arrival) {
                                      // Claimed on the shard that it will live on.
                                      auto shared = std::make_shared<std::unique_ptr<Arrival>>();
                                      *shared = std::move(arrival);
                                      runtime.shard(1).post([this, shared, &accepted] {
                                        accepted.set_value((*shared)->claim(runtime.shard(1)));
                                      });
                                    }));
      pending = runtime.connect(runtime.shard(0), listener->local_endpoint(), 5s,
                                [&](auto stream) { dialled.set_value(std::move(*stream)); });
    });
    auto ours = dialled.get_future().get();
    auto theirs = accepted.get_future().get();
    auto sessions = test::make_sessions(our_key, their_key);
    on(0, [&] {
      us.open(runtime.shard(0), std::move(ours), std::move(sessions.first), config, budget);
    });
    on(1, [&] {
      them.open(runtime.shard(1), std::move(theirs), std::move(sessions.second), config, budget);
    });
  }
  void TearDown() override {
    // A runtime that has been stopped runs nothing, and what lived on it may go anywhere.
    if (!stopped) {
      on(0, [this] { drop_first(); });
      on(1, [this] { them.connection.reset(); });
    } else {
      drop_first();
      them.connection.reset();
    }
    runtime.stop();
  }
  void drop_first() {
    us.connection.reset();
    pending.reset();
    listener.reset();
  }
  // Sends `count` messages from a thread of its own, as fast as they are taken; stops early when
  // the connection is closed. Returns how many were accepted.
  static std::future<std::uint32_t> sender(const std::shared_ptr<Connection>& connection,
                                           std::uint8_t number, std::uint32_t count) {
    return std::async(std::launch::async, [connection, number, count] {
      std::uint32_t accepted = 0;
      while (accepted < count) {
        const SendResult result =
            connection->send(number % 2 == 0 ? kFirst : kSecond,
                             numbered(number, accepted, 5 + (accepted * 37) % 3000));
        if (result == SendResult::closed) break;
        if (result == SendResult::queued) {
          ++accepted;
        } else {
          std::this_thread::yield();
        }
      }
      return accepted;
    });
  }
};

TEST_F(ConnectionUnderLoad, ClosedWhileManyThreadsSendItRefusesThemAllAndHoldsNothing) {
  std::promise<void> enough;
  them.on_message = [&enough, count = 0]() mutable {
    if (++count == 100) enough.set_value();
  };
  std::vector<std::future<std::uint32_t>> senders;
  for (std::uint8_t i = 0; i < 4; ++i) senders.push_back(sender(us.connection, i, ~0u));
  enough.get_future().wait();
  on(0, [&] { us.connection->close(); });
  for (auto& each : senders) each.get();
  EXPECT_EQ(us.closed.get_future().get().reason, Reason::stopped_locally);
  them.closed.get_future().wait();
  EXPECT_EQ(us.connection->send(kFirst, Bytes(1)), SendResult::closed);
  on(0, [&] { EXPECT_EQ(us.connection->status().queued_bytes, 0u); });
}

TEST_F(ConnectionUnderLoad, PausedItHoldsTheSenderUpAndGoesOnWhereItStopped) {
  on(1, [&] { them.connection->pause_reading(); });
  auto sending = sender(us.connection, 0, 20'000);
  // Until the kernel's buffers and our queue are full.
  std::uint64_t before = 1, now = 0;
  while (before != now) {
    std::this_thread::sleep_for(100ms);
    before = now;
    on(0, [&] { now = us.connection->status().sent_bytes; });
  }
  EXPECT_EQ(them.messages, 0u);
  on(1, [&] { them.connection->resume_reading(); });
  EXPECT_EQ(sending.get(), 20'000u);
  on(0, [&] { us.connection->flush_and_stop(20s); });
  EXPECT_EQ(them.closed.get_future().get().reason, Reason::closed_by_remote);
  EXPECT_EQ(them.messages, 20'000u);
  EXPECT_EQ(them.out_of_order, 0u);
}

TEST_F(ConnectionUnderLoad, TheRuntimeMayStopUnderConnectionsThatAreBusy) {
  std::vector<std::future<std::uint32_t>> senders;
  for (std::uint8_t i = 0; i < 2; ++i) senders.push_back(sender(us.connection, i, 200));
  for (auto& each : senders) EXPECT_EQ(each.get(), 200u);
  runtime.stop();
  stopped = true;
  EXPECT_EQ(us.connection->send(kFirst, Bytes(2u << 20)), SendResult::message_too_long);
}

}  // namespace
}  // namespace peerage::conn
