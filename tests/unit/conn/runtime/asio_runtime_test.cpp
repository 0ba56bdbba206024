// What the runtime on TCP has beyond the rules that both runtimes keep (runtime_test.cpp): threads,
// a host's own io_context, and descriptors that run out.
#include "conn/runtime/asio_runtime.h"

#include <array>
#include <atomic>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn/runtime/spent_arrival.h"
#include "tests/support/sanitizers.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

TEST(AsioRuntimeTest, StopsFromACallbackTwiceAndWithEverythingUnderWay) {
  AsioRuntime runtime(2);
  std::unique_ptr<Pending> connecting;
  std::unique_ptr<Listener> listener;
  std::promise<void> stopped;
  runtime.shard(0).post([&] {
    listener =
        std::move(*runtime.listen(runtime.shard(0), {IpAddress::v4(127, 0, 0, 1), 0}, [](auto) {}));
    connecting = runtime.connect(runtime.shard(0), listener->local_endpoint(), 60s, [](auto) {});
    runtime.stop();
    runtime.shard(1).post([] { ADD_FAILURE() << "posted after the stop"; });
    stopped.set_value();
  });
  stopped.get_future().wait();
  runtime.wait();
  runtime.stop();
  connecting.reset();
  listener.reset();
}

TEST(AsioRuntimeTest, StoppingDoesNotWaitForALookupThatHangs) {
  auto release = std::make_shared<std::promise<void>>();
  std::shared_future<void> released = release->get_future();
  {
    AsioRuntime runtime(1, [released](const std::string&) -> Result<std::vector<IpAddress>> {
      released.wait();
      return std::vector{IpAddress::v4(127, 0, 0, 1)};
    });
    std::unique_ptr<Pending> pending;
    std::promise<void> asked;
    runtime.shard(0).post([&] {
      pending = runtime.resolve(runtime.shard(0), "hangs.test", 60s, [](auto) { ADD_FAILURE(); });
      asked.set_value();
    });
    asked.get_future().wait();
    runtime.stop();
  }
  release->set_value();
}

// --- an address before anyone is accepted there ---

TEST(AsioRuntimeTest, AnAddressThatIsHeldIsOursAndTheListenerAcceptsWhatCameMeanwhile) {
  const Endpoint any = {IpAddress::v4(127, 0, 0, 1), 0};
  AsioRuntime first(1);
  std::unique_ptr<Listener> listener;
  std::promise<Endpoint> listening;
  first.shard(0).post([&] {
    listener = std::move(*first.listen(first.shard(0), any, [](auto) {}));
    listening.set_value(listener->local_endpoint());
  });
  const Endpoint taken = listening.get_future().get();
  AsioRuntime second(1);
  const auto refused = second.hold(taken);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::address_in_use);
  first.stop();
  listener.reset();

  ASSERT_TRUE(second.hold(taken));
  EXPECT_TRUE(second.hold(taken)) << "it is ours";
  AsioRuntime third(1);
  EXPECT_FALSE(third.hold(taken));
  std::unique_ptr<Pending> connecting;
  std::unique_ptr<Stream> stream;
  std::promise<void> connected;
  third.shard(0).post([&] {
    connecting = third.connect(third.shard(0), taken, 10s, [&](auto outcome) {
      if (outcome) stream = std::move(*outcome);
      connected.set_value();
    });
  });
  connected.get_future().wait();
  ASSERT_TRUE(stream) << "it waits in the backlog";
  std::promise<void> arrived;
  second.shard(0).post([&] {
    auto made = second.listen(second.shard(0), taken, [&](auto) { arrived.set_value(); });
    ASSERT_TRUE(made) << made.error().text();
    listener = std::move(*made);
  });
  arrived.get_future().wait();
  third.stop();
  second.stop();
  stream.reset();
  connecting.reset();
  listener.reset();
}

// --- the end ---

// Something that is at work until it is released.
struct Work {
  std::promise<void> begun;
  std::promise<void> release;
  std::atomic<bool> over = false;
  Task task() {
    return [this] {
      begun.set_value();
      release.get_future().wait();
      std::this_thread::sleep_for(20ms);  // what does not wait for us is gone by now
      over = true;
    };
  }
};

TEST(AsioRuntimeTest, StoppingWaitsForWhatAnExecutorHasBegunAndDropsTheRest) {
  AsioRuntime runtime(1);
  const auto executor = runtime.make_executor();
  Work work;
  executor->post(work.task());
  auto owned = std::make_shared<int>();
  const std::weak_ptr<int> waits = owned;
  executor->post([owned = std::exchange(owned, nullptr)] { ADD_FAILURE() << "it had not begun"; });
  work.begun.get_future().wait();
  std::thread stopper([&] {
    runtime.stop();
    EXPECT_TRUE(work.over);
  });
  while (!runtime.stopped()) std::this_thread::yield();
  EXPECT_FALSE(work.over);
  EXPECT_FALSE(waits.expired()) << "it may own what is still at work";
  work.release.set_value();
  stopper.join();
  EXPECT_TRUE(waits.expired());
  executor->post([] { ADD_FAILURE() << "posted after the stop"; });
  runtime.make_executor()->post([] { ADD_FAILURE() << "made after the stop"; });
}

TEST(AsioRuntimeTest, WaitingEndsWhenItIsStoppedOnAnExecutorAndThatIsDone) {
  AsioRuntime runtime(2);
  const auto executor = runtime.make_executor();
  std::atomic<bool> over = false;
  executor->post([&] {
    EXPECT_FALSE(runtime.may_wait());
    runtime.stop();
    over = true;
  });
  runtime.wait();
  EXPECT_TRUE(over);
  EXPECT_TRUE(runtime.may_wait());
}

// A timer that is freed slowly, so that code that does not wait is in its way.
struct SlowlyFreed {
  explicit SlowlyFreed(Shard& shard) : timer(shard.make_timer([] {})) {
    timer->arm(shard.now() + 1h);
  }
  ~SlowlyFreed() { std::this_thread::sleep_for(20ms); }
  std::unique_ptr<Timer> timer;
};

std::shared_ptr<SlowlyFreed> slowly_freed(Shard& shard) {
  std::promise<std::shared_ptr<SlowlyFreed>> made;
  shard.post([&] { made.set_value(std::make_shared<SlowlyFreed>(shard)); });
  return made.get_future().get();
}

TEST(AsioRuntimeTest, ATaskThatDestroysItsExecutorMayStillHoldATimer) {
  for (int i = 0; i < 10; ++i) {
    AsioRuntime runtime(1);
    std::shared_ptr<Executor> executor = runtime.make_executor();
    auto timer = slowly_freed(runtime.shard(0));
    std::promise<void> begun;
    executor->post([&begun, executor, timer] { begun.set_value(); });
    executor.reset();
    timer.reset();
    begun.get_future().wait();
    (void)runtime.make_executor();  // the last one's thread is cleared away
  }
}

TEST(AsioRuntimeTest, WhatWaitsAtOneShardMayOwnWhatBelongsToAnother) {
  AsioRuntime runtime(2);
  auto first = slowly_freed(runtime.shard(0));
  auto second = slowly_freed(runtime.shard(1));
  // Neither begins before the runtime has stopped.
  std::promise<void> stopping;
  const auto stopped = stopping.get_future().share();
  for (std::size_t i = 0; i < 2; ++i) runtime.shard(i).post([stopped] { stopped.wait(); });
  runtime.shard(0).post([second = std::exchange(second, nullptr)] { ADD_FAILURE(); });
  runtime.shard(1).post([first = std::exchange(first, nullptr)] { ADD_FAILURE(); });
  std::thread stopper([&] { runtime.stop(); });
  while (!runtime.stopped()) std::this_thread::yield();
  stopping.set_value();
  stopper.join();
}

TEST(AsioRuntimeTest, RunsOnTheHostsOwnContext) {
  asio::io_context host;
  AsioRuntime runtime(host);
  bool ran = false;
  runtime.shard(0).post([&] { ran = true; });
  EXPECT_FALSE(ran);
  host.run();
  EXPECT_TRUE(ran);
}

TEST(AsioRuntimeTest, ShardsAreThreadsOfTheirOwn) {
  AsioRuntime runtime(3);
  ASSERT_EQ(runtime.shard_count(), 3u);
  std::array<std::promise<std::thread::id>, 3> ids;
  for (std::size_t i = 0; i < 3; ++i) {
    runtime.shard(i).post([&, i] {
      EXPECT_TRUE(runtime.shard(i).is_current());
      EXPECT_FALSE(runtime.shard((i + 1) % 3).is_current());
      ids[i].set_value(std::this_thread::get_id());
    });
  }
  EXPECT_NE(ids[0].get_future().get(), ids[1].get_future().get());
  runtime.stop();
  EXPECT_FALSE(runtime.shard(0).is_current());
}

// --- out of descriptors ---

// Dials, past the runtime, a listener on 127.0.0.1.
void connect_plainly(int socket, const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

// Out of descriptors, the listener pauses and goes on.
TEST(AsioRuntimeTest, AcceptingSurvivesRunningOutOfDescriptors) {
  PEERAGE_TEST_NEEDS_ALL_DESCRIPTORS_GONE();
  AsioRuntime runtime(1);
  std::atomic<int> arrived = 0;
  std::unique_ptr<Listener> listener;
  std::promise<Endpoint> where;
  runtime.shard(0).post([&] {
    listener = std::move(*runtime.listen(runtime.shard(0), {IpAddress::v4(127, 0, 0, 1), 0},
                                         [&](std::unique_ptr<Arrival>) { ++arrived; }));
    where.set_value(listener->local_endpoint());
  });
  const Endpoint endpoint = where.get_future().get();
  const auto dial = [&endpoint] {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_GE(socket, 0);
    connect_plainly(socket, endpoint);
    return socket;
  };
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int ours = dial();
  while (arrived < 1) std::this_thread::yield();
  // The listener tries to accept until nothing waits, and each try takes a descriptor while it
  // lasts. Only then is the next one to be given out known.
  std::promise<void> idle;
  runtime.shard(0).post([&] { idle.set_value(); });
  idle.get_future().wait();
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(ours) + 1;
  // The socket of the next dialler fits below the limit; the one that accept() would make does not.
  ::close(ours);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const int next = dial();
  // While the limit stands, accept() fails and the listener must neither spin nor give up. A pause
  // is over after 100 ms at the least, so the arrival comes after the limit is gone.
  EXPECT_EQ(arrived, 1);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (arrived < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(arrived, 2);
  ::close(next);
  std::promise<void> gone;
  runtime.shard(0).post([&] {
    listener.reset();
    gone.set_value();
  });
  gone.get_future().wait();
}

// Lowers the limit for descriptors, and takes them, for as long as it lives.
class ScarceDescriptors {
 public:
  explicit ScarceDescriptors(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low = before_;
    low.rlim_cur = limit;
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  ~ScarceDescriptors() {
    release();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  // Takes all below `next`, so that the next to be made is that or higher.
  void take_all_below(int next) {
    while (true) {
      const int taken = ::dup(STDERR_FILENO);
      if (taken < 0) return;
      if (taken >= next) {
        ::close(taken);
        return;
      }
      taken_.push_back(taken);
    }
  }
  void release() {
    for (const int each : std::exchange(taken_, {})) ::close(each);
  }
  // How many files the process could still open.
  std::size_t left() const {
    std::vector<int> opened;
    for (int each = ::dup(STDERR_FILENO); each >= 0; each = ::dup(STDERR_FILENO)) {
      opened.push_back(each);
    }
    for (const int each : opened) ::close(each);
    return opened.size();
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

struct ReservedDescriptorsTest : testing::Test {
  AsioRuntime runtime{1};
  std::unique_ptr<Listener> listener;
  std::atomic<int> arrived = 0, claimed = 0;
  Endpoint came_from;
  Endpoint endpoint;

  void SetUp() override {
    on_shard([this] {
      listener = std::move(*runtime.listen(runtime.shard(0), {IpAddress::v4(127, 0, 0, 1), 0},
                                           [this](const std::unique_ptr<Arrival>& arrival) {
                                             ++arrived;
                                             came_from = arrival->remote_endpoint();
                                             if (arrival->claim(runtime.shard(0))) {
                                               ++claimed;
                                             } else {
                                               EXPECT_EQ(SpentArrival::from(*arrival)->why(),
                                                         Reason::out_of_descriptors);
                                             }
                                           }));
    });
    endpoint = listener->local_endpoint();
  }
  void TearDown() override {
    on_shard([this] { listener.reset(); });
  }
  void on_shard(const Task& action) {
    std::promise<void> done;
    runtime.shard(0).post([&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  // Dials the listener with a plain socket; whether a stream could be had of it. It is told of
  // either way.
  bool is_accepted(int socket) {
    const int arrived_before = arrived, claimed_before = claimed;
    connect_plainly(socket, endpoint);
    // Either way it is closed, or reset.
    char byte;
    EXPECT_LE(::recv(socket, &byte, 1, 0), 0);
    on_shard([] {});
    EXPECT_EQ(arrived, arrived_before + 1);
    EXPECT_EQ(came_from.ip, IpAddress::v4(127, 0, 0, 1));
    return claimed > claimed_before;
  }
  Result<std::unique_ptr<Stream>> dial() {
    std::promise<Result<std::unique_ptr<Stream>>> outcome;
    std::unique_ptr<Pending> pending;
    on_shard([&] {
      pending = runtime.connect(runtime.shard(0), endpoint, 5s,
                                [&](auto stream) { outcome.set_value(std::move(stream)); });
    });
    auto result = outcome.get_future().get();
    on_shard([&] { pending.reset(); });
    return result;
  }
};

TEST_F(ReservedDescriptorsTest, AConnectionThatIsOverBeforeItIsLookedAtIsHandedOverAsSpent) {
  for (const bool resets : {false, true}) {
    std::promise<Reason> told;
    std::promise<void> ended;
    std::unique_ptr<Listener> busy;
    on_shard([&] {
      busy = std::move(*runtime.listen(
          runtime.shard(0), {IpAddress::v4(127, 0, 0, 1), 0},
          [&](const std::unique_ptr<Arrival>& arrival) {
            const SpentArrival* const spent = SpentArrival::from(*arrival);
            told.set_value(spent == nullptr ? Reason(Reason::internal_error) : spent->why());
          }));
    });
    // While the shard is busy with something else.
    runtime.shard(0).post([&] { ended.get_future().wait(); });
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    connect_plainly(socket, busy->local_endpoint());
    const linger at_once{1, 0};
    if (resets) ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(socket);
    ended.set_value();
    EXPECT_EQ(told.get_future().get(), Reason::closed_before_key);
    on_shard([&] { busy.reset(); });
  }
}

TEST_F(ReservedDescriptorsTest, ConnectionsLeaveThirtyTwoDescriptorsToTheProcess) {
  const int first = ::socket(AF_INET, SOCK_STREAM, 0);
  const int second = ::socket(AF_INET, SOCK_STREAM, 0);
  const int third = ::socket(AF_INET, SOCK_STREAM, 0);
  ScarceDescriptors scarce(128);
  scarce.take_all_below(95);
  EXPECT_TRUE(is_accepted(first)) << "95 is not reserved";
  scarce.take_all_below(96);
  EXPECT_EQ(scarce.left(), 32u);
  EXPECT_FALSE(is_accepted(second)) << "96 is";
  const auto refused = dial();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::out_of_descriptors);
  EXPECT_EQ(scarce.left(), 32u);
  scarce.release();
  EXPECT_TRUE(is_accepted(third)) << "accepting goes on by itself";
  auto stream = dial();
  EXPECT_TRUE(stream);
  on_shard([&] { stream->reset(); });
  for (const int each : {first, second, third}) ::close(each);
}

TEST_F(ReservedDescriptorsTest, OfATinyLimitOnlyAQuarterIsReserved) {
  const int first = ::socket(AF_INET, SOCK_STREAM, 0);
  const int second = ::socket(AF_INET, SOCK_STREAM, 0);
  ScarceDescriptors scarce(40);
  scarce.take_all_below(29);
  EXPECT_TRUE(is_accepted(first));
  scarce.take_all_below(30);
  EXPECT_EQ(scarce.left(), 10u);
  EXPECT_FALSE(is_accepted(second));
  for (const int each : {first, second}) ::close(each);
}

TEST(AsioRuntimeTest, AShardsProcessorTimeGrowsWithItsWork) {
  AsioRuntime runtime(2);
  std::promise<void> worked;
  runtime.shard(1).post([&] {
    const auto until = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < until) {
    }
    worked.set_value();
  });
  worked.get_future().wait();
  const auto busy = runtime.busy_time(1);
  ASSERT_TRUE(busy);
  EXPECT_GT(*busy, Duration(0));
  runtime.stop();
  EXPECT_EQ(runtime.busy_time(1), std::nullopt) << "its thread has ended";
}

}  // namespace
}  // namespace peerage::conn
