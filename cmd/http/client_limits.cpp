#include "cmd/http/client_limits.h"

#include <algorithm>

#include "conn/address/cidr.h"

namespace peerage::cmd {

bool ClientLimits::connect(const std::optional<conn::IpAddress>& ip) {
  if (connections_ >= most_.connections) return false;
  if (ip) {
    std::size_t& count = by_ip_[conn::host_of(*ip)];
    if (count >= most_.connections_per_ip) {
      if (count == 0) by_ip_.erase(conn::host_of(*ip));
      return false;
    }
    ++count;
  }
  ++connections_;
  return true;
}

void ClientLimits::disconnect(const std::optional<conn::IpAddress>& ip) {
  --connections_;
  if (!ip) return;
  const auto found = by_ip_.find(conn::host_of(*ip));
  if (--found->second == 0) by_ip_.erase(found);
}

std::optional<conn::Duration> ClientLimits::request(const std::optional<conn::IpAddress>& ip,
                                                    conn::TimePoint now) {
  if (!ip || most_.requests_per_second == 0) return std::nullopt;
  conn::TokenBucket& bucket = buckets_.use(conn::host_of(*ip), [&] {
    return conn::TokenBucket(most_.requests_per_second, std::max(most_.burst, 1u), now);
  });
  if (bucket.take(1, now)) return std::nullopt;
  return bucket.when_available(1, now) - now;
}

}  // namespace peerage::cmd
