// How often a value fell into which range: for times and sizes, of which there are too many to
// keep.
//
// The bounds are fixed when it is made. A value counts in the first bucket whose bound it does not
// exceed, or in the last one, which has no bound. Values are whole numbers of a unit that the owner
// chooses; a Duration counts in nanoseconds.
//
// Cost: a look at the bounds, from the smallest, and two additions that no other thread waits for.
//
// Invariant: no count ever falls. Threads: `observe` on one at a time; `observe_shared` on any, but
// not beside `observe`; `read` on any. What is read while others count may hold a value's count and
// not yet its part of the sum.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "conn/base/time.h"

namespace peerage::conn {

// What one has counted.
struct HistogramCounts {
  std::span<const std::uint64_t> bounds;  // ascending
  std::vector<std::uint64_t> counts;      // for each bound, and one for what exceeds all
  std::uint64_t sum = 0;                  // of the values

  std::uint64_t count() const noexcept;
  // Both of the same bounds; one that was made empty takes those of the other.
  HistogramCounts& operator+=(const HistogramCounts& other);
};

class Histogram {
 public:
  static constexpr std::size_t kMaxBounds = 12;

  // At most kMaxBounds, ascending; they outlive the histogram, as constants do.
  explicit Histogram(std::span<const std::uint64_t> bounds) noexcept : bounds_(bounds) {}
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  void observe(std::uint64_t value) noexcept {
    increase(cells_[bucket_of(value)], 1);
    increase(sum_, value);
  }
  void observe(Duration value) noexcept { observe(whole(value)); }

  void observe_shared(std::uint64_t value) noexcept {
    cells_[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }
  void observe_shared(Duration value) noexcept { observe_shared(whole(value)); }

  HistogramCounts read() const;

 private:
  using Cell = std::atomic<std::uint64_t>;
  // Not fetch_add, which locks the cell's line: there is no other writer.
  static void increase(Cell& cell, std::uint64_t by) noexcept {
    cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  // A clock that was read on two threads may seem to run backwards.
  static std::uint64_t whole(Duration value) noexcept {
    return static_cast<std::uint64_t>(std::max<Duration::rep>(value.count(), 0));
  }
  std::size_t bucket_of(std::uint64_t value) const noexcept {
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    return bucket;
  }

  const std::span<const std::uint64_t> bounds_;
  std::array<Cell, kMaxBounds + 1> cells_{};
  Cell sum_ = 0;
};

// Bounds that are times, as constants.
template <typename... Times>
constexpr std::array<std::uint64_t, sizeof...(Times)> time_bounds(Times... times) {
  return {static_cast<std::uint64_t>(Duration(times).count())...};
}

}  // namespace peerage::conn
