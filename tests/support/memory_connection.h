// The simplest wire there is: two nodes in one process whose connections hand whole messages to one
// another. No bytes, no cryptography: each node's key is believed. It shows that p2p/ needs nothing
// of a connection but what conn/peer_connection.h and p2p/connect/upgrader.h say.
//
// Streams of the simulated network bring two nodes together, and are silent afterwards. A message
// is under way at a time, in each direction; the next follows when the other end has taken it and
// goes on reading.
//
// Threads: none; virtual time alone.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "conn/address/ip_address.h"
#include "conn/address/node_key.h"
#include "p2p/connect/upgrader.h"

namespace peerage::test {

// What the nodes share. Outlives their switches.
class MemoryWire {
 public:
  // For the node of this key.
  std::shared_ptr<p2p::Upgrader> upgrader(const conn::NodeKey& key);

 private:
  class Attempt;
  class MemoryUpgrader;
  // Whose other end has not come yet, by the lower and the higher of a stream's endpoints.
  std::map<std::pair<conn::Endpoint, conn::Endpoint>, std::weak_ptr<Attempt>> waiting_;
};

}  // namespace peerage::test
