#include "p2p/admission/probe_allowance.h"

#include <algorithm>

namespace peerage::p2p {

bool ProbeAllowance::has_any(const conn::IpAddress& ip, conn::TimePoint now) {
  if (limits_.per_second == 0) return true;
  conn::TokenBucket* const known = hosts_.use(conn::host_of(ip));
  return known == nullptr || known->available(now) > 0;
}

bool ProbeAllowance::pay(const conn::IpAddress& ip, conn::Duration stayed, conn::TimePoint now) {
  if (limits_.per_second == 0) return true;
  conn::TokenBucket& bucket = hosts_.use(
      conn::host_of(ip), [&] { return conn::TokenBucket(limits_.per_second, limits_.burst, now); });
  const auto price =
      1 + static_cast<std::uint64_t>(std::max(stayed, conn::Duration(0)) / limits_.place_time);
  const std::uint64_t there = bucket.available(now);
  return bucket.take(std::min(price, there), now) && price <= there;
}

}  // namespace peerage::p2p
