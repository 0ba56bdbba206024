#include "pex/discovery/lookup_pace.h"

#include <algorithm>

namespace peerage::pex {
namespace {

// Of 0 to 1, both ends kept.
double eased(double share) {
  const double rest = 2 - 2 * share;
  return share < 0.5 ? 4 * share * share * share : 1 - rest * rest * rest / 2;
}

}  // namespace

LookupPace::LookupPace(const DiscoveryLimits& limits)
    : high_(limits.lookup_interval_high),
      low_(limits.lookup_interval_low),
      idle_(std::max(limits.lookup_interval_idle, limits.lookup_interval_high)),
      needed_(high_) {}

void LookupPace::set_need(std::size_t outbound_peers, std::size_t wanted) {
  needed_ = high_;
  if (outbound_peers >= wanted) return;
  const double share = static_cast<double>(outbound_peers) / static_cast<double>(wanted);
  const std::chrono::duration<double, std::nano> range = high_ - low_;
  needed_ = low_ + std::chrono::duration_cast<conn::Duration>(eased(share) * range);
}

conn::Duration LookupPace::interval(Protocol protocol) const {
  const std::size_t in_vain = in_vain_[index_of(protocol)];
  if (needed_ < high_ || in_vain <= kPatience) return needed_;
  // One interval more for each: the bound comes soon, and before any overflow.
  const auto steps = static_cast<conn::Duration::rep>(std::min<std::size_t>(in_vain, 100));
  const auto beyond = static_cast<conn::Duration::rep>(kPatience) - 1;
  return std::min(idle_, (steps - beyond) * high_);
}

}  // namespace peerage::pex
