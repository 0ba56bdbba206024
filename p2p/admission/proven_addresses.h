// The hosts at which nodes that an operator or an engine names were proven last. A node's ID is
// known only after the handshake; until then its address is all that tells it from strangers.
//
// An address is one node's until that node is proven elsewhere or named no more, or more than
// kMaxNodes others were proven since. Before it is proven, a node may be expected at several.
//
// Threads: none of its own.
#pragma once

#include <list>
#include <map>

#include "conn/address/cidr.h"
#include "conn/address/node_id.h"

namespace peerage::p2p {

class ProvenAddresses {
 public:
  static constexpr std::size_t kMaxNodes = 4'096;

  // It was proven there, and is nowhere else.
  void add(const conn::NodeId& id, const conn::IpAddress& ip);
  // It may be there, too.
  void expect(const conn::NodeId& id, const conn::IpAddress& ip);
  void remove(const conn::NodeId& id);
  bool contains(const conn::IpAddress& ip) const { return nodes_at_.contains(conn::host_of(ip)); }
  // Whether one of the hosts is in `network`, or holds it.
  bool any_in(const conn::Cidr& network) const;
  std::size_t size() const noexcept { return nodes_.size(); }

 private:
  struct Node {
    conn::NodeId id;
    conn::IpAddress host;
  };
  std::list<Node> nodes_;  // the one proven longest ago first
  std::multimap<conn::NodeId, std::list<Node>::iterator> by_id_;
  std::map<conn::IpAddress, std::size_t> nodes_at_;
};

}  // namespace peerage::p2p
