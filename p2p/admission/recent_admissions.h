// How many inbound slots strangers of each network have been given lately: what a contest for a
// slot goes by (p2p/admission/eviction.h).
//
// A network is the neighbourhood of an address (/24; IPv6: /48), which is what an operator has to
// pay for to count as two. An exempt host, of a private cluster say, is a network of its own.
//
// An admission counts as one at first, and fades with kAdmissionMemory as its time constant: as
// e^-1 after that time. So a network is a number and a time, however often its hosts come, and no
// flood from one washes out what is known of another.
//
// Bounded: kMaxNetworks are remembered. Who has asked for least is forgotten first, a newcomer last
// of those with one admission; and all at kForgotten.
//
// Threads: none of its own (the control shard).
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

class RecentAdmissions {
 public:
  static constexpr std::size_t kMaxNetworks = 65'536;
  // Three hours after a single admission.
  static constexpr double kForgotten = 0.05;

  explicit RecentAdmissions(std::vector<conn::Cidr> exempt) : exempt_(std::move(exempt)) {}

  bool exempt(const conn::IpAddress& ip) const noexcept { return any_contains(exempt_, ip); }
  conn::IpAddress network_of(const conn::IpAddress& ip) const noexcept {
    return exempt(ip) ? host_of(ip) : neighbourhood_of(ip);
  }

  void note(const conn::IpAddress& ip, conn::TimePoint now);
  // Of this network: 0 or more, not whole.
  double count(const conn::IpAddress& network, conn::TimePoint now) const;
  std::size_t networks() const noexcept { return marks_.size(); }

 private:
  // The logarithm of the count, had it grown by as much as it fades since the clock's zero. It does
  // not change while nothing is noted, so that marks are in order for good.
  using Mark = double;
  static Mark mark_of(double count, conn::TimePoint now);
  static double count_of(Mark mark, conn::TimePoint now);

  std::vector<conn::Cidr> exempt_;
  std::map<conn::IpAddress, Mark> marks_;
  std::set<std::pair<Mark, conn::IpAddress>> order_;  // the same, the smallest count first
};

}  // namespace peerage::p2p
