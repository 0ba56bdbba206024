// What one address may take of a service: connections at a time, requests a second.
//
// An address is what one operator cheaply has (conn::host_of): an IPv4 address or an IPv6 /64.
// Clients of Unix sockets have none, and count among all connections alone.
//
// Bounds: of addresses with connections there are as many as connections; of those with a request
// rate kRemembered, the one that asked longest ago making room for a new one. It begins anew with
// a full burst when it comes again.
//
// Threads: none of its own (the server's).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "conn/address/ip_address.h"
#include "conn/base/recent_map.h"
#include "conn/base/time.h"
#include "conn/base/token_bucket.h"

namespace peerage::cmd {

class ClientLimits {
 public:
  static constexpr std::size_t kRemembered = 4096;

  struct Most {
    std::size_t connections, connections_per_ip;
    std::uint32_t requests_per_second, burst;  // 0 requests a second: any
  };
  explicit ClientLimits(const Most& most) : most_(most), buckets_(kRemembered) {}

  // Counts a connection, if there may be one more.
  bool connect(const std::optional<conn::IpAddress>& ip);
  // One that was counted is gone.
  void disconnect(const std::optional<conn::IpAddress>& ip);

  // Counts a request. Otherwise: how long to wait.
  std::optional<conn::Duration> request(const std::optional<conn::IpAddress>& ip,
                                        conn::TimePoint now);

  std::size_t connections() const noexcept { return connections_; }
  std::size_t remembered() const noexcept { return buckets_.size(); }

 private:
  Most most_;
  std::size_t connections_ = 0;
  std::map<conn::IpAddress, std::size_t> by_ip_;
  conn::RecentMap<conn::IpAddress, conn::TokenBucket> buckets_;
};

}  // namespace peerage::cmd
