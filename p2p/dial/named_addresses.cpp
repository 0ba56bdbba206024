#include "p2p/dial/named_addresses.h"

#include <algorithm>

namespace peerage::p2p {

using conn::HostAddress;
using conn::NodeId;

bool NamedAddresses::add(List list, const HostAddress& address) {
  auto& of_node = nodes_[address.id];
  auto named = std::find_if(of_node.begin(), of_node.end(),
                            [&address](const Named& each) { return each.address == address; });
  if (named == of_node.end()) named = of_node.insert(named, {address, {}});
  bool& stands_there = named->in[static_cast<std::size_t>(list)];
  const bool is_new = !stands_there;
  stands_there = true;
  return is_new;
}

bool NamedAddresses::remove(List list, const HostAddress& address) {
  const auto node = nodes_.find(address.id);
  if (node == nodes_.end()) return false;
  auto& of_node = node->second;
  const auto named = std::find_if(of_node.begin(), of_node.end(), [&](const Named& each) {
    return each.address == address && each.stands_in(list);
  });
  if (named == of_node.end()) return false;
  named->in[static_cast<std::size_t>(list)] = false;
  if (named->in == std::array<bool, kLists>{}) of_node.erase(named);
  if (of_node.empty()) nodes_.erase(node);
  return true;
}

bool NamedAddresses::has(List list, const HostAddress& address) const {
  const Named* const named = find(address);
  return named != nullptr && named->stands_in(list);
}

std::vector<HostAddress> NamedAddresses::of(List list, const NodeId& id) const {
  std::vector<HostAddress> addresses;
  const auto node = nodes_.find(id);
  if (node == nodes_.end()) return addresses;
  for (const Named& each : node->second) {
    if (each.stands_in(list)) addresses.push_back(each.address);
  }
  return addresses;
}

std::vector<HostAddress> NamedAddresses::of(List list) const {
  std::vector<HostAddress> addresses;
  for (const auto& [id, of_node] : nodes_) {
    for (const Named& each : of_node) {
      if (each.stands_in(list)) addresses.push_back(each.address);
    }
  }
  return addresses;
}

std::size_t NamedAddresses::ids_besides(List list, const NodeId& id) const {
  return static_cast<std::size_t>(
      std::count_if(nodes_.begin(), nodes_.end(), [&](const auto& node) {
        return node.first != id &&
               std::any_of(node.second.begin(), node.second.end(),
                           [list](const Named& each) { return each.stands_in(list); });
      }));
}

std::string NamedAddresses::lists_of(const HostAddress& address) const {
  const Named* const named = find(address);
  if (named == nullptr) return {};
  std::string lists = named->stands_in(List::persistent_peers) ? "persistent_peers" : "";
  if (named->stands_in(List::seeds)) lists += lists.empty() ? "seeds" : ",seeds";
  return lists;
}

const NamedAddresses::Named* NamedAddresses::find(const HostAddress& address) const {
  const auto node = nodes_.find(address.id);
  if (node == nodes_.end()) return nullptr;
  const auto named =
      std::find_if(node->second.begin(), node->second.end(),
                   [&address](const Named& each) { return each.address == address; });
  return named == node->second.end() ? nullptr : &*named;
}

}  // namespace peerage::p2p
