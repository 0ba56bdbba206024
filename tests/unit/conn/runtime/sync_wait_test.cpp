#include "conn/runtime/sync_wait.h"

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "conn/runtime/asio_runtime.h"
#include "tests/sim/sim_world.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

class SyncWaitTest : public testing::Test {
 protected:
  AsioRuntime runtime{1};

  std::function<void(std::function<void(int)>)> answering(int number) {
    return [this, number](std::function<void(int)> done) {
      runtime.shard(0).post([done = std::move(done), number] { done(number); });
    };
  }
};

TEST_F(SyncWaitTest, HandsOverWhatTheCallbackWasGiven) {
  EXPECT_EQ(sync_wait<int>(runtime, answering(7)).value(), 7);
  EXPECT_EQ(sync_wait<int>(runtime, [](auto done) { done(8); }).value(), 8) << "answered at once";
  const auto moved = sync_wait<std::unique_ptr<int>>(runtime, [&](auto done) {
    runtime.shard(0).post([done] { done(std::make_unique<int>(9)); });
  });
  EXPECT_EQ(**moved, 9);
  std::atomic<bool> ran = false;
  EXPECT_TRUE(sync_wait(runtime, [&](std::function<void()> done) {
    runtime.shard(0).post([&ran, done] {
      ran = true;
      done();
    });
  }));
  EXPECT_TRUE(ran);
}

TEST_F(SyncWaitTest, EndsAtItsLimitAndALaterAnswerIsIgnored) {
  std::function<void(int)> kept;
  const auto late = sync_wait<int>(
      runtime, [&](std::function<void(int)> done) { kept = std::move(done); }, 10ms);
  EXPECT_EQ(late.error(), NoAnswer::too_late);
  kept(1);
}

TEST_F(SyncWaitTest, EndsWithTheRuntime) {
  std::function<void(int)> kept;  // as something that still runs has it
  std::promise<void> begun;
  std::thread stopper([&] {
    begun.get_future().wait();
    runtime.stop();
  });
  const auto none = sync_wait<int>(runtime, [&](std::function<void(int)> done) {
    kept = std::move(done);
    begun.set_value();
  });
  stopper.join();
  EXPECT_EQ(none.error(), NoAnswer::stopped);
  EXPECT_EQ(sync_wait<int>(runtime, answering(7)).error(), NoAnswer::stopped)
      << "what is posted to a stopped runtime is dropped";
}

TEST_F(SyncWaitTest, ACallbackThatIsDroppedEndsIt) {
  EXPECT_EQ(sync_wait<int>(runtime, [](const auto&) {}).error(), NoAnswer::stopped);
}

TEST_F(SyncWaitTest, IsRefusedWhereItWouldWaitForItself) {
  bool begun = false;
  const auto refused = [&](Runtime& of) {
    return sync_wait<int>(of, [&](const auto&) { begun = true; }).error();
  };
  std::promise<NoAnswer> on_shard;
  runtime.shard(0).post([&] { on_shard.set_value(refused(runtime)); });
  EXPECT_EQ(on_shard.get_future().get(), NoAnswer::waits_for_self);
  sim::SimWorld world;
  EXPECT_EQ(refused(world.add_host({*IpAddress::parse("1.2.3.4")}, 1)), NoAnswer::waits_for_self);
  EXPECT_FALSE(begun);
}

TEST(NoAnswer, SaysWhatDidNotAnswer) {
  EXPECT_EQ(as_failure(NoAnswer::stopped, "start()").reason, Reason::stopping);
  EXPECT_NE(as_failure(NoAnswer::waits_for_self, "start()").text().find("start()"),
            std::string::npos);
  EXPECT_NE(as_failure(NoAnswer::too_late, "start()").text().find("takes too long"),
            std::string::npos);
}

}  // namespace
}  // namespace peerage::conn
