// The numbers of this room alone; those that a configuration names stand in p2p/base/limits.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "conn/base/time.h"

namespace peerage::p2p {

// Connections of one host that bring nothing (p2p/admission/probe_allowance.h): a balancer's health
// checks come one or two a second, those of a few balancers behind one address ten. Each costs one,
// and one more for each `place_time` that it held its place: 10 a second and 100 ms are one place
// at a time, no more than connections that stay silent have with the connection rate (0.2 a second,
// 5 s each).
struct ProbeLimits {
  std::uint64_t per_second = 10;  // 0: unlimited
  std::uint64_t burst = 50;
  conn::Duration place_time = std::chrono::milliseconds(100);
};

// Of a host of an exempt network, or of a named node: as many as it may have connections
// (kExemptConnectionRate).
inline constexpr ProbeLimits kHighProbeLimits = {.per_second = 100, .burst = 1'000};

// When an address is one that many share (p2p/admission/shared_addresses.h), and how often one is
// named.
struct SharedAddressLimits {
  // Refusals of a host for coming too often, or for being too many, each of which fades: six at
  // once, or nine evenly within a minute.
  double refusals = 5.9;
  conn::Duration within = std::chrono::minutes(1);
  conn::Duration named_again = std::chrono::hours(1);
  // Addresses that are named in an hour, and as many saved up: at most 6 in any hour, whoever
  // comes.
  std::uint64_t named_per_hour = 3;
  std::size_t hosts = 1'024;  // that are counted at a time
};

}  // namespace peerage::p2p
