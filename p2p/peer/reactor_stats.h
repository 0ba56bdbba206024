// How long messages wait for a reactor, and how long it is at work on each.
//
// A message waits from the moment its last bytes were read from the socket until the reactor's call
// begins. Calls that follow one another share one look at the clock: the end of one is the
// beginning of the next. Hence what lies between two messages of one read counts as the later one's
// time: less than a microsecond for a reactor that is called in line.
//
// A reactor with an executor has one set of cells; one that is called in line has one for each
// shard, so that no two threads ever write the same.
//
// Threads: a set is written by one thread at a time; everything may be read on any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "conn/base/histogram.h"
#include "conn/base/relaxed.h"

namespace peerage::p2p {

using namespace std::chrono_literals;

inline constexpr auto kReactorTimeBounds = conn::time_bounds(100us, 1ms, 10ms, 100ms, 1s, 10s);

// Of one peer with one reactor.
struct ReactorTime {
  std::uint64_t messages = 0;
  conn::Duration waited{};
  conn::Duration in_receive{};
};

class ReactorStats {
 public:
  struct alignas(64) Cells {
    conn::Histogram wait{kReactorTimeBounds};
    conn::Histogram receive{kReactorTimeBounds};
  };

  explicit ReactorStats(std::size_t writers) {
    for (std::size_t i = 0; i < writers; ++i) cells_.push_back(std::make_unique<Cells>());
  }

  std::size_t writers() const noexcept { return cells_.size(); }
  Cells& cells(std::size_t writer) noexcept { return *cells_[writer]; }
  void add_failure() noexcept { failures_.fetch_add(1, std::memory_order_relaxed); }

  conn::HistogramCounts wait() const { return sum(&Cells::wait); }
  conn::HistogramCounts receive() const { return sum(&Cells::receive); }
  // Calls that an exception has left.
  std::uint64_t failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

 private:
  conn::HistogramCounts sum(conn::Histogram Cells::*which) const {
    conn::HistogramCounts sum;
    for (const auto& each : cells_) sum += ((*each).*which).read();
    return sum;
  }

  std::vector<std::unique_ptr<Cells>> cells_;
  std::atomic<std::uint64_t> failures_ = 0;
};

// What a peer counts for one reactor; written where the reactor is called.
struct ReactorTimeCell {
  conn::Relaxed<std::uint64_t> messages;
  conn::Relaxed<conn::Duration> waited;
  conn::Relaxed<conn::Duration> in_receive;

  ReactorTime read() const { return {messages, waited, in_receive}; }
};

}  // namespace peerage::p2p
