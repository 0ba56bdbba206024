// A token bucket: `rate` tokens a second, at most `burst` saved up; exact, and in the caller's
// time.
//
// Invariant: in any interval of t seconds at most burst + rate * t tokens are granted, plus what is
// given back, and, with `take_debt`, what the last grant overdrew. Nothing is lost to rounding:
// time that does not make a whole token stays in the account. Rate 0 means unlimited. Threads: none
// of its own.
#pragma once

#include <cstdint>

#include "conn/base/time.h"

namespace peerage::conn {

class TokenBucket {
 public:
  // Starts full.
  TokenBucket(std::uint64_t rate_per_second, std::uint64_t burst, TimePoint now);

  // Takes `count` tokens if they are there.
  bool take(std::uint64_t count, TimePoint now);

  // Takes `count` tokens, into debt if need be: for amounts that are known only afterwards (a
  // read). Nothing is granted until the debt is paid.
  void take_debt(std::uint64_t count, TimePoint now);

  // Gives back what was taken and not used; what is more than the burst then is lost.
  void give_back(std::uint64_t count, TimePoint now);

  // Whole tokens there now; the largest number when unlimited.
  std::uint64_t available(TimePoint now);

  // When `count` tokens (at most the burst) will be there, if none are taken before.
  TimePoint when_available(std::uint64_t count, TimePoint now);

 private:
  void refill(TimePoint now);

  // In units of 1/1e9 token, so that a nanosecond adds exactly `rate_` units.
  __extension__ using Units = __int128;
  std::uint64_t rate_;
  Units capacity_;
  Units units_;
  TimePoint updated_;
};

}  // namespace peerage::conn
