// How long to wait before a retry.
//
// The pause doubles from `first` to `cap`, and is shorter by a random part, so that many that
// failed at the same moment do not retry at the same moment.
//
// Threads: a pure function.
#pragma once

#include <algorithm>
#include <cstdint>

#include "conn/base/time.h"

namespace peerage::conn {

struct BackoffPauses {
  Duration first;
  Duration cap;
};

// After `failures` others. `random` is in [0, 1): 5 to 50 % are taken off.
inline Duration backoff_pause(const BackoffPauses& pauses, std::uint32_t failures, double random) {
  const std::int64_t times = std::int64_t{1} << std::min(failures, 20u);
  const Duration nominal = std::min(pauses.cap, pauses.first * times);
  return Duration(
      static_cast<Duration::rep>(static_cast<double>(nominal.count()) * (0.95 - 0.45 * random)));
}

}  // namespace peerage::conn
