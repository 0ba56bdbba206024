#include "p2p/base/counters.h"

namespace peerage::p2p {

std::string_view name(Counter counter) noexcept {
  static constexpr std::array<std::string_view, kCounterCount> kNames = {"accepted",
                                                                         "refused_at_accept",
                                                                         "probes",
                                                                         "handshakes_inbound",
                                                                         "handshakes_outbound",
                                                                         "peers_inbound",
                                                                         "peers_outbound",
                                                                         "peers_gone",
                                                                         "evicted",
                                                                         "bans",
                                                                         "broadcast_queued",
                                                                         "broadcast_refused"};
  return kNames[static_cast<std::size_t>(counter)];
}

}  // namespace peerage::p2p
