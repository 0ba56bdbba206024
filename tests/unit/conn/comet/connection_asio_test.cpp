// A connection over real sockets and threads: what the simulated network cannot show.
#include <future>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "conn/comet/connection.h"
#include "conn/runtime/asio_runtime.h"
#include "tests/support/peers.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

constexpr ChannelId kChannel{0x30};

struct Link {
  AsioRuntime runtime{2};
  NodeKey first_key = test::key_from(1);
  NodeKey second_key = test::key_from(2);
  ReassemblyBudget budget;
  std::shared_ptr<Connection> first;   // on shard 0
  std::shared_ptr<Connection> second;  // on shard 1

  static void on(Shard& shard, const Task& action) {
    std::promise<void> done;
    shard.post([&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }

  void open(Connection::Events first_events, Connection::Events second_events) {
    Shard& one = runtime.shard(0);
    Shard& two = runtime.shard(1);
    std::unique_ptr<Listener> listener;
    std::unique_ptr<Pending> connecting;
    std::unique_ptr<Stream> dialled, accepted;
    std::promise<void> have_dialled, have_accepted;
    on(one, [&] {
      listener = std::move(
          *runtime.listen(one, {IpAddress::v4(127, 0, 0, 1), 0}, [&](std::unique_ptr<Arrival> a) {
            accepted = a->claim(two);
            have_accepted.set_value();
          }));
      connecting = runtime.connect(one, listener->local_endpoint(), 5s,
                                   [&](Result<std::unique_ptr<Stream>> stream) {
                                     dialled = std::move(*stream);
                                     have_dialled.set_value();
                                   });
    });
    have_dialled.get_future().wait();
    have_accepted.get_future().wait();
    auto sessions = test::make_sessions(first_key, second_key);
    const std::vector<ChannelDescriptor> channels = {
        {.id = kChannel, .send_queue_messages = 50, .max_message_bytes = 1u << 20}};
    const ConnectionConfig config = {
        .liveness = {}, .reassembly = {}, .send_queue = {}, .send_rate = 0, .receive_rate = 0};
    on(one, [&] {
      listener.reset();
      connecting.reset();
      first = Connection::create(one, std::move(dialled), std::move(sessions.first), channels,
                                 config, budget, std::move(first_events));
      first->start();
    });
    on(two, [&] {
      second = Connection::create(two, std::move(accepted), std::move(sessions.second), channels,
                                  config, budget, std::move(second_events));
      second->start();
    });
  }
  ~Link() {
    on(runtime.shard(0), [this] { first.reset(); });
    on(runtime.shard(1), [this] { second.reset(); });
    runtime.stop();
  }
};

TEST(ConnectionOnAsio, TakesMessagesFromManyThreadsAndKeepsTheOrderOfEach) {
  constexpr int kThreads = 4, kMessages = 500;
  std::map<int, int> seen;
  int total = 0;
  bool in_order = true;
  std::promise<void> all;
  Connection::Events events;
  events.message = [&](const ChannelMessage& message) {
    const int number = message.bytes[1] << 8 | message.bytes[2];
    in_order = in_order && seen[message.bytes[0]]++ == number;
    if (++total == kThreads * kMessages) all.set_value();
  };
  Link link;
  link.open({}, std::move(events));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&link, thread] {
      for (int number = 0; number < kMessages; ++number) {
        Bytes bytes(static_cast<std::size_t>(3 + number * 7), static_cast<std::uint8_t>(thread));
        bytes[1] = static_cast<std::uint8_t>(number >> 8);
        bytes[2] = static_cast<std::uint8_t>(number);
        const auto shared = std::make_shared<const Bytes>(std::move(bytes));
        while (link.first->send(kChannel, shared) != SendResult::queued) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(all.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_TRUE(in_order);
}

TEST(ConnectionOnAsio, FlushAndStopDeliversWhatWasQueued) {
  std::promise<Failure> first_end, second_end;
  int received = 0;
  Connection::Events first_events, second_events;
  first_events.closed = [&](const Failure& why) { first_end.set_value(why); };
  second_events.message = [&](const ChannelMessage&) { ++received; };
  second_events.closed = [&](const Failure& why) { second_end.set_value(why); };
  Link link;
  link.open(std::move(first_events), std::move(second_events));
  Link::on(link.runtime.shard(0), [&] {
    for (int i = 0; i < 20; ++i) link.first->send(kChannel, Bytes(50'000));
    link.first->flush_and_stop(10s);
  });
  EXPECT_EQ(second_end.get_future().get().reason, Reason::closed_by_remote);
  EXPECT_EQ(first_end.get_future().get().reason, Reason::stopped_locally);
  EXPECT_EQ(received, 20);
}

TEST(ConnectionOnAsio, AProcessThatDiesIsNoticedAtOnce) {
  std::promise<Failure> end;
  Connection::Events events;
  events.closed = [&](const Failure& why) { end.set_value(why); };
  Link link;
  link.open(std::move(events), {});
  Link::on(link.runtime.shard(1), [&] { link.second.reset(); });
  const Failure why = end.get_future().get();
  EXPECT_TRUE(why.reason == Reason::closed_by_remote || why.reason == Reason::connection_reset);
}

}  // namespace
}  // namespace peerage::conn
