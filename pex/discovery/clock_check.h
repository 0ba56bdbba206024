// Whether our clock may be wrong, by the times in the packets of discv4.
//
// Each says when it is over, some seconds from now. When more than half of the last kPackets were
// over long ago, it is our clock that is ahead, or somebody sends us old packets. So it is a hint
// for the operator, and nothing else follows from it. The other half of the hint, discv4 silent
// while discv5, which needs no clock, is answered, belongs here once there is discv5.
//
// Threads: none of its own.
#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>

#include "conn/base/time.h"

namespace peerage::pex {

class ClockCheck {
 public:
  static constexpr std::size_t kPackets = 64;
  // One that was over for less may have been slow on its way.
  static constexpr std::chrono::seconds kLongAgo{10};

  // One that is well formed; who has signed it is not asked.
  void on_packet(std::chrono::seconds expires, std::chrono::seconds now) noexcept;
  // More than half of the last kPackets, once there were so many, were over long ago.
  bool suspect() const noexcept { return packets_ == kPackets && over_.count() > kPackets / 2; }

 private:
  std::bitset<kPackets> over_;  // the last one first
  std::size_t packets_ = 0;     // that it is of
};

}  // namespace peerage::pex
