#include "conn/base/byte_meter.h"

#include <cmath>

namespace peerage::conn {

void ByteMeter::add(std::uint64_t bytes, TimePoint now) {
  total_ = total_ + bytes;
  // An impulse of n bytes, averaged with a time constant of 1 s, adds n bytes/s to the rate.
  rate_ = decayed(now) + static_cast<double>(bytes);
  const TimePoint updated = updated_;
  if (now > updated) updated_ = now;
}

double ByteMeter::rate(TimePoint now) const {
  return decayed(now);
}

double ByteMeter::decayed(TimePoint now) const {
  const TimePoint updated = updated_;
  if (now <= updated) return rate_;
  const double seconds = std::chrono::duration<double>(now - updated).count();
  return rate_ * std::exp(-seconds);
}

}  // namespace peerage::conn
