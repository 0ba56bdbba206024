#include "p2p/admission/recent_admissions.h"

#include <algorithm>

namespace peerage::p2p {

RecentAdmissions::Network RecentAdmissions::network_of(const conn::IpAddress& ip) const noexcept {
  if (exempt(ip)) return {true, host_of(ip)};
  return {false, neighbourhood_of(ip)};
}

std::optional<std::uint64_t> RecentAdmissions::group_of(const conn::IpAddress& ip) const {
  if (ip.carried().is_v4() || exempt(ip)) return std::nullopt;
  return ip.group(conn::IpAddress::Strict::no);
}

void RecentAdmissions::note(const conn::IpAddress& ip, conn::TimePoint now) {
  const conn::IpAddress host = host_of(ip);
  const Network network = network_of(ip);
  const double once = std::max(0.0, 1 - of_host_.count(host, now));
  of_host_.add(host, 1, now);
  of_network_.add(network, 1, now);
  hosts_of_network_.add(network, once, now);
  if (const auto group = group_of(ip)) hosts_of_group_.add(*group, once, now);
}

double RecentAdmissions::claims(const conn::IpAddress& ip, conn::TimePoint now) const {
  const Network network = network_of(ip);
  const bool came_again = of_host_.count(host_of(ip), now) > 1;
  const double claims =
      came_again ? of_network_.count(network, now) : hosts_of_network_.count(network, now);
  const auto group = group_of(ip);
  if (!group) return claims;
  return std::max(claims, hosts_of_group_.count(*group, now) / kNetworksOfGroup);
}

}  // namespace peerage::p2p
