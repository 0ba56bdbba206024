// The limits of peer exchange, each with its origin.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "conn/runtime.h"

namespace peerage::pex {

// How often others may ask us. A Go node asks twice at will and then at most each 10 s, on each
// connection; one of v0.39 now and then a little too early, which we forgive.
struct RequestLimits {
  // Answers for one host (IPv6: /64), and for its neighbourhood (/24, /48): so many at once, then
  // one each `pause`.
  std::uint64_t host_burst = 3;
  conn::Duration host_pause = std::chrono::seconds(10);
  std::uint64_t neighbourhood_burst = 24;
  conn::Duration neighbourhood_pause = std::chrono::seconds(1);
  // Requests beyond that, from one host: they are not answered; after so many the connection ends;
  // and when it has ended so often, the host is banned for a while.
  std::uint32_t strikes_to_drop = 3;
  std::uint32_t drops_to_ban = 2;
  conn::Duration ban = std::chrono::minutes(10);
  // After so long without a request, nothing is held against a host.
  conn::Duration memory = std::chrono::minutes(10);
};
// A seed's clients want one answer each.
inline constexpr RequestLimits kSeedRequestLimits = {.host_burst = 2,
                                                     .host_pause = std::chrono::minutes(1),
                                                     .neighbourhood_burst = 16,
                                                     .neighbourhood_pause =
                                                         std::chrono::seconds(4)};

// How often we ask: no honest node may have a reason to ban us. A Go node accepts two requests on a
// connection at any time and others not within 10 s of the one before; a margin for its clock and
// for what the network delays.
inline constexpr std::uint32_t kFreeRequests = 2;
inline constexpr conn::Duration kRequestPause = std::chrono::seconds(12);

}  // namespace peerage::pex
