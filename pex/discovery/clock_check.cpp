#include "pex/discovery/clock_check.h"

#include <algorithm>

namespace peerage::pex {

void ClockCheck::on_packet(std::chrono::seconds expires, std::chrono::seconds now) noexcept {
  over_ <<= 1;
  over_.set(0, expires < now - kLongAgo);
  packets_ = std::min(packets_ + 1, kPackets);
}

}  // namespace peerage::pex
