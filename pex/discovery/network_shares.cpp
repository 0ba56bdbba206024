#include "pex/discovery/network_shares.h"

#include <algorithm>

#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::IpAddress;

bool NetworkShares::has_room(const IpAddress& ip, std::size_t bucket) const {
  if (is_free(ip)) return true;
  const auto found = networks_.find(conn::neighbourhood_of(ip));
  if (found == networks_.end()) return in_bucket_ > 0 && in_table_ > 0;
  const std::vector<std::uint8_t>& buckets = found->second;
  const auto here = static_cast<std::size_t>(std::count(buckets.begin(), buckets.end(), bucket));
  return buckets.size() < in_table_ && here < in_bucket_;
}

void NetworkShares::add(const IpAddress& ip, std::size_t bucket) {
  if (is_free(ip)) return;
  networks_[conn::neighbourhood_of(ip)].push_back(static_cast<std::uint8_t>(bucket));
}

void NetworkShares::remove(const IpAddress& ip, std::size_t bucket) {
  if (is_free(ip)) return;
  const auto found = networks_.find(conn::neighbourhood_of(ip));
  std::vector<std::uint8_t>& buckets = found->second;
  buckets.erase(std::find(buckets.begin(), buckets.end(), bucket));
  if (buckets.empty()) networks_.erase(found);
}

bool NetworkShares::is_free(const IpAddress& ip) const {
  return is_private(ip) || conn::any_contains(exempt_, ip);
}

}  // namespace peerage::pex
