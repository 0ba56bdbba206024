// How many nodes of one network (an IPv4 /24, an IPv6 /48) a bucket, and the whole table, hold.
//
// Addresses are cheap inside a network and dear across many, so whoever wants the table must pay
// for networks. Private and exempt addresses are not counted.
// Bounded by what the table holds. Threads: none of its own.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "conn/address/cidr.h"
#include "pex/discovery/limits.h"

namespace peerage::pex {

class NetworkShares {
 public:
  NetworkShares(const DiscoveryLimits& limits, std::vector<conn::Cidr> exempt)
      : in_bucket_(limits.network_in_bucket),
        in_table_(limits.network_in_table),
        exempt_(std::move(exempt)) {}

  bool has_room(const conn::IpAddress& ip, std::size_t bucket) const;
  void add(const conn::IpAddress& ip, std::size_t bucket);
  // One that was added.
  void remove(const conn::IpAddress& ip, std::size_t bucket);

 private:
  bool is_free(const conn::IpAddress& ip) const;

  std::size_t in_bucket_, in_table_;
  std::vector<conn::Cidr> exempt_;
  // The buckets of its nodes, one for each node.
  std::map<conn::IpAddress, std::vector<std::uint8_t>> networks_;
};

}  // namespace peerage::pex
