#include "tests/sim/discovery/places.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace peerage::sim::discovery {
namespace {

conn::IpAddress network_of(const conn::IpAddress& ip) {
  return ip.masked(ip.is_v4() ? 24 : 48);
}

}  // namespace

std::size_t possible_places(const pex::EnodeId& own, std::span<const Neighbour> nodes,
                            const pex::DiscoveryLimits& limits) {
  std::map<std::pair<unsigned, conn::IpAddress>, std::size_t> of_network;
  std::array<std::size_t, 257> in_bucket{};
  for (const Neighbour& each : nodes) {
    const unsigned distance = pex::log_distance(own, each.id);
    if (distance == 0) continue;
    if (++of_network[{distance, network_of(each.ip)}] > limits.network_in_bucket) continue;
    in_bucket[distance] = std::min(in_bucket[distance] + 1, limits.bucket_entries);
  }
  std::size_t places = 0;
  for (const std::size_t each : in_bucket) places += each;
  return places;
}

}  // namespace peerage::sim::discovery
