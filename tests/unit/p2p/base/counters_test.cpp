#include "p2p/base/counters.h"

#include <map>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"

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

TEST(Counters, FailuresAreCountedByDirectionAndReasonOfWhateverModule) {
  Counters counters;
  std::map<conn::Reason, std::uint64_t> expected;
  for (const auto& module : conn::ReasonModule::all()) {
    for (const conn::ReasonText& text : module) {
      const conn::Reason reason = conn::Reason::of(text);
      const std::uint64_t times = expected.size() + 1;
      for (std::uint64_t n = 0; n < times; ++n) counters.add_failure(Direction::inbound, reason);
      counters.add_failure(Direction::outbound, reason);
      expected[reason] = times;
    }
  }
  EXPECT_TRUE(expected.contains(PeerReason::no_free_slot)) << "those of this folder are among them";
  for (const auto& [reason, times] : expected) {
    EXPECT_EQ(counters.failures(Direction::inbound, reason), times) << name(reason);
    EXPECT_EQ(counters.failures(Direction::outbound, reason), 1u) << name(reason);
  }
  std::map<conn::Reason, std::uint64_t> told;
  counters.for_each_failure([&](Direction direction, conn::Reason reason, std::uint64_t count) {
    if (direction == Direction::inbound) told[reason] = count;
  });
  EXPECT_EQ(told, expected);
}

TEST(Counters, RefusalsAreCountedByReasonApartFromFailures) {
  Counters counters;
  counters.add_refusal(PeerReason::no_free_slot);
  counters.add_refusal(PeerReason::no_free_slot);
  counters.add_refusal(conn::Reason::wrong_network);
  counters.add_failure(Direction::inbound, PeerReason::banned);
  std::map<conn::Reason, std::uint64_t> told;
  counters.for_each_refusal(
      [&told](conn::Reason reason, std::uint64_t count) { told[reason] = count; });
  EXPECT_EQ(told, (std::map<conn::Reason, std::uint64_t>{{PeerReason::no_free_slot, 2},
                                                         {conn::Reason::wrong_network, 1}}));
  EXPECT_EQ(counters.refusals(PeerReason::no_free_slot), 2u);
  EXPECT_EQ(counters.refusals(PeerReason::banned), 0u);
}

TEST(Counters, AReasonThatDidNotOccurIsNotListed) {
  Counters counters;
  counters.add_failure(Direction::inbound, conn::Reason::wrong_id);
  int listed = 0;
  counters.for_each_failure([&](Direction, conn::Reason, std::uint64_t) { ++listed; });
  EXPECT_EQ(listed, 1);
  EXPECT_EQ(counters.failures(Direction::outbound, conn::Reason::wrong_id), 0u);
  EXPECT_EQ(counters.failures(Direction::inbound, PeerReason::banned), 0u);
}

TEST(ReasonCounts, MoreReasonsThanThereArePlacesCostTheLastOnesTheirCountAlone) {
  std::vector<conn::ReasonText> many(74, {"one", "of many", ""});
  ReasonCounts<64> counts;
  for (const conn::ReasonText& each : many) counts.add(conn::Reason::of(each));
  std::size_t counted = 0;
  counts.for_each([&](conn::Reason, std::uint64_t count) { counted += count; });
  EXPECT_EQ(counted, 64u);
  EXPECT_EQ(counts.get(conn::Reason::of(many.front())), 1u);
  EXPECT_EQ(counts.get(conn::Reason::of(many.back())), 0u);
}

TEST(Counters, LoseNothingWhenThreadsCountAtOnce) {
  Counters counters;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counters] {
      for (int n = 0; n < 10'000; ++n) {
        counters.add(Counter::accepted);
        counters.add_failure(Direction::inbound, PeerReason::banned);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters.get(Counter::accepted), 40'000u);
  EXPECT_EQ(counters.failures(Direction::inbound, PeerReason::banned), 40'000u);
}

}  // namespace
}  // namespace peerage::p2p
