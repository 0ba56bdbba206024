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

conn::Duration lookup_interval(const DiscoveryLimits& limits, std::size_t outbound_peers,
                               std::size_t wanted) {
  if (outbound_peers >= wanted) return limits.lookup_interval_high;
  const double share = static_cast<double>(outbound_peers) / static_cast<double>(wanted);
  const std::chrono::duration<double, std::nano> range =
      limits.lookup_interval_high - limits.lookup_interval_low;
  return limits.lookup_interval_low +
         std::chrono::duration_cast<conn::Duration>(eased(share) * range);
}

}  // namespace peerage::pex
