// How many addresses each group of sockets may tell us: a slow trickle unasked, and an answer's
// worth after we have asked. The latter counts for answers alone: a request of ours gains a group
// nothing for what it sends unasked.
//
// Bounded: the groups heard from last are remembered, at most 2 * kGeneration of them; one that is
// forgotten begins with a full bucket, which is little.
//
// Source: Bitcoin Core's MAX_ADDR_RATE_PER_SECOND, by group instead of by peer, so that coming back
// under a new ID gains nothing. Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "addrbook/record/known_address.h"

namespace peerage::addrbook {

class ToldRate {
 public:
  static constexpr std::size_t kGeneration = 4096;

  ToldRate(double per_second, double burst, double after_request)
      : per_second_(per_second), burst_(burst), after_request_(after_request) {}

  // One more address from this group: whether it is accepted.
  bool take(std::uint64_t group, Word word, Time now);
  void expect_answer(std::uint64_t group, Time now);
  std::size_t groups() const noexcept { return recent_.size() + older_.size(); }

 private:
  struct Bucket {
    double tokens = 0;    // for anything
    double promised = 0;  // for answers
    Time filled = kNever;
  };
  Bucket& filled(std::uint64_t group, Time now);

  double per_second_;
  double burst_;
  double after_request_;
  std::unordered_map<std::uint64_t, Bucket> recent_;
  std::unordered_map<std::uint64_t, Bucket> older_;
};

}  // namespace peerage::addrbook
