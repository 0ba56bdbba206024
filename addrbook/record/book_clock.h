// The book's clock: wall time as it was when the node started, moved on by the steady clock alone.
//
// Records outlive the process, so they need wall time; but a wall clock that is set forward by ten
// years must not make every address stale. So a jump while the node runs changes nothing, and after
// one between two runs the times that are read are clamped (no record's time lies in the future).
//
// Threads: a plain value.
#pragma once

#include <algorithm>
#include <chrono>

#include "addrbook/record/known_address.h"
#include "conn/runtime/runtime.h"

namespace peerage::addrbook {

class BookClock {
 public:
  BookClock(conn::WallTime wall, conn::TimePoint steady)
      : start_(std::max(std::chrono::floor<Seconds>(wall), kNever + Seconds(1))), steady_(steady) {}

  Time at(conn::TimePoint now) const {
    return start_ + std::chrono::floor<Seconds>(std::max(now - steady_, conn::Duration::zero()));
  }

 private:
  Time start_;
  conn::TimePoint steady_;
};

}  // namespace peerage::addrbook
