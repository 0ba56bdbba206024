// The order of events, against a queue that is as simple as can be.
#include "tests/sim/event_queue.h"

#include <array>
#include <map>
#include <memory>
#include <random>

#include <gtest/gtest.h>

namespace peerage::sim {
namespace {

using conn::Duration;
using conn::TimePoint;

TEST(EventQueue, GivesEventsInTheOrderOfTheirTimeAndOfTheirMakingWithoutThoseCancelled) {
  EventQueue queue;
  std::map<std::pair<TimePoint, std::size_t>, EventQueue::Ticket> expected;
  std::mt19937 lots(7);
  std::size_t last_run = 0;
  for (std::size_t made = 1; made <= 20'000; ++made) {
    const TimePoint when{Duration(lots() % 50)};
    expected[{when, made}] = queue.push(when, [&last_run, made] { last_run = made; }, {});
    if (lots() % 4 == 0) {
      const auto chosen = expected.lower_bound({TimePoint(Duration(lots() % 50)), 0});
      if (chosen != expected.end()) {
        queue.cancel(chosen->second);
        queue.cancel(chosen->second);  // the second time does nothing
        expected.erase(chosen);
      }
    }
    if (lots() % 3 == 0 && !expected.empty()) {
      const auto first = expected.begin();
      ASSERT_EQ(queue.next(), first->first.first);
      EventQueue::Event event = queue.pop();
      event.action();
      ASSERT_EQ(last_run, first->first.second);
      queue.cancel(first->second);  // nor does one that has run
      expected.erase(first);
    }
    ASSERT_EQ(queue.size(), expected.size());
  }
}

TEST(EventQueue, ACancelledEventReleasesWhatItHeldAtOnce) {
  EventQueue queue;
  const auto held = std::make_shared<int>(1);
  const std::array<std::uint64_t, 16> much{};  // more than fits inside
  const auto small = queue.push(TimePoint{}, [held] {}, {});
  const auto large = queue.push(TimePoint{}, [held, much] { (void)much; }, {});
  EXPECT_EQ(held.use_count(), 3);
  queue.cancel(small);
  EXPECT_EQ(held.use_count(), 2);
  queue.cancel(large);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, WhatAnEventHeldMayMakeEventsWhileItIsReleased) {
  EventQueue queue;
  const auto ticket =
      queue.push(TimePoint{},
                 [last = std::shared_ptr<void>(
                      nullptr, [&queue](void*) { queue.push(TimePoint{}, [] {}, {}); })] {},
                 {});
  queue.cancel(ticket);
  EXPECT_EQ(queue.size(), 1u);
}

}  // namespace
}  // namespace peerage::sim
