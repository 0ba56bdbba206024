#include "conn/base/reassembly_budget.h"

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

constexpr std::size_t kStep = ReassemblyBudget::kStep;

TEST(ReassemblyBudget, TheLargestHolderGoesWhenAllMemoryIsUsed) {
  ReassemblyBudget budget(10 * kStep);
  ReassemblyBudget::Holder small(budget), large(budget), newcomer(budget);
  int large_evicted = 0;
  large.set_on_evict([&] { ++large_evicted; });
  small.set_on_evict([] { ADD_FAILURE() << "the small one must stay"; });
  EXPECT_TRUE(small.resize(2 * kStep));
  EXPECT_TRUE(large.resize(7 * kStep));
  EXPECT_TRUE(newcomer.resize(kStep));
  EXPECT_EQ(large_evicted, 0);
  EXPECT_TRUE(newcomer.resize(2 * kStep));
  EXPECT_EQ(large_evicted, 1);
  EXPECT_EQ(budget.held_bytes(), 4 * kStep);
  EXPECT_FALSE(large.resize(7 * kStep)) << "it has been evicted";
}

TEST(ReassemblyBudget, AHolderThatAsksForTooMuchIsItselfTheLargest) {
  ReassemblyBudget budget(10 * kStep);
  ReassemblyBudget::Holder one(budget), other(budget);
  other.set_on_evict([] { ADD_FAILURE(); });
  EXPECT_TRUE(other.resize(4 * kStep));
  EXPECT_FALSE(one.resize(7 * kStep));
  EXPECT_EQ(budget.held_bytes(), 4 * kStep);
}

TEST(ReassemblyBudget, AHolderThatGoesReturnsItsShare) {
  ReassemblyBudget budget;
  {
    ReassemblyBudget::Holder holder(budget);
    EXPECT_TRUE(holder.resize(1));
    EXPECT_EQ(budget.held_bytes(), kStep);
  }
  EXPECT_EQ(budget.held_bytes(), 0u);
}

TEST(ReassemblyBudget, HoldsWithManyThreads) {
  static constexpr std::size_t kLimit = 40 * kStep;
  ReassemblyBudget budget(kLimit);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&budget, i] {
      for (std::size_t round = 0; round < 200; ++round) {
        ReassemblyBudget::Holder holder(budget);
        holder.set_on_evict([] {});
        for (std::size_t size = 1; size < 30; size += 1 + (i + round) % 5) {
          if (!holder.resize(size * kStep)) break;
          EXPECT_LE(budget.held_bytes(), kLimit);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.held_bytes(), 0u);
}

TEST(ReassemblyBudget, ExactlyTheLimitIsGrantedAndOneStepMoreIsNot) {
  ReassemblyBudget budget(10 * kStep);
  ReassemblyBudget::Holder one(budget), other(budget);
  int evicted = 0;
  one.set_on_evict([&] { ++evicted; });
  EXPECT_TRUE(one.resize(6 * kStep));
  EXPECT_TRUE(other.resize(4 * kStep));
  EXPECT_EQ(budget.held_bytes(), 10 * kStep);
  EXPECT_EQ(evicted, 0);
  EXPECT_TRUE(other.resize(4 * kStep + 1));
  EXPECT_EQ(evicted, 1);
}

TEST(ReassemblyBudget, SizesAreCountedInWholeSteps) {
  ReassemblyBudget budget;
  ReassemblyBudget::Holder holder(budget);
  for (const auto& [bytes, steps] : {std::pair<std::size_t, std::size_t>{0, 0},
                                     {1, 1},
                                     {kStep, 1},
                                     {kStep + 1, 2},
                                     {5 * kStep, 5},
                                     {2, 1},
                                     {0, 0}}) {
    EXPECT_TRUE(holder.resize(bytes));
    EXPECT_EQ(budget.held_bytes(), steps * kStep) << bytes;
  }
}

TEST(ReassemblyBudget, WhatIsReturnedMayBeTakenByOthers) {
  ReassemblyBudget budget(10 * kStep);
  ReassemblyBudget::Holder one(budget), other(budget);
  one.set_on_evict([] { ADD_FAILURE(); });
  EXPECT_TRUE(one.resize(8 * kStep));
  EXPECT_TRUE(one.resize(kStep));
  EXPECT_TRUE(other.resize(9 * kStep));
}

TEST(ReassemblyBudget, OnlyTheLargestGoesHoweverManyHoldAsMuch) {
  ReassemblyBudget budget(12 * kStep);
  int evicted = 0;
  std::vector<std::unique_ptr<ReassemblyBudget::Holder>> equals;
  for (int i = 0; i < 4; ++i) {
    equals.push_back(std::make_unique<ReassemblyBudget::Holder>(budget));
    equals.back()->set_on_evict([&] { ++evicted; });
    EXPECT_TRUE(equals.back()->resize(3 * kStep));
  }
  ReassemblyBudget::Holder newcomer(budget);
  EXPECT_TRUE(newcomer.resize(2 * kStep));
  EXPECT_EQ(evicted, 1);
  EXPECT_EQ(budget.held_bytes(), 11 * kStep);
  equals.clear();
  EXPECT_EQ(budget.held_bytes(), 2 * kStep) << "the evicted one has nothing left to return";
}

TEST(ReassemblyBudget, AHolderThatGrowsToTheSizeOfTheLargestGoesBeforeIt) {
  ReassemblyBudget budget(5 * kStep);
  ReassemblyBudget::Holder first(budget), second(budget);
  first.set_on_evict([] { ADD_FAILURE(); });
  EXPECT_TRUE(first.resize(3 * kStep));
  EXPECT_FALSE(second.resize(3 * kStep));
}

TEST(ReassemblyBudget, AnEvictedHolderGetsNothingMoreAlthoughThereIsRoomAgain) {
  ReassemblyBudget budget(4 * kStep);
  ReassemblyBudget::Holder large(budget);
  {
    ReassemblyBudget::Holder other(budget);
    EXPECT_TRUE(large.resize(3 * kStep));
    EXPECT_TRUE(other.resize(2 * kStep));
  }
  EXPECT_EQ(budget.held_bytes(), 0u);
  EXPECT_FALSE(large.resize(kStep));
  EXPECT_EQ(budget.held_bytes(), 0u);
}

TEST(ReassemblyBudget, AnEvictedHolderMayLookAtTheBudget) {
  ReassemblyBudget budget(4 * kStep);
  ReassemblyBudget::Holder large(budget), other(budget);
  std::size_t seen = 0;
  large.set_on_evict([&] { seen = budget.held_bytes(); });
  EXPECT_TRUE(large.resize(3 * kStep));
  EXPECT_TRUE(other.resize(2 * kStep));
  EXPECT_EQ(seen, 2 * kStep) << "its share counts as free, and no lock is held";
}

TEST(ReassemblyBudget, AHolderMayOutliveIt) {
  auto budget = std::make_unique<ReassemblyBudget>(3 * kStep);
  ReassemblyBudget::Holder holder(*budget);
  EXPECT_TRUE(holder.resize(kStep));
  budget.reset();
  EXPECT_TRUE(holder.resize(2 * kStep));
  EXPECT_FALSE(holder.resize(4 * kStep));
}

TEST(ReassemblyBudget, EachHolderIsEvictedAtMostOnceWithManyThreads) {
  ReassemblyBudget budget(20 * kStep);
  static constexpr std::size_t kThreads = 4, kRounds = 300;
  std::array<std::atomic<int>, kThreads * kRounds> told{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t round = 0; round < kRounds; ++round) {
        ReassemblyBudget::Holder holder(budget);
        holder.set_on_evict([&mine = told[i * kRounds + round]] { ++mine; });
        for (std::size_t size = 1; size < 12; ++size) {
          if (!holder.resize((size + i) * kStep)) break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::atomic<int>& times : told) EXPECT_LE(times, 1);
  EXPECT_EQ(budget.held_bytes(), 0u);
}

}  // namespace
}  // namespace peerage::conn
