#include "conn/base/token_bucket.h"

#include <algorithm>
#include <limits>

namespace peerage::conn {

namespace {
constexpr std::int64_t kUnitsPerToken = 1'000'000'000;
}

TokenBucket::TokenBucket(std::uint64_t rate_per_second, std::uint64_t burst, TimePoint now)
    : rate_(rate_per_second),
      capacity_(static_cast<Units>(burst) * kUnitsPerToken),
      units_(capacity_),
      updated_(now) {}

bool TokenBucket::take(std::uint64_t count, TimePoint now) {
  if (rate_ == 0) return true;
  refill(now);
  const Units cost = static_cast<Units>(count) * kUnitsPerToken;
  if (units_ < cost) return false;
  units_ -= cost;
  return true;
}

void TokenBucket::take_debt(std::uint64_t count, TimePoint now) {
  if (rate_ == 0) return;
  refill(now);
  units_ -= static_cast<Units>(count) * kUnitsPerToken;
}

void TokenBucket::give_back(std::uint64_t count, TimePoint now) {
  if (rate_ == 0) return;
  refill(now);
  units_ = std::min(capacity_, units_ + static_cast<Units>(count) * kUnitsPerToken);
}

std::uint64_t TokenBucket::available(TimePoint now) {
  if (rate_ == 0) return std::numeric_limits<std::uint64_t>::max();
  refill(now);
  return units_ <= 0 ? 0 : static_cast<std::uint64_t>(units_ / kUnitsPerToken);
}

TimePoint TokenBucket::when_available(std::uint64_t count, TimePoint now) {
  if (rate_ == 0) return now;
  refill(now);
  const Units missing = static_cast<Units>(count) * kUnitsPerToken - units_;
  if (missing <= 0) return now;
  const Units wait = (missing + static_cast<Units>(rate_) - 1) / static_cast<Units>(rate_);
  const Units longest = (TimePoint::max() - std::max(now, TimePoint{})).count();
  return now + Duration(static_cast<Duration::rep>(std::min(wait, longest)));
}

void TokenBucket::refill(TimePoint now) {
  if (now <= updated_) return;
  const Units gained = static_cast<Units>((now - updated_).count()) * static_cast<Units>(rate_);
  units_ = gained >= capacity_ - units_ ? capacity_ : units_ + gained;
  updated_ = now;
}

}  // namespace peerage::conn
