// How many inbound slots strangers were given lately, by host, network and group: what a contest
// for a slot goes by (p2p/admission/eviction.h).
//
// A network is the neighbourhood of an address (/24; IPv6: /48). Whoever has one of IPv6 mostly has
// thousands for the same price, so a group of IPv6 (/32) counts as no more than kNetworksOfGroup of
// them. An exempt host, of a private cluster say, is a network of its own, and of no group.
//
// What was given to a host again and again is held against that host. For its neighbours it counts
// once, or a single host could spend the share of a whole network.
//
// Bounded: kMaxRemembered each of hosts, networks and groups; those that were given least are
// forgotten first (p2p/admission/fading_counts.h).
//
// Threads: none of its own (the control shard).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "conn/address/cidr.h"
#include "p2p/admission/fading_counts.h"
#include "p2p/base/limits.h"

namespace peerage::p2p {

class RecentAdmissions {
 public:
  static constexpr std::size_t kMaxRemembered = 65'536;
  static constexpr double kNetworksOfGroup = 16;

  struct Network {
    bool exempt = false;
    conn::IpAddress ip;  // its first
    auto operator<=>(const Network&) const = default;
  };

  explicit RecentAdmissions(std::vector<conn::Cidr> exempt) : exempt_(std::move(exempt)) {}

  bool exempt(const conn::IpAddress& ip) const noexcept { return any_contains(exempt_, ip); }
  Network network_of(const conn::IpAddress& ip) const noexcept;

  void note(const conn::IpAddress& ip, conn::TimePoint now);
  // What counts for a peer at this address, or against it: 0 or more, not whole.
  double claims(const conn::IpAddress& ip, conn::TimePoint now) const;
  std::size_t networks() const noexcept { return of_network_.size(); }

 private:
  // Of those whose networks are counted together.
  std::optional<std::uint64_t> group_of(const conn::IpAddress& ip) const;

  std::vector<conn::Cidr> exempt_;
  FadingCounts<conn::IpAddress> of_host_{kMaxRemembered, kAdmissionMemory};
  FadingCounts<Network> of_network_{kMaxRemembered, kAdmissionMemory};
  // Each host once.
  FadingCounts<Network> hosts_of_network_{kMaxRemembered, kAdmissionMemory};
  FadingCounts<std::uint64_t> hosts_of_group_{kMaxRemembered, kAdmissionMemory};
};

}  // namespace peerage::p2p
