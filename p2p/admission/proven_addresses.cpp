#include "p2p/admission/proven_addresses.h"

namespace peerage::p2p {

void ProvenAddresses::add(const conn::NodeId& id, const conn::IpAddress& ip) {
  remove(id);
  if (nodes_.size() >= kMaxNodes) remove(conn::NodeId(nodes_.front().id));
  nodes_.push_back({id, conn::host_of(ip)});
  by_id_[id] = std::prev(nodes_.end());
  ++nodes_at_[nodes_.back().host];
}

void ProvenAddresses::remove(const conn::NodeId& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const auto at = nodes_at_.find(found->second->host);
  if (--at->second == 0) nodes_at_.erase(at);
  nodes_.erase(found->second);
  by_id_.erase(found);
}

bool ProvenAddresses::any_in(const conn::Cidr& network) const {
  if (contains(network.base())) return true;
  // Addresses are in the order of their bytes: those of a network stand together.
  const auto first = nodes_at_.lower_bound(network.base());
  return first != nodes_at_.end() && network.contains(first->first);
}

}  // namespace peerage::p2p
