#include "p2p/base/counters.h"

#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

TEST(Counters, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    const std::string_view of = name(static_cast<Counter>(i));
    EXPECT_FALSE(of.empty()) << i;
    EXPECT_EQ(of.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << of;
    EXPECT_TRUE(names.insert(of).second) << of;
  }
  EXPECT_EQ(name(Counter::accepted), "accepted");
  EXPECT_EQ(name(Counter::evicted), "evicted");
  EXPECT_EQ(name(Counter::broadcast_refused), "broadcast_refused");
}

TEST(Counters, BeginAtZeroAndCountApart) {
  Counters counters;
  counters.add(Counter::accepted);
  counters.add(Counter::broadcast_refused, 41);
  counters.add(Counter::broadcast_refused);
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    const auto counter = static_cast<Counter>(i);
    const std::uint64_t expected = counter == Counter::accepted            ? 1
                                   : counter == Counter::broadcast_refused ? 42
                                                                           : 0;
    EXPECT_EQ(counters.get(counter), expected) << name(counter);
  }
}

TEST(Counters, FailuresAreCountedByDirectionAndReason) {
  Counters counters;
  for (std::size_t i = 0; i < conn::kReasonCount; ++i) {
    const auto reason = static_cast<conn::Reason>(i);
    for (std::size_t n = 0; n <= i; ++n) counters.add_failure(Direction::inbound, reason);
    counters.add_failure(Direction::outbound, reason);
  }
  for (std::size_t i = 0; i < conn::kReasonCount; ++i) {
    const auto reason = static_cast<conn::Reason>(i);
    EXPECT_EQ(counters.failures(Direction::inbound, reason), i + 1);
    EXPECT_EQ(counters.failures(Direction::outbound, reason), 1u);
  }
}

TEST(Counters, LoseNothingWhenThreadsCountAtOnce) {
  Counters counters;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counters] {
      for (int n = 0; n < 10'000; ++n) {
        counters.add(Counter::accepted);
        counters.add_failure(Direction::inbound, conn::Reason::banned);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters.get(Counter::accepted), 40'000u);
  EXPECT_EQ(counters.failures(Direction::inbound, conn::Reason::banned), 40'000u);
}

}  // namespace
}  // namespace peerage::p2p
