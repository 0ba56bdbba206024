#include "p2p/admission/proven_addresses.h"

#include <algorithm>

namespace peerage::p2p {

void ProvenAddresses::add(const conn::NodeId& id, const conn::IpAddress& ip) {
  remove(id);
  expect(id, ip);
}

void ProvenAddresses::expect(const conn::NodeId& id, const conn::IpAddress& ip) {
  const conn::IpAddress host = conn::host_of(ip);
  const auto [first, last] = by_id_.equal_range(id);
  if (std::any_of(first, last, [&host](const auto& each) { return each.second->host == host; })) {
    return;
  }
  if (nodes_.size() >= kMaxNodes) remove(conn::NodeId(nodes_.front().id));
  nodes_.push_back({id, host});
  by_id_.emplace(id, std::prev(nodes_.end()));
  ++nodes_at_[host];
}

void ProvenAddresses::remove(const conn::NodeId& id) {
  const auto [first, last] = by_id_.equal_range(id);
  for (auto each = first; each != last; ++each) {
    const auto at = nodes_at_.find(each->second->host);
    if (--at->second == 0) nodes_at_.erase(at);
    nodes_.erase(each->second);
  }
  by_id_.erase(first, last);
}

bool ProvenAddresses::any_in(const conn::Cidr& network) const {
  if (contains(network.base())) return true;
  // Addresses are in the order of their bytes: those of a network stand together.
  const auto first = nodes_at_.lower_bound(network.base());
  return first != nodes_at_.end() && network.contains(first->first);
}

}  // namespace peerage::p2p
