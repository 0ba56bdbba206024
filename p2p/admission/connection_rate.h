// How often one host (an IP address, the /64 of an IPv6 one) may connect, asked before anything is
// spent on the connection: a token bucket for each, and a pause after a handshake that failed by
// its fault.
//
// A host that comes during its pause pays no token, and does not make the pause longer.
//
// Bounded: at most kMaxHosts are remembered; the one seen longest ago is forgotten first, and so is
// one that has a full bucket again and no pause before it.
// Threads: none of its own (the control shard).
#pragma once

#include <list>
#include <map>

#include "conn/address/cidr.h"
#include "conn/base/token_bucket.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

class ConnectionRate {
 public:
  static constexpr std::size_t kMaxHosts = 16'384;

  explicit ConnectionRate(const ConnectionRateConfig& config);

  // Counts one more connection of `ip`, if it may have one now. Refused: connection_rate_exceeded,
  // authentication_failed_lately.
  conn::Result<void> take(const conn::IpAddress& ip, conn::TimePoint now);
  // One that was counted was no connection of a node (p2p/admission/probe_allowance.h).
  void give_back(const conn::IpAddress& ip, conn::TimePoint now);
  void on_failed_authentication(const conn::IpAddress& ip, conn::TimePoint now);
  std::size_t hosts() const noexcept { return hosts_.size(); }

 private:
  struct Host {
    conn::IpAddress ip;
    conn::TokenBucket bucket;
    conn::TimePoint seen;
    conn::TimePoint closed_until;
  };
  // What is remembered of a host, seen now.
  Host& see(const conn::IpAddress& host, conn::TimePoint now);
  void make_room(conn::TimePoint now);

  // A bucket counts in whole tokens per second: one connection costs the interval in milliseconds,
  // at a thousand tokens a second. 0: unlimited.
  const std::uint64_t cost_;
  const std::uint64_t capacity_;
  const conn::Duration pause_;
  std::list<Host> hosts_;  // the longest unseen first
  std::map<conn::IpAddress, std::list<Host>::iterator> by_ip_;
};

}  // namespace peerage::p2p
