#include "p2p/base/snapshot_cell.h"

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

using Value = std::shared_ptr<const int>;
Value value(int number) {
  return std::make_shared<const int>(number);
}

TEST(SnapshotCell, WhatWasPublishedLastIsRead) {
  SnapshotCell<int> cell(value(0));
  EXPECT_EQ(*cell.read(), 0);
  for (int i = 1; i < 100; ++i) {
    cell.publish(value(i));
    EXPECT_EQ(*cell.read(), i);
    EXPECT_EQ(*cell.read(), i);
  }
}

TEST(SnapshotCell, NothingIsAValueToo) {
  SnapshotCell<int> cell(nullptr);
  EXPECT_EQ(cell.read(), nullptr);
  cell.publish(value(1));
  EXPECT_EQ(*cell.read(), 1);
  cell.publish(nullptr);
  EXPECT_EQ(cell.read(), nullptr);
}

TEST(SnapshotCell, AReaderKeepsItsValueWhateverIsPublished) {
  SnapshotCell<int> cell(value(7));
  const Value mine = cell.read();
  for (int i = 0; i < 100; ++i) cell.publish(value(i));
  EXPECT_EQ(*mine, 7);
}

TEST(SnapshotCell, AnOldValueGoesWhenItIsReplacedAndNoReaderKeepsIt) {
  SnapshotCell<int> cell(nullptr);
  std::vector<std::weak_ptr<const int>> published;
  for (int i = 0; i < 20; ++i) {
    Value next = value(i);
    published.push_back(next);
    cell.publish(std::move(next));
    for (int old = 0; old < i; ++old)
      EXPECT_TRUE(published[static_cast<std::size_t>(old)].expired());
    EXPECT_FALSE(published.back().expired());
  }
}

// The values are counted up and made of two equal halves, so that one out of order, or half
// written, shows.
TEST(SnapshotCell, ReadersSeeWholeValuesInOrderWithManyThreads) {
  struct Halves {
    explicit Halves(int number) : first(number), second(number) {}
    ~Halves() { first = second = -1; }
    int first, second;
  };
  static constexpr int kLast = 20'000;
  SnapshotCell<Halves> cell(std::make_shared<const Halves>(0));
  static constexpr int kReaders = 3;
  std::atomic<int> reading = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      ++reading;
      for (int seen = 0; seen < kLast;) {
        const auto halves = cell.read();
        ASSERT_EQ(halves->first, halves->second);
        ASSERT_GE(halves->first, seen);
        seen = halves->first;
      }
    });
  }
  while (reading < kReaders) std::this_thread::yield();
  for (int i = 1; i <= kLast; ++i) cell.publish(std::make_shared<const Halves>(i));
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace peerage::p2p
