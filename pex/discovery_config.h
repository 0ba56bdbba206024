// Discovery over UDP as an embedder sets it (pex/node.h): off unless a node has one of these.
//
// Threads: plain values.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/base/log.h"
#include "pex/discovery/limits.h"

namespace peerage::pex {

struct DiscoveryConfig {
  std::string listen;  // IP:PORT of UDP; empty: IP and port number of where the switch listens
  // Made at the first start. Empty: the key is lost with the node.
  std::filesystem::path key_file;
  std::vector<std::string> bootnodes;  // enr:..., enode://...; host names are looked up at each use
  std::string external_ip = "vote";    // see pex/discovery/external_ip.h
  std::vector<conn::Cidr> net_restrict;  // not empty: nobody outside of them
  bool lookups = true;
  bool random_lookups = true;             // false: all of them for ourselves
  bool only_confirmed_neighbors = false;  // tell others only of nodes of our networks
  DiscoveryLimits limits;
  std::shared_ptr<conn::LogSink> log;  // none: that of the node
};

}  // namespace peerage::pex
