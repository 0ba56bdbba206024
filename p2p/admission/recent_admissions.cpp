#include "p2p/admission/recent_admissions.h"

#include <algorithm>

namespace peerage::p2p {

RecentAdmissions::Network RecentAdmissions::network_of(const conn::IpAddress& ip) const noexcept {
  if (exempt(ip)) return {true, host_of(ip)};
  return {false, neighbourhood_of(ip)};
}

void RecentAdmissions::note(const conn::IpAddress& ip, conn::TimePoint now) {
  const conn::IpAddress host = host_of(ip);
  const Network network = network_of(ip);
  const double once = std::max(0.0, 1 - of_host_.count(host, now));
  of_host_.add(host, 1, now);
  of_network_.add(network, 1, now);
  hosts_of_network_.add(network, once, now);
  if (!network.exempt) hosts_of_group_.add(group_of(ip), once, now);
}

double RecentAdmissions::claims(const conn::IpAddress& ip, conn::TimePoint now) const {
  const Network network = network_of(ip);
  const bool came_again = of_host_.count(host_of(ip), now) > 1;
  const double claims =
      came_again ? of_network_.count(network, now) : hosts_of_network_.count(network, now);
  if (network.exempt) return claims;
  return std::max(claims, hosts_of_group_.count(group_of(ip), now) / kNetworksOfGroup);
}

}  // namespace peerage::p2p
