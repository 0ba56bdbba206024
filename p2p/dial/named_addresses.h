// The addresses that an operator has named: a set of them for each ID, and in which lists each
// stands.
//
// A node may be named at several: by a name and an IP, at its old place and its new one, as a seed
// at one and as a persistent peer at another. They are told apart by ID, host and port as they were
// written; which of them leads to the node is seen by trying.
//
// Bounded by what is named. Threads: none of its own (the control shard).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "conn/address/net_address.h"

namespace peerage::p2p {

class NamedAddresses {
 public:
  enum class List : std::uint8_t { persistent_peers, seeds };

  // False: it stood there before.
  bool add(List list, const conn::HostAddress& address);
  // False: it did not.
  bool remove(List list, const conn::HostAddress& address);

  bool has(List list, const conn::NodeId& id) const { return !of(list, id).empty(); }
  bool has(List list, const conn::HostAddress& address) const;
  // In any list.
  bool contains(const conn::HostAddress& address) const { return find(address) != nullptr; }
  // In the order in which they were named.
  std::vector<conn::HostAddress> of(List list, const conn::NodeId& id) const;
  std::vector<conn::HostAddress> of(List list) const;
  // Of this list, without that node.
  std::size_t ids_besides(List list, const conn::NodeId& id) const;
  // "persistent_peers", "seeds", or both with a comma; empty: it is not named.
  std::string lists_of(const conn::HostAddress& address) const;

 private:
  static constexpr std::size_t kLists = static_cast<std::size_t>(List::seeds) + 1;
  struct Named {
    conn::HostAddress address;
    std::array<bool, kLists> in{};
    bool stands_in(List list) const { return in[static_cast<std::size_t>(list)]; }
  };
  const Named* find(const conn::HostAddress& address) const;

  std::map<conn::NodeId, std::vector<Named>> nodes_;  // none without an address
};

}  // namespace peerage::p2p
