// How often one host may connect: a token bucket for each IP address (the /64 of an IPv6 one),
// asked before anything is spent on the connection.
//
// Bounded: at most kMaxHosts are remembered; who was seen longest ago is forgotten first, and so is
// who has a full bucket again.
// Threads: none of its own (the control shard).
#pragma once

#include <list>
#include <map>

#include "conn/cidr.h"
#include "conn/token_bucket.h"
#include "p2p/config.h"

namespace peerage::p2p {

class ConnectionRate {
 public:
  static constexpr std::size_t kMaxHosts = 16'384;

  explicit ConnectionRate(const ConnectionRateConfig& config) : config_(config) {}

  // Counts one more connection of `ip`, if it may have one now.
  bool take(const conn::IpAddress& ip, conn::TimePoint now);
  std::size_t hosts() const noexcept { return hosts_.size(); }

 private:
  struct Host {
    conn::IpAddress ip;
    conn::TokenBucket bucket;
    conn::TimePoint seen;
  };
  ConnectionRateConfig config_;
  std::list<Host> hosts_;  // the longest unseen first
  std::map<conn::IpAddress, std::list<Host>::iterator> by_ip_;
};

}  // namespace peerage::p2p
