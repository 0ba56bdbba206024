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

void LookupPace::on_news() noexcept {
  for (std::size_t i = 0; i < kProtocolCount; ++i) {
    std::size_t& in_vain = in_vain_[i];
    in_vain -= in_vain > 0 ? 1 : 0;
    if (++news_[i] >= kSeveral) in_vain = std::min(in_vain, kPatience);
  }
}

void LookupPace::on_lookup(Protocol protocol) noexcept {
  std::size_t& in_vain = in_vain_[index_of(protocol)];
  in_vain = std::min(in_vain + 1, kRemembered + kPatience);
  news_[index_of(protocol)] = 0;
}

conn::Duration LookupPace::interval(Protocol protocol) const {
  const std::size_t in_vain = in_vain_[index_of(protocol)];
  if (needed_ < high_ || in_vain <= kPatience) return needed_;
  return std::min(idle_, static_cast<conn::Duration::rep>(in_vain - kPatience + 1) * high_);
}

}  // namespace peerage::pex
