// For how long something has been waited for, in all: for status and monitoring.
//
// A wait counts when it has ended, so the total never falls.
// Threads: one begins and ends, any may read.
#pragma once

#include <optional>

#include "conn/base/relaxed.h"
#include "conn/base/time.h"

namespace peerage::conn {

class WaitMeter {
 public:
  // Of waits that overlap, the first begins and the first end ends.
  void begin(TimePoint now) {
    if (!since_) since_ = now;
  }
  void end(TimePoint now) {
    if (!since_) return;
    total_.add(now - *since_);
    since_.reset();
  }

  Duration total() const noexcept { return total_; }

 private:
  std::optional<TimePoint> since_;
  Relaxed<Duration> total_;
};

}  // namespace peerage::conn
