// How often strangers of each network have been given an inbound slot within the last hour: what a
// contest for a slot goes by (p2p/admission/eviction.h).
//
// A network is the neighbourhood of an address (/24; IPv6: /48), which is what an operator has to
// pay for to count as two. An exempt host, of a private cluster say, is a network of its own.
//
// Bounded: the latest kMaxRemembered are remembered. That is an hour of 180 contested slots at the
// pace at which they can change hands (kSureStay); with more of them it is less than an hour.
// Threads: none of its own (the control shard).
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

class RecentAdmissions {
 public:
  static constexpr std::size_t kMaxRemembered = 65'536;

  explicit RecentAdmissions(std::vector<conn::Cidr> exempt) : exempt_(std::move(exempt)) {}

  bool exempt(const conn::IpAddress& ip) const noexcept { return any_contains(exempt_, ip); }
  conn::IpAddress network_of(const conn::IpAddress& ip) const noexcept {
    return exempt(ip) ? host_of(ip) : neighbourhood_of(ip);
  }

  void note(const conn::IpAddress& ip, conn::TimePoint now);
  // Forgets those that are older than kAdmissionMemory.
  void forget_old(conn::TimePoint now);
  // Of this network.
  std::size_t count(const conn::IpAddress& network) const;
  std::size_t size() const noexcept { return latest_.size(); }

 private:
  struct Admission {
    conn::TimePoint at;
    conn::IpAddress network;
  };
  void forget_oldest();

  std::vector<conn::Cidr> exempt_;
  std::deque<Admission> latest_;                   // the oldest first
  std::map<conn::IpAddress, std::size_t> counts_;  // of those in `latest_`, by network
};

}  // namespace peerage::p2p
