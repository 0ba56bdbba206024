// How many bytes have passed, and how fast lately: for status and monitoring, never for limits.
//
// The recent rate is an exponentially decaying average with a time constant of one second, computed
// when it is asked for, so that a meter costs two additions for each use.
// Threads: one writes, any may read.
#pragma once

#include <cstdint>

#include "conn/base/relaxed.h"
#include "conn/base/time.h"

namespace peerage::conn {

class ByteMeter {
 public:
  explicit ByteMeter(TimePoint now) : updated_(now) {}

  void add(std::uint64_t bytes, TimePoint now);

  std::uint64_t total() const noexcept { return total_; }
  // Bytes per second over about the last second.
  double rate(TimePoint now) const;

 private:
  double decayed(TimePoint now) const;

  Relaxed<std::uint64_t> total_;
  Relaxed<double> rate_;
  Relaxed<TimePoint> updated_;
};

}  // namespace peerage::conn
