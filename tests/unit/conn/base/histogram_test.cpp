#include "conn/base/histogram.h"

#include <chrono>
#include <limits>
#include <numeric>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint64_t, 3> kBounds = {10, 100, 1000};
constexpr auto kTimes = time_bounds(1ms, 1s);

TEST(Histogram, AValueCountsInTheFirstBucketWhoseBoundItDoesNotExceed) {
  Histogram histogram(kBounds);
  for (const std::uint64_t value : {0u, 10u, 11u, 100u, 1000u, 1001u}) histogram.observe(value);
  histogram.observe(std::numeric_limits<std::uint32_t>::max());
  const HistogramCounts read = histogram.read();
  EXPECT_EQ(read.counts, (std::vector<std::uint64_t>{2, 2, 1, 2}));
  EXPECT_EQ(read.count(), 7u);
  EXPECT_EQ(read.sum, std::uint64_t{10} + 11 + 100 + 1000 + 1001 + 0xffffffffu);
}

TEST(Histogram, TimesCountInNanosecondsAndNeverBackwards) {
  Histogram histogram(kTimes);
  histogram.observe(1ms);
  histogram.observe(1ms + 1ns);
  histogram.observe(2s);
  histogram.observe(Duration(-5));
  const HistogramCounts read = histogram.read();
  EXPECT_EQ(read.counts, (std::vector<std::uint64_t>{2, 1, 1}));
  EXPECT_EQ(read.sum, 2'002'000'001u);
}

TEST(Histogram, WithoutBoundsItCounts) {
  Histogram histogram({});
  histogram.observe(7);
  EXPECT_EQ(histogram.read().counts, (std::vector<std::uint64_t>{1}));
}

TEST(Histogram, CountsOfSeveralAddUp) {
  Histogram one(kBounds), other(kBounds);
  one.observe(5);
  other.observe(50);
  other.observe(50'000);
  HistogramCounts sum;
  sum += one.read();
  sum += other.read();
  EXPECT_EQ(sum.counts, (std::vector<std::uint64_t>{1, 1, 0, 1}));
  EXPECT_EQ(sum.sum, 50'055u);
  EXPECT_EQ(sum.bounds.size(), 3u);
}

TEST(Histogram, SharedObservationsOfSeveralThreadsAreAllCounted) {
  Histogram histogram(kBounds);
  constexpr std::uint64_t kEach = 20'000;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 4; ++i) {
    threads.emplace_back([&histogram] {
      for (std::uint64_t value = 0; value < kEach; ++value) histogram.observe_shared(value % 2000);
    });
  }
  HistogramCounts last;
  while (last.count() < kEach) {
    const HistogramCounts now = histogram.read();
    ASSERT_GE(now.count(), last.count()) << "no count ever falls";
    last = now;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(histogram.read().count(), 4 * kEach);
  EXPECT_EQ(histogram.read().sum, 4 * (kEach / 2000) * (1999u * 2000 / 2));
}

}  // namespace
}  // namespace peerage::conn
