// The two clocks as types: one that deadlines are counted on, and one that is stored and shown.
//
// Threads: plain values.
#pragma once

#include <chrono>

namespace peerage::conn {

using Duration = std::chrono::nanoseconds;

// The monotonic clock, as a type only: it has no now(), because a protocol is given the time.
struct SteadyTime {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<SteadyTime>;
  static constexpr bool is_steady = true;
};
// Timeouts, bans and backoff run on this. Its epoch is arbitrary.
using TimePoint = SteadyTime::time_point;
// Stored and shown, never waited for: it jumps.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace peerage::conn
