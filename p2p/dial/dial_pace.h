// At most N dials in any second.
//
// Not a token bucket: what that saves up would let twice as many fall into one second.
//
// Threads: none of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

#include "conn/runtime/runtime.h"

namespace peerage::p2p {

class DialPace {
 public:
  // 0: none at all.
  explicit DialPace(std::size_t per_second) : per_second_(per_second) {}

  // How many may begin now.
  std::size_t available(conn::TimePoint now) const {
    std::size_t lately = 0;
    for (const conn::TimePoint begun : begun_) lately += begun + kSpan > now ? 1 : 0;
    return lately < per_second_ ? per_second_ - lately : 0;
  }
  // When one may, if not now.
  conn::TimePoint next() const {
    if (per_second_ == 0) return conn::TimePoint::max();
    return begun_.size() < per_second_ ? conn::TimePoint::min() : begun_.front() + kSpan;
  }
  // One begins, whether it may or not.
  void note(conn::TimePoint now) {
    begun_.push_back(now);
    if (begun_.size() > per_second_) begun_.pop_front();
  }

 private:
  static constexpr conn::Duration kSpan = std::chrono::seconds(1);
  std::size_t per_second_;
  std::deque<conn::TimePoint> begun_;  // the latest
};

}  // namespace peerage::p2p
