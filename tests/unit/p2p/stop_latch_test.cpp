#include "p2p/stop_latch.h"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "conn/runtime/asio_runtime.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;

TEST(StopLatch, CallbacksRunOnceInOrderWhenItOpensAndAtOnceAfterThat) {
  StopLatch latch;
  std::string told;
  latch.then([&] { told += "a"; });
  latch.then([&] { told += "b"; });
  EXPECT_EQ(told, "");
  latch.open();
  EXPECT_EQ(told, "ab");
  latch.then([&] { told += "c"; });
  EXPECT_EQ(told, "abc");
}

TEST(StopLatch, ACallbackMayAskForAnother) {
  StopLatch latch;
  std::string told;
  latch.then([&] {
    told += "a";
    latch.then([&] { told += "b"; });
  });
  latch.open();
  EXPECT_EQ(told, "ab");
}

TEST(StopLatch, TheOwnerLivesUntilItHasOpenedAndMayEndWithIt) {
  struct Owner {
    StopLatch latch;
    std::shared_ptr<int> mark = std::make_shared<int>();
  };
  auto owner = std::make_shared<Owner>();
  Owner& kept = *owner;
  const std::weak_ptr<int> mark = owner->mark;
  kept.latch.keep(owner);
  bool lives = false;
  kept.latch.then([&] { lives = !mark.expired(); });
  owner.reset();
  ASSERT_FALSE(mark.expired());
  kept.latch.open();
  EXPECT_TRUE(lives) << "while callbacks run";
  EXPECT_TRUE(mark.expired());
}

TEST(StopLatch, AThreadWaitsUntilItOpens) {
  conn::AsioRuntime runtime(1);
  StopLatch latch;
  auto waiting = std::async(std::launch::async, [&] { latch.wait(runtime); });
  EXPECT_EQ(waiting.wait_for(10ms), std::future_status::timeout);
  latch.open();
  waiting.get();
  latch.wait(runtime);  // and no longer
}

TEST(StopLatch, AThreadDoesNotWaitForARuntimeThatHasStoppedAndTheOwnerIsLetGo) {
  conn::AsioRuntime runtime(1);
  StopLatch latch;
  auto owner = std::make_shared<int>();
  latch.keep(owner);
  auto waiting = std::async(std::launch::async, [&] { latch.wait(runtime); });
  EXPECT_EQ(owner.use_count(), 2);
  runtime.stop();
  waiting.get();
  EXPECT_EQ(owner.use_count(), 1);
}

}  // namespace
}  // namespace peerage::p2p
